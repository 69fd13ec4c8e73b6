// Names that enter tables, logs and (in a lattice) subjects, and conversions between the claims of
// a token and what users of a host see.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "identity/claims.hpp"
#include "provider/provider.hpp"
#include "trellis/host_types.hpp"
#include "trellis/result.hpp"

namespace trellis::host {

[[nodiscard]] ActorIdentity to_identity(const identity::ActorClaims& claims);

/// Whether a link definition can be used: key types, names without blanks, control characters and
/// wildcards (lattice.md 1.2), bounds of base/limits.hpp. `provider_id` must already be a key.
[[nodiscard]] Result<void> validate_link(const Link& link);

/// `name` trimmed, or "default" when nothing is left; an error when it cannot be a link name.
[[nodiscard]] Result<std::string> normal_link_name(std::string_view name);

/// Whether claims that somebody states without proof can be an actor's: types of keys, lengths.
[[nodiscard]] Result<void> plausible_claims(const identity::ActorClaims& claims);

/// Whether actors may be called by this alias: nothing that could be taken for a contract or a key
/// (D9), or that cannot be written in one line (lattice.md 4.1).
[[nodiscard]] bool usable_alias(std::string_view alias);

/// The key of a provider that has no signed archive: made from what it says about itself, so that
/// it is the same on every host and links may name it. The extras provider has its fixed
/// first-party key (identity.md 5.3).
[[nodiscard]] std::string unsigned_provider_key(const provider::Description& description);

}  // namespace trellis::host
