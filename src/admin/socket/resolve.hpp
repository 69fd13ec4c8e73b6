// Which actor or provider a person means. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "trellis/host_types.hpp"
#include "trellis/result.hpp"

namespace trellis::admin {

/// The key of a running actor, by all that client/names.hpp lists. Errors: not_found,
/// invalid_argument (several fit), both saying what runs.
[[nodiscard]] Result<std::string> resolve_actor(const Inventory& inventory,
                                                std::string_view wanted);

/// Resolves the running provider instance of that link name likewise.
[[nodiscard]] Result<const ProviderInfo*> resolve_provider(const Inventory& inventory,
                                                           std::string_view wanted,
                                                           std::string_view link_name);

}  // namespace trellis::admin
