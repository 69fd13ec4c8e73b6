// V8's process-wide state.
#pragma once

#include <v8.h>

#include <memory>

#include "trellis/engine.hpp"

namespace v8 {
class Platform;
}

namespace trellis::engine {

/// V8 between Initialize and Dispose: platform, trap handler, allocator. Made once per process
/// (start_v8_engine sees to that). Outlives every isolate. Any thread once made.
class V8Process {
 public:
  explicit V8Process(const EngineOptions& options);
  ~V8Process();
  V8Process(const V8Process&) = delete;
  V8Process& operator=(const V8Process&) = delete;

  [[nodiscard]] v8::Platform& platform() const noexcept { return *platform_; }
  [[nodiscard]] v8::ArrayBuffer::Allocator* allocator() const noexcept { return allocator_.get(); }
  /// Whether guest memories reserve 10 GiB each.
  [[nodiscard]] bool trap_handler() const noexcept { return trap_handler_; }

 private:
  std::unique_ptr<v8::Platform> platform_;
  std::unique_ptr<v8::ArrayBuffer::Allocator> allocator_;
  bool trap_handler_ = false;
};

}  // namespace trellis::engine
