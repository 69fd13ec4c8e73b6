// The types of the provider SDK for C++23, which are those of the host's own API: std::expected
// with error codes (trellis/result.hpp), std::vector and std::span for bytes (trellis/bytes.hpp).
//
//   class Greeter : public trellis::sdk23::Provider<Link> { … };
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "trellis/bytes.hpp"
#include "trellis/log.hpp"
#include "trellis/provider/adapter.hpp"
#include "trellis/provider/host.hpp"
#include "trellis/provider/thread.hpp"
#include "trellis/result.hpp"

namespace trellis::sdk23 {

/// What the classes of the SDK are made over. Static functions only; any thread.
struct Types {
  using Bytes = trellis::Bytes;
  using View = ByteView;
  using Error = trellis::Error;
  using LogLevel = trellis::LogLevel;
  template <class T>
  using Result = trellis::Result<T>;

  static View view(const std::uint8_t* data, std::size_t size) noexcept { return {data, size}; }
  static trellis_view abi_view(View bytes) noexcept { return {bytes.data(), bytes.size()}; }
  static std::string_view text(const Error& error) noexcept { return error.message; }
  /// Codes: guest_failed with the actor's text; cancelled, busy, deadline or denied when the host
  /// said so.
  static std::unexpected<Error> failure(trellis_status status, std::string text) {
    return fail(code_of(status), std::move(text));
  }
  static std::unexpected<Error> no_thread() {
    return fail(ErrorCode::unavailable, "the host has no thread for the provider",
                "check the limits on threads of the user and the container");
  }
  static std::optional<trellis_log_level> abi_level(LogLevel level) noexcept {
    switch (level) {
      case LogLevel::trace: return TRELLIS_LOG_TRACE;
      case LogLevel::debug: return TRELLIS_LOG_DEBUG;
      case LogLevel::info: return TRELLIS_LOG_INFO;
      case LogLevel::warn: return TRELLIS_LOG_WARN;
      case LogLevel::error: return TRELLIS_LOG_ERROR;
      case LogLevel::off: return std::nullopt;
    }
    return TRELLIS_LOG_INFO;
  }

 private:
  static ErrorCode code_of(trellis_status status) noexcept {
    switch (status) {
      case TRELLIS_STOPPING: return ErrorCode::cancelled;
      case TRELLIS_BUSY: return ErrorCode::busy;
      case TRELLIS_DEADLINE: return ErrorCode::deadline;
      case TRELLIS_DENIED: return ErrorCode::denied;
      default: return ErrorCode::guest_failed;
    }
  }
};

using Call = sdk::BasicCall<Types>;
using Description = sdk::Description;
using DispatchReply = sdk::BasicDispatchReply<Types>;
using Health = sdk::Health;
using Host = sdk::BasicHost<Types>;
using HostThread = sdk::BasicHostThread<Types>;
using StringMap = sdk::StringMap;
template <class Link>
using Provider = sdk::Provider<Link, Types>;
using sdk::provider_table;

}  // namespace trellis::sdk23
