// What a registry wants to be shown: the WWW-Authenticate header (RFC 9110, 11.6.1).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace trellis::package {

/// One challenge. Names are lower case; values are as sent, quotes and escapes removed.
struct Challenge {
  std::string scheme;
  std::map<std::string, std::string> parameters;

  /// The value of a parameter; empty when there is none.
  [[nodiscard]] std::string_view get(const std::string& name) const;
};

/// All challenges of one header value, at most 16; what cannot be read is passed over, because
/// another challenge of the same header may be one we can answer. Any thread.
[[nodiscard]] std::vector<Challenge> parse_challenges(std::string_view header);

}  // namespace trellis::package
