#include "host/state/secrets.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace trellis::host {

Result<codec::StringMap> with_secrets(codec::StringMap values, const SecretSource& source) {
  for (auto& [key, value] : values) {
    if (!value.starts_with(secret_prefix)) continue;
    const auto name = std::string_view(value).substr(secret_prefix.size());
    if (!source) {
      return fail(ErrorCode::denied,
                  fmt::format("link value {} is a secret, and this host has none", excerpt(key)),
                  "start the host with --secrets-dir, or write the value itself");
    }
    auto secret = source(name);
    if (!secret) {
      return fail(secret.error().code,
                  fmt::format("link value {}: {}", excerpt(key), secret.error().message),
                  secret.error().remedy);
    }
    value = std::move(*secret);
  }
  return values;
}

}  // namespace trellis::host
