// For tests: guests assembled at build time, a host that records, and a thread to enter guests on.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "threads/guest_thread.hpp"
#include "wapc/guest.hpp"

namespace trellis::wapc::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// The one runtime of the test process.
inline EngineRuntime& runtime() {
  static const auto made = EngineRuntime::start().value();
  return *made;
}

inline Bytes read_guest(std::string_view name) {
  const std::string path = std::string(TRELLIS_BINARY_DIR "/guests/").append(name) + ".wasm";
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline SteadyTime in(milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

/// Runs `body` on a thread that may enter guests and waits for it.
inline void on_guest_thread(std::function<void()> body) {
  auto thread = GuestThread::start("test", std::move(body));
  ASSERT_TRUE(thread.has_value()) << thread.error().message;
}

/// Answers host calls with `answer` and keeps what guests log.
class RecordingHost final : public HostCalls {
 public:
  using Answer = std::function<Result<Bytes>(std::string_view binding, std::string_view ns,
                                             std::string_view operation, ByteView payload)>;
  Answer answer;
  std::vector<std::string> logs;
  std::vector<std::string> errors;

  Result<Bytes> host_call(std::string_view binding, std::string_view ns, std::string_view operation,
                          ByteView payload) override {
    return answer ? answer(binding, ns, operation, payload) : Result<Bytes>(to_bytes(payload));
  }
  void console_log(std::string_view text) noexcept override { logs.emplace_back(text); }
  void error_log(std::string_view text) noexcept override { errors.emplace_back(text); }
};

inline std::shared_ptr<const GuestModule> compile(std::string_view name,
                                                  const GuestLimits& limits = {},
                                                  const GuestSystem& system = {}) {
  auto made = GuestModule::compile(runtime(), read_guest(name), limits, system);
  EXPECT_TRUE(made.has_value()) << made.error().message;
  return made.value_or(nullptr);
}

/// Requires a guest thread.
inline std::unique_ptr<Guest> instantiate(const GuestModule& module, HostCalls& host) {
  auto made = module.instantiate(host);
  EXPECT_TRUE(made.has_value()) << made.error().message;
  return made ? std::move(*made) : nullptr;
}

}  // namespace trellis::wapc::testing
