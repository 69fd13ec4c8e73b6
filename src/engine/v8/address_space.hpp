// Creating an isolate without address space ends the process, so we look first.
#pragma once

#include <cstdint>

#include "trellis/result.hpp"

namespace trellis::engine {

/// Whether the process has a limit on its address space at all (RLIMIT_AS).
[[nodiscard]] bool address_space_is_limited() noexcept;

/// Fails with unavailable when `needed` more bytes would cross the limit. Another thread may take
/// them meanwhile: callers serialise check and use.
[[nodiscard]] Result<void> check_address_space(std::uint64_t needed);

}  // namespace trellis::engine
