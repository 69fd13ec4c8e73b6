// Creating an isolate or compiling without address space ends the process, so we look first.
#pragma once

#include <cstdint>
#include <mutex>
#include <string_view>
#include <utility>

#include "trellis/result.hpp"

namespace trellis::engine {

/// Whoever holds one is the only one that takes address space for the engine, where the process has
/// a limit of it (RLIMIT_AS, RLIMIT_DATA, or addresses of 32 bits); without a limit nothing is
/// held. Any thread.
class AddressSpace {
 public:
  /// Waits for its turn. Fails with unavailable when the limits leave less than `reserved` bytes of
  /// address space, or less than `filled` bytes of memory that is written to. `what` is for texts:
  /// "another guest", "compiling this module".
  [[nodiscard]] static Result<AddressSpace> take(std::string_view what, std::uint64_t reserved,
                                                 std::uint64_t filled);

 private:
  explicit AddressSpace(std::unique_lock<std::mutex> lock) noexcept : lock_(std::move(lock)) {}
  std::unique_lock<std::mutex> lock_;
};

}  // namespace trellis::engine
