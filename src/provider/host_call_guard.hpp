// Marks a plugin's thread as being inside the host.
#pragma once

#include <atomic>
#include <cstddef>

#include "provider/core.hpp"

namespace trellis::provider {

/// Counted before `stopping_` is read, so that stop() either sees the thread or is seen by it.
class Core::HostCallGuard {
 public:
  explicit HostCallGuard(std::atomic<std::size_t>& count) noexcept : count_(count) { ++count_; }
  ~HostCallGuard() { --count_; }
  HostCallGuard(const HostCallGuard&) = delete;
  HostCallGuard& operator=(const HostCallGuard&) = delete;

 private:
  std::atomic<std::size_t>& count_;
};

}  // namespace trellis::provider
