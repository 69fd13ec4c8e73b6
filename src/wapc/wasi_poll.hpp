// Error numbers and time of WASI, and poll_oneoff: sleeping, which is all a guest may wait for.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/engine.hpp"
#include "wapc/guest_state.hpp"

namespace trellis::wapc {

inline constexpr std::uint32_t errno_success = 0;
inline constexpr std::uint32_t errno_again = 6;
inline constexpr std::uint32_t errno_badf = 8;
inline constexpr std::uint32_t errno_fault = 21;
inline constexpr std::uint32_t errno_inval = 28;
inline constexpr std::uint32_t errno_notsup = 58;
inline constexpr std::uint32_t errno_spipe = 70;
inline constexpr std::uint32_t errno_notcapable = 76;

/// Nanoseconds of clock 0 (wall), 1 (monotonic) and, as good as that, 2 and 3 (CPU time).
[[nodiscard]] std::optional<std::uint64_t> wasi_time(const GuestState& state,
                                                     std::uint32_t clock) noexcept;

/// Waits for the earliest clock subscription; others are answered at once as not supported. The
/// wait is announced (threads/blocking.hpp) and ends at the deadline of the call, with the guest.
void poll_oneoff_preview1(engine::HostCall& call);
void poll_oneoff_unstable(engine::HostCall& call);

}  // namespace trellis::wapc
