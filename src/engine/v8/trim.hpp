// Memory that compilers freed goes back to the system.
#pragma once

#include <malloc.h>

#include <cstdint>

namespace trellis::engine {

/// The allocator keeps what threads of the compiler freed, each in a heap of its own; where that
/// may be much it is told to let go: after compiling, and at the end of a module, whose functions
/// the optimiser worked on meanwhile. Any thread.
class TrimAtEnd {
 public:
  /// `compile_bytes` is what compiling one function of the module took at most.
  explicit TrimAtEnd(std::uint64_t compile_bytes) noexcept : worth_it_(compile_bytes >= least) {}
  ~TrimAtEnd() {
    if (worth_it_) malloc_trim(0);
  }
  TrimAtEnd(const TrimAtEnd&) = delete;
  TrimAtEnd& operator=(const TrimAtEnd&) = delete;

 private:
  static constexpr std::uint64_t least = std::uint64_t{16} << 20;
  const bool worth_it_;
};

}  // namespace trellis::engine
