// The bounds of guests and calls, each with its reason; a part of base/limits.hpp.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace trellis::limits {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr std::size_t kib = 1024;
inline constexpr std::size_t mib = 1024 * kib;

/// Largest module accepted; real actors are 0.1 to 2 MB, debug builds of big ones tens of MB.
inline constexpr std::size_t module_bytes = 64 * mib;
/// Request, response or host-call payload of one call.
inline constexpr std::size_t payload_bytes = 16 * mib;
/// Error text a guest may set; the rest is cut.
inline constexpr std::size_t guest_error_bytes = 16 * kib;
/// Log text a guest may write in one call; the rest is dropped and counted.
inline constexpr std::size_t guest_log_bytes_per_call = 64 * kib;
/// Entities on one call chain; a nested guest needs at least 768 KiB of native stack.
inline constexpr std::size_t chain_depth = 16;
/// Default time for one local call (host.md 6.5).
inline constexpr milliseconds call_timeout = seconds(10);
/// Memory of one instance, in pages of 64 KiB (default; 128 MiB).
inline constexpr std::uint32_t memory_pages = 2048;
/// Instances of all actors of all hosts in the process (vm.max_map_count ends near 4 600).
inline constexpr std::size_t instances = 1000;
/// Calls that wait for an instance of one actor before new ones are refused as busy.
inline constexpr std::size_t pool_waiters = 256;
/// Instances beyond the maximum that only nested calls may use.
inline constexpr std::size_t pool_reserve = 4;

}  // namespace trellis::limits
