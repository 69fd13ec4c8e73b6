// State that the host keeps per instance during a guest call (contracts.md 1.4), and the text rules
// all imported functions share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/engine.hpp"
#include "trellis/log.hpp"
#include "wapc/guest.hpp"

namespace trellis::wapc {

/// The state of one instance. Used by the thread that is inside the instance.
class GuestState {
 public:
  GuestState(const GuestLimits& caps, const Clock& time, Random& source) noexcept
      : limits(caps), clock(time), random(source) {}

  /// State of the instance whose guest makes the call. Requires a Call before guest code runs.
  [[nodiscard]] static GuestState& of(const engine::HostCall& call) noexcept {
    return *static_cast<GuestState*>(call.context());
  }

  /// One call into the guest: clears everything and names the host. At its end, however that comes,
  /// dropped log text is reported and large buffers are freed; what the guest answered stays.
  class Call {
   public:
    Call(GuestState& state, HostCalls& host, SteadyTime deadline) : state_(state) {
      state_.begin(host, deadline);
    }
    ~Call() { state_.end(); }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    GuestState& state_;
  };

  /// Log text from the guest, cut to what is left of the allowance; bad UTF-8 is replaced.
  void log(std::string_view text, LogLevel level);
  /// Counts text that its writer did not even collect.
  void drop_log(std::uint64_t bytes) noexcept { log_dropped_ += bytes; }
  /// How many bytes of log text are still allowed in this call.
  [[nodiscard]] std::size_t log_left() const noexcept { return limits.log_bytes - log_used_; }

  const GuestLimits& limits;
  const Clock& clock;
  Random& random;

  HostCalls* host = nullptr;
  SteadyTime deadline{};

  bool has_request = false;  ///< false during initialisation
  std::string_view operation;
  ByteView payload;

  bool has_response = false;
  Bytes response;
  std::size_t response_bytes = 0;  ///< of all responses of this call together
  bool has_error = false;
  std::string error;

  bool has_host_response = false;
  Bytes host_response;
  bool has_host_error = false;
  std::string host_error;

  bool over_limit = false;  ///< the trap that ended the call was a limit of ours

 private:
  void begin(HostCalls& calls, SteadyTime call_deadline) noexcept;
  void end() noexcept;
  void say_dropped() const noexcept;

  std::size_t log_used_ = 0;
  std::uint64_t log_dropped_ = 0;
};

/// At most `bytes` of the text, not ending within a UTF-8 sequence.
[[nodiscard]] std::string_view cut_text(std::string_view text, std::size_t bytes) noexcept;

/// UTF-16 (little-endian bytes, as guests keep it) as UTF-8; lone surrogates become U+FFFD.
[[nodiscard]] std::string utf16_to_utf8(ByteView bytes);

}  // namespace trellis::wapc
