#include "codec/msgpack_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "base/limits.hpp"
#include "base/text.hpp"

namespace trellis::codec {

namespace {

// Texts of the first-party decoder, for which its users search.
constexpr std::string_view no_data = "IO error while reading data: failed to fill whole buffer";
constexpr std::string_view no_marker = "IO error while reading marker: failed to fill whole buffer";

[[nodiscard]] std::string quote(ByteView data) {
  return fmt::format("\"{}\"", excerpt(as_text(data)));
}

/// Value in the words of the first-party decoder, for errors.
[[nodiscard]] std::string describe(const Token& token) {
  switch (token.kind) {
    case Token::Kind::nil: return "unit value";
    case Token::Kind::boolean: return token.number != 0 ? "boolean `true`" : "boolean `false`";
    case Token::Kind::unsigned_integer: return fmt::format("integer `{}`", token.number);
    case Token::Kind::negative_integer: return fmt::format("integer `{}`", token.negative());
    case Token::Kind::floating: return fmt::format("floating point `{}`", token.floating);
    case Token::Kind::string: return "string " + quote(token.data);
    case Token::Kind::binary: return "byte array";
    case Token::Kind::extension: return "extension";
    case Token::Kind::array: return "sequence";
    case Token::Kind::map: return "map";
  }
  return "value";
}

}  // namespace

bool MsgpackReader::fail(std::string_view why, ErrorCode code) {
  // First failure is kept: those that follow are its consequences.
  if (!failed_) {
    failed_ = true;
    why_ = why;
    code_ = code;
  }
  return false;
}

bool MsgpackReader::invalid_type(const Token& token, std::string_view expected) {
  return fail(fmt::format("invalid type: {}, expected {}", describe(token), expected));
}

bool MsgpackReader::invalid_value(const Token& token, std::string_view expected) {
  return fail(fmt::format("invalid value: {}, expected {}", describe(token), expected));
}

Error MsgpackReader::error() const {
  return {code_, "Failed to de-serialize: " + why_,
          "check that sender and receiver use the same version of the contract"};
}

bool MsgpackReader::marker(std::uint8_t& out) {
  if (failed_) return false;
  if (remaining() == 0) return fail(no_marker);
  out = input_[position_++];
  return true;
}

bool MsgpackReader::big_endian(std::size_t width, std::uint64_t& out) {
  if (remaining() < width) return fail(no_data);
  out = 0;
  for (std::size_t i = 0; i < width; ++i) out = out << 8 | input_[position_++];
  return true;
}

bool MsgpackReader::unsigned_token(std::size_t width, Token& token) {
  token.kind = Token::Kind::unsigned_integer;
  return big_endian(width, token.number);
}

bool MsgpackReader::signed_token(std::size_t width, Token& token) {
  if (!big_endian(width, token.number)) return false;
  // Sign is extended from the width on the wire.
  const std::size_t shift = 64 - 8 * width;
  const auto value = static_cast<std::int64_t>(token.number << shift) >> shift;
  // Forms wider than needed are accepted, and a signed one that is not negative is a number like
  // any (lattice.md 2.1).
  token.kind = value < 0 ? Token::Kind::negative_integer : Token::Kind::unsigned_integer;
  token.number = static_cast<std::uint64_t>(value);
  return true;
}

bool MsgpackReader::float_token(std::size_t width, Token& token) {
  std::uint64_t bits = 0;
  if (!big_endian(width, bits)) return false;
  token.kind = Token::Kind::floating;
  token.floating = width == 4 ? std::bit_cast<float>(static_cast<std::uint32_t>(bits))
                              : std::bit_cast<double>(bits);
  return true;
}

bool MsgpackReader::data_token(Token::Kind kind, std::uint64_t size, Token& token) {
  // Size is a claim of the sender until it was compared with what is there.
  if (size > remaining()) return fail(no_data);
  token.kind = kind;
  token.data = input_.subspan(position_, static_cast<std::size_t>(size));
  position_ += static_cast<std::size_t>(size);
  return true;
}

bool MsgpackReader::sized_data(Token::Kind kind, std::size_t width, Token& token) {
  std::uint64_t size = 0;
  return big_endian(width, size) &&
         (kind == Token::Kind::extension ? extension(size, token) : data_token(kind, size, token));
}

bool MsgpackReader::extension(std::uint64_t size, Token& token) {
  return big_endian(1, token.number) && data_token(Token::Kind::extension, size, token);
}

bool MsgpackReader::head(Token::Kind kind, std::uint64_t count, Token& token) {
  // Each element takes a byte at least, so a longer announcement is a lie told to make us reserve.
  if (count * (kind == Token::Kind::map ? 2 : 1) > remaining()) return fail(no_marker);
  token.kind = kind;
  token.count = static_cast<std::uint32_t>(count);
  return true;
}

bool MsgpackReader::sized_head(Token::Kind kind, std::size_t width, Token& token) {
  std::uint64_t count = 0;
  return big_endian(width, count) && head(kind, count, token);
}

bool MsgpackReader::next(Token& token) {
  std::uint8_t mark = 0;
  if (!marker(mark)) return false;
  if (mark < 0x80 || mark >= 0xe0) {
    token.kind = mark < 0x80 ? Token::Kind::unsigned_integer : Token::Kind::negative_integer;
    // Two's complement, widened from the one byte of a small negative number.
    token.number = mark < 0x80 ? mark : ~std::uint64_t{0xff} | mark;
    return true;
  }
  if (mark < 0x90) return head(Token::Kind::map, mark & 0x0f, token);
  if (mark < 0xa0) return head(Token::Kind::array, mark & 0x0f, token);
  if (mark < 0xc0) return data_token(Token::Kind::string, mark & 0x1f, token);
  return long_form(mark, token);
}

bool MsgpackReader::long_form(std::uint8_t mark, Token& token) {
  // Width doubles from one marker of a family to the next.
  const auto width = [mark](std::uint8_t first) { return std::size_t{1} << (mark - first); };
  switch (mark) {
    case 0xc0: token.kind = Token::Kind::nil; return true;
    case 0xc2:
    case 0xc3:
      token.kind = Token::Kind::boolean;
      token.number = mark & 1;
      return true;
    case 0xc4:
    case 0xc5:
    case 0xc6: return sized_data(Token::Kind::binary, width(0xc4), token);
    case 0xc7:
    case 0xc8:
    case 0xc9: return sized_data(Token::Kind::extension, width(0xc7), token);
    case 0xca: return float_token(4, token);
    case 0xcb: return float_token(8, token);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf: return unsigned_token(width(0xcc), token);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3: return signed_token(width(0xd0), token);
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8: return extension(width(0xd4), token);
    case 0xd9:
    case 0xda:
    case 0xdb: return sized_data(Token::Kind::string, width(0xd9), token);
    case 0xdc: return sized_head(Token::Kind::array, 2, token);
    case 0xdd: return sized_head(Token::Kind::array, 4, token);
    case 0xde: return sized_head(Token::Kind::map, 2, token);
    case 0xdf: return sized_head(Token::Kind::map, 4, token);
    // 0xc1 is the one marker that stands for nothing.
    default: return fail("wrong msgpack marker Reserved");
  }
}

bool MsgpackReader::at_nil() const noexcept {
  return !failed_ && remaining() > 0 && input_[position_] == 0xc0;
}

bool MsgpackReader::enter(std::size_t values) {
  if (depth_ >= limits::msgpack_depth) return fail("depth limit exceeded", ErrorCode::limit);
  // Values of the whole message are counted, because depth alone bounds no width.
  if (values > limits::msgpack_values - values_) {
    return fail(fmt::format("more than {} values in one message", limits::msgpack_values),
                ErrorCode::limit);
  }
  ++depth_;
  values_ += values;
  return true;
}

bool MsgpackReader::skip() {
  // Values still to pass on each level of nesting; the array is as deep as messages may be.
  std::array<std::uint64_t, limits::msgpack_depth + 1> left{};
  std::size_t level = 0;
  left[0] = 1;
  while (true) {
    while (left[level] == 0) {
      if (level == 0) return true;
      --level;
    }
    --left[level];
    Token token;
    if (!next(token)) return false;
    const bool map = token.kind == Token::Kind::map;
    if (!map && token.kind != Token::Kind::array) continue;
    // Depth counts from where the reader is: what is passed over nests inside of it.
    if (depth_ + level >= limits::msgpack_depth) {
      return fail("depth limit exceeded", ErrorCode::limit);
    }
    left[++level] = std::uint64_t{token.count} * (map ? 2 : 1);
  }
}

bool MsgpackReader::byte_array(std::uint32_t count, Bytes& out) {
  out.resize(count);
  for (std::uint8_t& byte : out) {
    // Forms that first-party writes take the first two branches; other forms of an integer go the
    // long way, with its checks.
    const std::size_t left = remaining();
    if (left >= 1 && input_[position_] < 0x80) {
      byte = input_[position_++];
    } else if (left >= 2 && input_[position_] == 0xcc) {
      byte = input_[position_ + 1];
      position_ += 2;
    } else {
      Token token;
      if (!next(token)) return false;
      if (token.kind == Token::Kind::negative_integer) return invalid_value(token, "u8");
      if (token.kind != Token::Kind::unsigned_integer) return invalid_type(token, "u8");
      if (token.number > 0xff) return invalid_value(token, "u8");
      byte = static_cast<std::uint8_t>(token.number);
    }
  }
  return true;
}

bool MsgpackReader::text(const Token& token, std::string_view& out) {
  // Text may come as binary, as long as it is UTF-8 (lattice.md 2.1).
  if (token.kind != Token::Kind::string && token.kind != Token::Kind::binary) {
    return invalid_type(token, "a string");
  }
  out = as_text(token.data);
  return is_utf8(out) || fail("string found to be invalid utf8");
}

namespace {

[[nodiscard]] bool is_name(const Token& token) {
  return token.kind == Token::Kind::string || token.kind == Token::Kind::binary;
}

/// Place of a name in the list; its size for an unknown one.
[[nodiscard]] std::size_t find_name(std::span<const std::string_view> names, const Token& token) {
  const auto found = std::find(names.begin(), names.end(), as_text(token.data));
  return static_cast<std::size_t>(found - names.begin());
}

}  // namespace

bool MsgpackReader::field_key(std::span<const std::string_view> names, std::size_t expected,
                              std::size_t& index) {
  Token token;
  if (!next(token)) return false;
  // Index instead of a name, as the first-party decoder accepts it (lattice.md 2.1).
  if (token.kind == Token::Kind::unsigned_integer) {
    index = static_cast<std::size_t>(std::min<std::uint64_t>(token.number, names.size()));
    return true;
  }
  if (!is_name(token)) return invalid_type(token, "field identifier");
  // Fields mostly come in their order, so that one comparison finds them.
  const bool usual = expected < names.size() && names[expected] == as_text(token.data);
  index = usual ? expected : find_name(names, token);
  return true;
}

bool MsgpackReader::variant_key(std::span<const std::string_view> names, std::size_t& index) {
  Token token;
  if (!next(token)) return false;
  if (token.kind == Token::Kind::unsigned_integer) {
    if (token.number >= names.size()) {
      return invalid_value(token, fmt::format("variant index 0 <= i < {}", names.size()));
    }
    index = static_cast<std::size_t>(token.number);
    return true;
  }
  if (!is_name(token)) return invalid_type(token, "variant identifier");
  index = find_name(names, token);
  return index < names.size() || fail(fmt::format("unknown variant {}, expected one of `{}`",
                                                  quote(token.data), fmt::join(names, "`, `")));
}

}  // namespace trellis::codec
