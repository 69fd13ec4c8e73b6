#include "codec/json_msgpack.hpp"

#include <fmt/format.h>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "codec/msgpack_reader.hpp"
#include "codec/msgpack_writer.hpp"
#include "json/json.hpp"

namespace trellis::codec {

using nlohmann::json;

namespace {

/// Writes MessagePack of JSON, by recursion that the depth bounds. One thread.
class JsonWriter {
 public:
  explicit JsonWriter(Bytes& out) : out_(out), writer_(out) {}

  [[nodiscard]] Result<void> write(const json& value, std::size_t depth) {
    if (value.is_structured() && depth >= limits::msgpack_depth) {
      return fail(ErrorCode::limit, "the JSON is nested too deep",
                  fmt::format("use at most {} levels", limits::msgpack_depth));
    }
    // Length is looked at for each value: a hostile document gets no further beyond than one of
    // them.
    if (out_.size() > limits::payload_bytes) return too_long();
    switch (value.type()) {
      case json::value_t::null: writer_.nil(); return {};
      case json::value_t::boolean: writer_.boolean(value.get<bool>()); return {};
      case json::value_t::number_integer:
        writer_.signed_integer(value.get<std::int64_t>());
        return {};
      case json::value_t::number_unsigned:
        writer_.unsigned_integer(value.get<std::uint64_t>());
        return {};
      case json::value_t::number_float: writer_.float64(value.get<double>()); return {};
      case json::value_t::string: return string(value.get_ref<const std::string&>());
      case json::value_t::binary: writer_.binary(value.get_binary()); return {};
      case json::value_t::array: return array(value, depth);
      case json::value_t::object: return object(value, depth);
      case json::value_t::discarded: break;
    }
    return fail(ErrorCode::invalid_argument, "not a JSON value");
  }

  [[nodiscard]] static std::unexpected<Error> too_long() {
    return fail(ErrorCode::limit,
                fmt::format("the message exceeds {} bytes", limits::payload_bytes),
                "send less at once");
  }

 private:
  [[nodiscard]] Result<void> string(const std::string& text) {
    // Strings of the JSON library may hold any bytes; those of MessagePack must be UTF-8.
    if (!is_utf8(text)) return fail(ErrorCode::invalid_argument, "a JSON string is not UTF-8");
    writer_.string(text);
    return {};
  }

  [[nodiscard]] Result<void> array(const json& value, std::size_t depth) {
    writer_.array(value.size());
    for (const json& element : value) {
      if (auto written = write(element, depth + 1); !written) return written;
    }
    return {};
  }

  [[nodiscard]] Result<void> object(const json& value, std::size_t depth) {
    writer_.map(value.size());
    // nlohmann's objects are sorted maps, so the keys come in order.
    for (const auto& [key, element] : value.items()) {
      if (auto written = string(key); !written) return written;
      if (auto written = write(element, depth + 1); !written) return written;
    }
    return {};
  }

  Bytes& out_;
  MsgpackWriter writer_;
};

/// The reader's own limits bound recursion and size; numbers of a byte array are counted here.
class JsonReader {
 public:
  JsonReader(ByteView input, Binaries binaries) : reader_(input), binaries_(binaries) {}

  [[nodiscard]] bool read(json& out) {
    Token token;
    if (!reader_.next(token)) return false;
    switch (token.kind) {
      case Token::Kind::nil: out = nullptr; return true;
      case Token::Kind::boolean: out = token.number != 0; return true;
      case Token::Kind::unsigned_integer: out = token.number; return true;
      case Token::Kind::negative_integer: out = token.negative(); return true;
      case Token::Kind::floating: out = token.floating; return true;
      case Token::Kind::string: return data(token.data, out);
      case Token::Kind::binary:
        return binaries_ == Binaries::numbers ? numbers(token.data, out) : data(token.data, out);
      case Token::Kind::extension:
        // Extensions have no counterpart: type and data are shown side by side.
        out = {{"extension", static_cast<std::int8_t>(token.number)}};
        return data(token.data, out["data"]);
      case Token::Kind::array: return array(token.count, out);
      case Token::Kind::map: return map(token.count, out);
    }
    return false;
  }

  [[nodiscard]] Error error() const { return reader_.error(); }

 private:
  [[nodiscard]] bool data(ByteView bytes, json& out) {
    if (is_utf8(as_text(bytes))) {
      out = std::string(as_text(bytes));
      return true;
    }
    return numbers(bytes, out);
  }

  [[nodiscard]] bool numbers(ByteView bytes, json& out) {
    // Bytes are counted as values, because each becomes a number of JSON.
    if (!reader_.enter(bytes.size())) return false;
    out = json::array();
    for (const std::uint8_t byte : bytes) out.push_back(byte);
    reader_.leave();
    return true;
  }

  [[nodiscard]] bool array(std::uint32_t count, json& out) {
    if (!reader_.enter(count)) return false;
    out = json::array();
    for (std::uint32_t i = 0; i < count; ++i) {
      if (!read(out.emplace_back(nullptr))) return false;
    }
    reader_.leave();
    return true;
  }

  [[nodiscard]] bool map(std::uint32_t count, json& out) {
    if (!reader_.enter(count)) return false;
    out = json::object();
    for (std::uint32_t i = 0; i < count; ++i) {
      std::string name;
      if (!key(name)) return false;
      // Keys are unique: of two equal ones one would vanish without a word.
      if (out.contains(name)) return reader_.fail("duplicate key in a map");
      if (!read(out[name])) return false;
    }
    reader_.leave();
    return true;
  }

  [[nodiscard]] bool key(std::string& out) {
    Token token;
    if (!reader_.next(token)) return false;
    // Keys of JSON are texts, so that numbers become some: maps of enums have them
    // (lattice.md 2.1).
    if (token.kind == Token::Kind::unsigned_integer) {
      out = fmt::to_string(token.number);
      return true;
    }
    if (token.kind == Token::Kind::negative_integer) {
      out = fmt::to_string(token.negative());
      return true;
    }
    std::string_view text;
    if (!reader_.text(token, text)) return false;
    out = text;
    return true;
  }

  MsgpackReader reader_;
  const Binaries binaries_;
};

}  // namespace

Result<Bytes> json_to_msgpack(const json& value) {
  Bytes out;
  JsonWriter writer(out);
  if (auto written = writer.write(value, 0); !written) return pass(written);
  if (out.size() > limits::payload_bytes) return JsonWriter::too_long();
  return out;
}

Result<json> msgpack_to_json(ByteView input, Binaries binaries) {
  JsonReader reader(input, binaries);
  json value;
  if (!reader.read(value)) return std::unexpected(reader.error());
  return value;
}

}  // namespace trellis::codec
