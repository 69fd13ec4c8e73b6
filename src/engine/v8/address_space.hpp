// Creating an isolate or compiling without address space ends the process, so we look first.
#pragma once

#include <cstdint>
#include <mutex>
#include <string_view>
#include <utility>

#include "trellis/result.hpp"

namespace trellis::engine {

/// Turn at the address space: its holder is the only one that takes any for the engine, where the
/// process has a limit of it (RLIMIT_AS, RLIMIT_DATA, or addresses of 32 bits); without a limit
/// nothing is held. Any thread.
class AddressSpace {
 public:
  struct Needs {
    std::uint64_t whole;   ///< address space in one piece
    std::uint64_t pieces;  ///< more of it, wherever it lies
    std::uint64_t filled;  ///< memory that is written to
  };
  /// Waits for its turn. Fails with unavailable when the limits leave less than is needed. `what`
  /// is for texts: "another guest", "compiling this module".
  [[nodiscard]] static Result<AddressSpace> take(std::string_view what, const Needs& needs);

 private:
  explicit AddressSpace(std::unique_lock<std::mutex> lock) noexcept : lock_(std::move(lock)) {}
  std::unique_lock<std::mutex> lock_;  ///< guards no member, and moves: nothing to be checked
};

}  // namespace trellis::engine
