// Secrets in link values: everybody sees `secret:NAME`, only the provider's instance on this host
// is told what it stands for (docs/operations.md, "Secrets").
#pragma once

#include "codec/fields.hpp"
#include "trellis/host.hpp"
#include "trellis/result.hpp"

namespace trellis::host {

/// Prefix of a value that is a secret.
inline constexpr std::string_view secret_prefix = "secret:";

/// The values with secrets in place of their names. Errors: denied without a source, those of the
/// source; they name the key of the value, never a secret. Any thread that the source allows.
[[nodiscard]] Result<codec::StringMap> with_secrets(codec::StringMap values,
                                                    const SecretSource& source);

}  // namespace trellis::host
