#include "providers/httpserver/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <type_traits>

#include "base/call_limits.hpp"
#include "providers/common/link_values.hpp"
#include "providers/httpserver/route_options.hpp"
#include "providers/net/endpoints.hpp"

namespace trellis::providers::httpserver {
namespace {

constexpr unsigned max_workers = 128;
constexpr std::uint64_t day_ms = 24ULL * 60 * 60 * 1000;
/// Bound on bodies: the whole message to the actor must stay below limits::payload_bytes.
constexpr std::uint64_t most_body_bytes = limits::payload_bytes - limits::mib;

constexpr std::array<std::string_view, 21> known_keys = {"BIND",
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
                                                         "ACCESS_LOG",
                                                         "SHOW_ERRORS",
                                                         "HOSTS",
                                                         "PATH_PREFIX",
                                                         "STRIP_PREFIX",
                                                         "CORS_ORIGINS",
                                                         "CORS_METHODS",
                                                         "CORS_HEADERS",
                                                         "CORS_MAX_AGE",
                                                         "CORS_CREDENTIALS"};

Result<void> read_addresses(const codec::StringMap& values, std::vector<Endpoint>& all) {
  auto endpoints = read_endpoints(values, 8080);
  if (!endpoints) return pass(endpoints);
  all = std::move(*endpoints);
  return {};
}

/// Workers that are no number are logged, and the default is used (contracts.md 3.1); all other
/// values must be right.
void read_workers(const codec::StringMap& values, ParsedOptions& out) {
  const auto workers = number_value(values, "WORKERS", 0, 1, max_workers);
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
Result<void> read_numbers(const codec::StringMap& values, const Rules& rules, Options& out) {
  for (const auto& rule : rules) {
    auto& member = out.*rule.member;
    const auto number = number_value(values, rule.key, to_count(member), rule.least, rule.most);
    if (!number) return pass(number);
    member = std::remove_cvref_t<decltype(member)>(*number);
  }
  return {};
}

Result<void> read_rest(const codec::StringMap& values, Options& out) {
  out.tls_cert = text_value(values, "TLS_CERT");
  out.tls_key = text_value(values, "TLS_KEY");
  if (out.tls_cert.empty() != out.tls_key.empty()) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("link value {} is missing: TLS_CERT and TLS_KEY go together",
                            out.tls_cert.empty() ? "TLS_CERT" : "TLS_KEY"),
                std::string(link_remedy));
  }
  const auto log = flag_value(values, "ACCESS_LOG", false);
  if (!log) return pass(log);
  out.access_log = *log;
  const auto errors = flag_value(values, "SHOW_ERRORS", false);
  if (!errors) return pass(errors);
  out.show_errors = *errors;
  return {};
}

}  // namespace

Result<ParsedOptions> read_options(const codec::StringMap& values) {
  ParsedOptions out;
  read_workers(values, out);
  auto& options = out.options;
  // Unknown keys come first: a misspelt one would else be the default without a word.
  for (const auto& read :
       {check_keys(values, known_keys), read_addresses(values, options.addresses),
        read_numbers(values, sizes, options), read_numbers(values, times, options),
        read_rest(values, options), read_route(values, options), read_cors(values, options.cors)}) {
    if (!read) return pass(read);
  }
  return out;
}

}  // namespace trellis::providers::httpserver
