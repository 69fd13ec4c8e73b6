// Marks a plugin's thread as being inside the host.
#pragma once

#include <atomic>
#include <cstddef>

#include "provider/core.hpp"

namespace trellis::provider {

/// Counted before `stopping_` is read, so that stop() either sees the thread or is seen by it.
class Core::HostCall {
 public:
  explicit HostCall(std::atomic<std::size_t>& count) noexcept : count_(count) { ++count_; }
  ~HostCall() { --count_; }
  HostCall(const HostCall&) = delete;
  HostCall& operator=(const HostCall&) = delete;

 private:
  std::atomic<std::size_t>& count_;
};

}  // namespace trellis::provider
