// Threads, memory and log of a server, taken from the host of the provider.
#pragma once

#include "providers/net/io_pool.hpp"
#include "providers/net/memory_hold.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers {

/// Any thread.
class HostThreads final : public ThreadSource {
 public:
  explicit HostThreads(sdk23::Host host) noexcept : host_(host) {}
  Result<std::unique_ptr<PoolThread>> start(std::string_view name, std::function<void()> body,
                                            BlockingHooks& hooks) override;

 private:
  sdk23::Host host_;
};

/// Any thread.
class HostMemory final : public MemorySource {
 public:
  explicit HostMemory(sdk23::Host host) noexcept : host_(host) {}
  bool reserve(std::size_t bytes) noexcept override { return host_.reserve_memory(bytes); }
  void release(std::size_t bytes) noexcept override { host_.release_memory(bytes); }

 private:
  sdk23::Host host_;
};

/// The host decides what it writes, so every level is handed on. Any thread.
class HostLogSink final : public LogSink {
 public:
  explicit HostLogSink(sdk23::Host host) noexcept : host_(host) {}
  bool enabled(LogLevel, std::string_view) const noexcept override { return true; }
  void write(const LogRecord& record) noexcept override {
    host_.log(record.level, record.target, record.text);
  }

 private:
  sdk23::Host host_;
};

}  // namespace trellis::providers
