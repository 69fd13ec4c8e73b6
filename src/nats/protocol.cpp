#include "nats/protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/limits.hpp"
#include "base/text.hpp"

namespace trellis::nats {
namespace {

constexpr std::string_view line_end = "\r\n";
/// Bound of a line: the servers' own for what clients send, and more than any message of theirs
/// needs.
constexpr std::size_t max_line_bytes = 4 * limits::kib;
/// Bound of INFO, which names all members of a cluster.
constexpr std::size_t max_info_bytes = 64 * limits::kib;
constexpr std::string_view no_responders_status = "NATS/1.0 503";

std::unexpected<Error> not_protocol(std::string_view why, std::string_view text) {
  return fail(ErrorCode::malformed, fmt::format("{}: \"{}\"", why, excerpt(text, 40)));
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/// Words of a line, at most `N`; `count` is one more than that where there are more.
template <std::size_t N>
struct Words {
  explicit Words(std::string_view line) {
    while (true) {
      while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
      if (line.empty()) return;
      const auto end = std::find_if(line.begin(), line.end(), is_blank);
      const auto size = static_cast<std::size_t>(end - line.begin());
      if (count < N) words[count] = line.substr(0, size);
      if (++count > N) return;
      line.remove_prefix(size);
    }
  }
  std::array<std::string_view, N> words;
  std::size_t count = 0;
};

template <class Number>
std::optional<Number> number_in(std::string_view text, Number most) {
  Number number = 0;
  const auto* const end = text.data() + text.size();
  const auto [last, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc() || last != end || number > most) return std::nullopt;
  return number;
}

/// An operation with what follows its line.
struct Head {
  ServerMessage message;
  std::size_t header_bytes = 0;
  std::size_t total_bytes = 0;
};

/// `subject number [reply] size`, with headers `subject number [reply] headers size`.
std::optional<Head> parse_head(std::string_view line, bool with_headers) {
  const Words<5> split(line);
  const std::size_t least = with_headers ? 4 : 3;
  if (split.count != least && split.count != least + 1) return std::nullopt;
  Head head;
  head.message.subject = split.words[0];
  if (split.count > least) head.message.reply = split.words[2];
  const auto number = number_in<std::uint64_t>(split.words[1], UINT64_MAX);
  const auto total =
      number_in<std::size_t>(split.words.at(split.count - 1), limits::nats_most_payload_bytes);
  // Sizes are bounded before anything is reserved or waited for: a server announces what it likes.
  if (!number || !total) return std::nullopt;
  head.message.subscription = *number;
  head.total_bytes = *total;
  if (!with_headers) return head;
  // Headers are counted in the total, so that they can never be longer.
  const auto headers = number_in<std::size_t>(split.words.at(split.count - 2), *total);
  if (!headers) return std::nullopt;
  head.header_bytes = *headers;
  return head;
}

class Parser {
 public:
  Parser(ByteView bytes, ProtocolSink& sink) : text_(as_text(bytes)), sink_(sink) {}

  Result<Parsed> run() {
    while (true) {
      const auto before = parsed_.taken;
      if (auto done = one(); !done) return pass(done);
      if (parsed_.taken == before) return parsed_;
    }
  }

 private:
  /// One operation, if it is whole.
  Result<void> one() {
    parsed_.wanted = 0;
    const auto rest = text_.substr(parsed_.taken);
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) return unfinished(rest);
    if (end == 0 || rest[end - 1] != '\r') return not_protocol("a line that does not end", rest);
    const auto line = rest.substr(0, end - 1);
    if (line.size() > (is(line, "INFO") ? max_info_bytes : max_line_bytes)) {
      return not_protocol("a line that is too long", line);
    }
    if (is(line, "MSG")) return message(line.substr(3), false, end + 1);
    if (is(line, "HMSG")) return message(line.substr(4), true, end + 1);
    parsed_.taken += end + 1;
    return other(line);
  }

  /// Line that goes on beyond its bound will never be whole; what answers there may be no NATS
  /// server at all.
  static Result<void> unfinished(std::string_view rest) {
    const auto most = is(rest, "INFO") ? max_info_bytes : max_line_bytes;
    if (rest.size() > most + line_end.size()) return not_protocol("a line that does not end", rest);
    return {};
  }

  static bool is(std::string_view line, std::string_view name) {
    if (line.size() < name.size()) return false;
    if (line.size() > name.size() && !is_blank(line[name.size()])) return false;
    // Operations are not case-sensitive in the protocol.
    return std::equal(name.begin(), name.end(), line.begin(), [](char ours, char theirs) {
      return ours == theirs || (theirs >= 'a' && theirs <= 'z' && ours == theirs - 'a' + 'A');
    });
  }

  Result<void> other(std::string_view line) {
    if (is(line, "PING")) {
      sink_.on_ping();
    } else if (is(line, "PONG")) {
      sink_.on_pong();
    } else if (is(line, "INFO")) {
      sink_.on_info(trim(line.substr(4)));
    } else if (is(line, "-ERR")) {
      auto words = trim(line.substr(4));
      if (words.size() >= 2 && words.starts_with('\'') && words.ends_with('\'')) {
        words = words.substr(1, words.size() - 2);
      }
      sink_.on_error(words);
    } else if (!is(line, "+OK")) {
      return not_protocol("no operation of NATS", line);
    }
    return {};
  }

  Result<void> message(std::string_view arguments, bool with_headers, std::size_t line_bytes) {
    auto head = parse_head(arguments, with_headers);
    if (!head) return not_protocol("a message without a proper head", arguments);
    const auto rest = text_.substr(parsed_.taken + line_bytes);
    const auto whole = head->total_bytes + line_end.size();
    if (rest.size() < whole) {
      // Size is told, so that the head is not parsed again for each piece that comes.
      parsed_.wanted = line_bytes + whole;
      return {};
    }
    if (rest.substr(head->total_bytes, line_end.size()) != line_end) {
      return not_protocol("a message that does not end where it says", arguments);
    }
    const auto headers = rest.substr(0, head->header_bytes);
    head->message.payload =
        as_bytes(rest.substr(head->header_bytes, head->total_bytes - head->header_bytes));
    head->message.no_responders =
        head->message.payload.empty() && headers.starts_with(no_responders_status);
    // Taken before the sink sees it: the views stay good, since the bytes stay until this returns.
    parsed_.taken += line_bytes + whole;
    sink_.on_message(head->message);
    return {};
  }

  const std::string_view text_;
  ProtocolSink& sink_;
  Parsed parsed_;
};

}  // namespace

Result<Parsed> parse_operations(ByteView bytes, ProtocolSink& sink) {
  return Parser(bytes, sink).run();
}

}  // namespace trellis::nats
