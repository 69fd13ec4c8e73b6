#include "providers/httpserver/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <type_traits>

#include "base/text.hpp"
#include "providers/common/link_values.hpp"

namespace trellis::providers::httpserver {
namespace {

constexpr std::string_view remedy = "correct the link and put it again";
constexpr std::size_t most_addresses = 16;
constexpr unsigned most_workers = 128;
constexpr std::uint64_t day_ms = 24ULL * 60 * 60 * 1000;
/// The whole message to the actor must stay below limits::payload_bytes.
constexpr std::uint64_t most_body_bytes = limits::payload_bytes - limits::mib;

constexpr std::array<std::string_view, 12> known_keys = {"BIND",
                                                         "PORT",
                                                         "WORKERS",
                                                         "TIMEOUT_MS",
                                                         "MAX_BODY_BYTES",
                                                         "MAX_HEADER_BYTES",
                                                         "IDLE_TIMEOUT_MS",
                                                         "HEADER_TIMEOUT_MS",
                                                         "MAX_CONNECTIONS",
                                                         "TLS_CERT",
                                                         "TLS_KEY",
                                                         "ACCESS_LOG"};

std::optional<std::uint16_t> to_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

/// "8080", "127.0.0.1:8080" or "[::1]:8080".
std::optional<Endpoint> to_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    const auto port = to_port(text);
    if (!port) return std::nullopt;
    return Endpoint(net::ip::address_v4::any(), *port);
  }
  const auto port = to_port(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  ErrorCondition error;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    const auto address = net::ip::make_address_v6(std::string(host), error);
    if (error || !port) return std::nullopt;
    return Endpoint(address, *port);
  }
  const auto address = net::ip::make_address_v4(std::string(host), error);
  if (error || !port) return std::nullopt;
  return Endpoint(address, *port);
}

Result<> check_keys(const codec::StringMap& values) {
  for (const auto& [key, value] : values) {
    if (key.starts_with("__")) continue;
    if (std::find(known_keys.begin(), known_keys.end(), key) != known_keys.end()) continue;
    return fail(ErrorCode::invalid_argument,
                fmt::format("unknown link value {}; known are {}", key.substr(0, 64),
                            fmt::join(known_keys, ", ")),
                std::string(remedy));
  }
  return {};
}

void add_once(std::vector<Endpoint>& all, const Endpoint& endpoint) {
  if (std::find(all.begin(), all.end(), endpoint) == all.end()) all.push_back(endpoint);
}

Result<> read_bind(std::string_view list, std::vector<Endpoint>& all) {
  for (const auto piece : split(list, ',')) {
    const auto item = trim(piece);
    const auto endpoint = to_endpoint(item);
    if (!endpoint) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("link value BIND has '{}', expected IP:PORT, [IPv6]:PORT or a port",
                              item.substr(0, 64)),
                  std::string(remedy));
    }
    add_once(all, *endpoint);
  }
  if (all.size() <= most_addresses) return {};
  return fail(
      ErrorCode::limit,
      fmt::format("link value BIND lists {} addresses; {} are allowed", all.size(), most_addresses),
      std::string(remedy));
}

Result<> read_addresses(const codec::StringMap& values, std::vector<Endpoint>& all) {
  const auto list = text_value(values, "BIND");
  if (!list.empty()) {
    if (auto read = read_bind(list, all); !read) return read;
  }
  if (!text_value(values, "PORT").empty()) {
    const auto port = number_value(values, "PORT", 0, 0, 65535);
    if (!port) return std::unexpected<Error>(port.error());
    add_once(all, Endpoint(net::ip::address_v4::any(), static_cast<std::uint16_t>(*port)));
  }
  if (all.empty()) all.emplace_back(net::ip::address_v4::any(), std::uint16_t{8080});
  return {};
}

/// contracts.md 3.1: a value that is no number is logged and the default used.
void read_workers(const codec::StringMap& values, ParsedOptions& out) {
  const auto workers = number_value(values, "WORKERS", 0, 1, most_workers);
  if (!workers) {
    out.warnings.push_back(workers.error().message + "; using one for each core");
  } else if (*workers != 0) {
    out.options.workers = static_cast<unsigned>(*workers);
  }
}

template <class Number>
struct NumberRule {
  std::string_view key;
  Number Options::* member;
  std::uint64_t least;
  std::uint64_t most;
};
constexpr std::array<NumberRule<std::size_t>, 3> sizes = {{
    {"MAX_BODY_BYTES", &Options::max_body_bytes, 0, most_body_bytes},
    {"MAX_HEADER_BYTES", &Options::max_header_bytes, 256, limits::mib / 2},
    {"MAX_CONNECTIONS", &Options::max_connections, 1, 1'000'000},
}};
constexpr std::array<NumberRule<std::chrono::milliseconds>, 3> times = {{
    {"TIMEOUT_MS", &Options::timeout, 1, day_ms},
    {"HEADER_TIMEOUT_MS", &Options::header_timeout, 1, day_ms},
    {"IDLE_TIMEOUT_MS", &Options::idle_timeout, 1, day_ms},
}};

std::uint64_t to_count(std::size_t size) {
  return size;
}
std::uint64_t to_count(std::chrono::milliseconds time) {
  return static_cast<std::uint64_t>(time.count());
}

template <class Rules>
Result<> read_numbers(const codec::StringMap& values, const Rules& rules, Options& out) {
  for (const auto& rule : rules) {
    auto& member = out.*rule.member;
    const auto number = number_value(values, rule.key, to_count(member), rule.least, rule.most);
    if (!number) return std::unexpected<Error>(number.error());
    member = std::remove_cvref_t<decltype(member)>(*number);
  }
  return {};
}

Result<> read_rest(const codec::StringMap& values, Options& out) {
  out.tls_cert = text_value(values, "TLS_CERT");
  out.tls_key = text_value(values, "TLS_KEY");
  if (out.tls_cert.empty() != out.tls_key.empty()) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("link value {} is missing: TLS_CERT and TLS_KEY go together",
                            out.tls_cert.empty() ? "TLS_CERT" : "TLS_KEY"),
                std::string(remedy));
  }
  const auto log = flag_value(values, "ACCESS_LOG", false);
  if (!log) return std::unexpected<Error>(log.error());
  out.access_log = *log;
  return {};
}

}  // namespace

Result<ParsedOptions> read_options(const codec::StringMap& values) {
  ParsedOptions out;
  read_workers(values, out);
  auto& options = out.options;
  for (const auto& read : {check_keys(values), read_addresses(values, options.addresses),
                           read_numbers(values, sizes, options),
                           read_numbers(values, times, options), read_rest(values, options)}) {
    if (!read) return std::unexpected<Error>(read.error());
  }
  return out;
}

}  // namespace trellis::providers::httpserver
