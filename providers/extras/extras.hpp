// wasmcloud:extras (contracts.md 3.10): unique names, random numbers and a sequence for actors.
#pragma once

#include <string_view>

#include "trellis/provider.h"

namespace trellis::providers::extras {

/// Key of the provider, one on every host, so that one link definition works everywhere.
inline constexpr std::string_view fixed_key =
    "VDHPKGFKDI34Y4RN4PWWZHRYZ6373HYRSNNEM4UTDLLOGO5B37TSVREP";

/// No link values. Serves both shapes of the contract. The sequence of an actor begins at 0 when it
/// is linked and is kept in memory.
[[nodiscard]] const trellis_provider_table* table() noexcept;

}  // namespace trellis::providers::extras
