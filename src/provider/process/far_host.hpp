// The host as seen from a provider's process: dispatches and log lines go over a stream.
#pragma once

#include <memory>

#include "provider/process/requester.hpp"
#include "provider/provider.hpp"
#include "trellis/log.hpp"

namespace trellis::provider::process {

/// The entities of a chain mean nothing in this process. In the place of each stands the host's
/// number of the call, by which the host finds the real chain again.
[[nodiscard]] CallContext context_of_call(std::uint64_t number, std::uint32_t depth,
                                          SteadyTime deadline) noexcept;

/// Any thread.
class FarHost final : public Dispatcher {
 public:
  explicit FarHost(std::shared_ptr<Requester> stream) : stream_(std::move(stream)) {}

  [[nodiscard]] Result<Bytes> dispatch(const CallContext* parent, std::string_view actor,
                                       std::string_view operation, ByteView payload,
                                       SteadyTime deadline) override;
  void dispatch_async(const CallContext* parent, std::string_view actor, std::string_view operation,
                      Bytes payload, SteadyTime deadline,
                      std::function<void(Result<Bytes>)> done) override;

 private:
  const std::shared_ptr<Requester> stream_;
};

/// Log records as frames; what the host is too slow to take is dropped. Any thread.
class FarLog final : public LogSink {
 public:
  FarLog(std::shared_ptr<Requester> stream, const Clock& clock)
      : stream_(std::move(stream)), clock_(clock) {}
  [[nodiscard]] bool enabled(LogLevel, std::string_view) const noexcept override { return true; }
  void write(const LogRecord& record) noexcept override;

 private:
  const std::shared_ptr<Requester> stream_;
  const Clock& clock_;
};

}  // namespace trellis::provider::process
