#include "providers/httpclient/options.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "base/call_limits.hpp"
#include "base/sizes.hpp"
#include "base/text.hpp"
#include "http/url.hpp"
#include "providers/common/link_values.hpp"

namespace trellis::providers::httpclient {

namespace {

constexpr std::array<std::string_view, 9> known_keys = {"timeout",
                                                        "max_redirects",
                                                        "CONNECTIONS",
                                                        "CONNECT_TIMEOUT_MS",
                                                        "MAX_RESPONSE_BYTES",
                                                        "CA_FILE",
                                                        "PROXY",
                                                        "ALLOW",
                                                        "DENY"};

[[nodiscard]] Result<std::string> read_ca_file(const codec::StringMap& values) {
  std::string file(text_value(values, "CA_FILE"));
  std::error_code error;
  if (file.empty() || std::filesystem::is_regular_file(file, error)) return file;
  return fail(ErrorCode::invalid_argument,
              fmt::format("link value CA_FILE: no file {}", excerpt(file)),
              "name a PEM file that the host can read");
}

[[nodiscard]] Result<std::string> read_proxy(const codec::StringMap& values) {
  std::string proxy(text_value(values, "PROXY"));
  if (proxy.empty()) return proxy;
  auto url = http::proxy_url(proxy);
  if (url) return url;
  return fail(ErrorCode::invalid_argument, "link value PROXY: " + url.error().message,
              url.error().remedy);
}

}  // namespace

Result<Options> read_options(const codec::StringMap& values) {
  if (auto known = check_keys(values, known_keys); !known) return pass(known);
  Options options;
  // Lower-case keys are those of the first-party provider (contracts.md 3.2), the others are ours.
  const auto timeout = number_value(values, "timeout", 30, 1, 3600);
  const auto redirects = number_value(values, "max_redirects", options.max_redirects, 0, 50);
  const auto connections = number_value(values, "CONNECTIONS", options.connections, 1, 256);
  const auto connect = number_value(values, "CONNECT_TIMEOUT_MS", 10'000, 1, 60'000);
  const auto response =
      number_value(values, "MAX_RESPONSE_BYTES", options.max_response_bytes, 1, 15 * limits::mib);
  for (const auto* number : {&timeout, &redirects, &connections, &connect, &response}) {
    if (!*number) return std::unexpected(number->error());
  }
  auto ca_file = read_ca_file(values);
  if (!ca_file) return pass(ca_file);
  auto proxy = read_proxy(values);
  if (!proxy) return pass(proxy);
  auto addresses = AddressRules::read(values);
  if (!addresses) return pass(addresses);
  options.timeout = std::chrono::seconds(*timeout);
  options.max_redirects = to_size(*redirects);
  options.connections = to_size(*connections);
  options.connect_timeout = std::chrono::milliseconds(*connect);
  options.max_response_bytes = to_size(*response);
  options.ca_file = std::move(*ca_file);
  options.proxy = std::move(*proxy);
  options.addresses = std::move(*addresses);
  return options;
}

}  // namespace trellis::providers::httpclient
