#include "providers/telnet/options.hpp"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/call_limits.hpp"
#include "base/text.hpp"
#include "providers/common/link_values.hpp"
#include "providers/net/endpoints.hpp"

namespace trellis::providers::telnet {
namespace {

constexpr std::string_view remedy = "correct the link and put it again";
constexpr std::size_t max_banner_bytes = 64 * limits::kib;
constexpr std::uint64_t day_ms = 24ULL * 60 * 60 * 1000;

constexpr std::array<std::string_view, 12> known_keys = {"BIND",
                                                         "PORT",
                                                         "MOTD",
                                                         "MOTD_FILE",
                                                         "REQUIRE_ANSI",
                                                         "MAX_SESSIONS",
                                                         "MAX_LINE_BYTES",
                                                         "MAX_PENDING_BYTES",
                                                         "TIMEOUT_MS",
                                                         "IDLE_TIMEOUT_MS",
                                                         "TERMINAL_TIMEOUT_MS",
                                                         "WRITE_TIMEOUT_MS"};

std::unexpected<Error> bad_banner(std::string_view key, std::string_view what) {
  return fail(ErrorCode::invalid_argument, fmt::format("link value {}: {}", key, what),
              std::string(remedy));
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  // One byte more than allowed tells a file that is too large, without reading all of it.
  std::string text(max_banner_bytes + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || !file.is_open() || (file.fail() && !file.eof())) {
    return bad_banner("MOTD_FILE", fmt::format("cannot read '{}'", excerpt(path, 256)));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

/// Banner as it is sent: with a carriage return behind each line feed (contracts.md 3.9). One that
/// the text has before or behind it already is not doubled.
std::string to_wire(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') continue;
    out += text[i];
    if (text[i] == '\n') out += '\r';
  }
  return out;
}

Result<void> read_banner(const codec::StringMap& values, Options& out) {
  // Banner is not trimmed: it may be a drawing.
  const auto motd = values.find("MOTD");
  std::string text = motd == values.end() ? "" : motd->second;
  std::string_view key = "MOTD";
  const std::string path(text_value(values, "MOTD_FILE"));
  if (!path.empty()) {
    if (!text.empty()) return bad_banner("MOTD_FILE", "MOTD is there too; only one can be sent");
    auto read = read_file(path);
    if (!read) return pass(read);
    text = std::move(*read);
    key = "MOTD_FILE";
  }
  if (text.size() > max_banner_bytes) {
    return bad_banner(key, fmt::format("more than {} bytes", max_banner_bytes));
  }
  if (!is_utf8(text)) return bad_banner(key, "not UTF-8");
  out.banner = to_wire(text);
  return {};
}

template <class Number>
struct NumberRule {
  std::string_view key;
  Number Options::* member;
  std::uint64_t least;
  std::uint64_t most;
};
using Time = std::chrono::milliseconds;
constexpr std::array<NumberRule<std::size_t>, 3> sizes = {{
    {"MAX_SESSIONS", &Options::max_sessions, 1, 10'000},
    {"MAX_LINE_BYTES", &Options::max_line_bytes, 16, limits::mib},
    {"MAX_PENDING_BYTES", &Options::max_pending_bytes, 4 * limits::kib, 16 * limits::mib},
}};
constexpr std::array<NumberRule<Time>, 4> times = {{
    {"TIMEOUT_MS", &Options::timeout, 1, day_ms},
    {"IDLE_TIMEOUT_MS", &Options::idle_timeout, 1, day_ms},
    {"TERMINAL_TIMEOUT_MS", &Options::terminal_timeout, 1, day_ms},
    {"WRITE_TIMEOUT_MS", &Options::write_timeout, 1, day_ms},
}};

template <class Rules>
Result<void> read_numbers(const codec::StringMap& values, const Rules& rules, Options& out) {
  for (const auto& rule : rules) {
    auto& member = out.*rule.member;
    std::uint64_t otherwise = 0;
    if constexpr (std::is_same_v<std::remove_reference_t<decltype(member)>, Time>) {
      otherwise = static_cast<std::uint64_t>(member.count());
    } else {
      otherwise = member;
    }
    const auto number = number_value(values, rule.key, otherwise, rule.least, rule.most);
    if (!number) return pass(number);
    member = std::remove_cvref_t<decltype(member)>(*number);
  }
  return {};
}

Result<void> read_ansi(const codec::StringMap& values, Options& out) {
  const auto flag = flag_value(values, "REQUIRE_ANSI", true);
  if (!flag) return pass(flag);
  out.require_ansi = *flag;
  return {};
}

}  // namespace

Result<Options> read_options(const codec::StringMap& values) {
  // Unknown keys come first: a misspelt one would else be the default without a word.
  if (auto known = check_keys(values, known_keys); !known) return pass(known);
  Options out;
  auto addresses = read_endpoints(values, 3000);
  if (!addresses) return pass(addresses);
  out.addresses = std::move(*addresses);
  for (const auto& read : {read_banner(values, out), read_numbers(values, sizes, out),
                           read_numbers(values, times, out), read_ansi(values, out)}) {
    if (!read) return pass(read);
  }
  return out;
}

}  // namespace trellis::providers::telnet
