// Address space that one guest takes of a process, on each kind of machine: the engine asks before
// it makes one, and `trellis doctor` counts how many fit.
#pragma once

#include <cstdint>

#include "base/call_limits.hpp"

namespace trellis::engine {

/// Whether a process can run out of addresses before it runs out of memory.
inline constexpr bool narrow_addresses = sizeof(void*) == 4;

/// Share of the process's limits that an isolate takes beside the guest's memory: its code range,
/// heap and tables. Where addresses are few the engine has no code range.
inline constexpr std::uint64_t isolate_reservation =
    std::uint64_t{narrow_addresses ? 64U : 512U} * limits::mib;
inline constexpr std::uint64_t isolate_memory = std::uint64_t{32} * limits::mib;

/// Address space that stays for the host itself where there is little: stacks, payloads, compiling.
inline constexpr std::uint64_t host_reserve = std::uint64_t{256} * limits::mib;

/// Guest memory and the space behind it that catches what goes beyond, with the trap handler.
inline constexpr std::uint64_t trap_handler_reservation = std::uint64_t{10} * 1024 * limits::mib;

/// Reservation of one guest with the usual cap of memory. The engine has a trap handler on x86-64
/// only.
inline constexpr std::uint64_t guest_reservation =
#if defined(__x86_64__)
    trap_handler_reservation;
#else
    limits::memory_pages * std::uint64_t{64} * limits::kib + isolate_reservation;
#endif

/// Whether address space of this size is free in one piece, now.
[[nodiscard]] bool can_reserve(std::uint64_t bytes) noexcept;
/// Whether `whole` bytes in one piece and `pieces` bytes in small ones are free, now.
[[nodiscard]] bool can_reserve(std::uint64_t whole, std::uint64_t pieces);
/// How many pieces of that size are free beside each other, now; looks for `most` of them.
[[nodiscard]] std::uint64_t count_reservations(std::uint64_t bytes, std::uint64_t most);

}  // namespace trellis::engine
