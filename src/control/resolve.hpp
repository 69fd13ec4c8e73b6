// Which actor or provider a person means. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "trellis/host_types.hpp"
#include "trellis/result.hpp"

namespace trellis::control {

/// Key, call alias, name, source, or unique beginning of a key (of three characters or more) of a
/// running actor; the first rule that fits wins. Errors: not_found, invalid_argument (several fit),
/// both saying what runs.
[[nodiscard]] Result<std::string> resolve_actor(const Inventory& inventory,
                                                std::string_view wanted);

/// The running provider instance meant by key, source, name, contract or unique beginning of a key.
[[nodiscard]] Result<const ProviderInfo*> resolve_provider(const Inventory& inventory,
                                                           std::string_view wanted,
                                                           std::string_view link_name);

}  // namespace trellis::control
