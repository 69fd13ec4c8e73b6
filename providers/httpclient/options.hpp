// The settings of one link to the HTTP client (httpclient.hpp lists the link values).
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "base/call_limits.hpp"
#include "codec/fields.hpp"
#include "providers/httpclient/address_rules.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::httpclient {

struct Options {
  std::chrono::seconds timeout{30};
  std::size_t max_redirects = 10;
  std::size_t connections = 16;
  std::chrono::milliseconds connect_timeout{10'000};
  std::size_t max_response_bytes = 8 * limits::mib;
  std::string ca_file;
  std::string proxy;
  AddressRules addresses;

  friend bool operator==(const Options&, const Options&) = default;
};

/// Errors name the key; keys that are not known are refused. Any thread.
[[nodiscard]] Result<Options> read_options(const codec::StringMap& values);

}  // namespace trellis::providers::httpclient
