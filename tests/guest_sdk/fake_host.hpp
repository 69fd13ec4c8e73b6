// The host's side of the guest ABI for the C++ SDK compiled natively. One at a time, one thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "trellis/guest/result.hpp"

namespace trellis::guest_test {

/// One `__host_call`.
struct Call {
  std::string binding;
  std::string ns;
  std::string operation;
  std::string payload;
};

/// What the guest is told, and what it said. The SDK's imports (fake_host.cpp) work on the one that
/// exists.
class FakeHost {
 public:
  FakeHost();
  ~FakeHost();
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  /// The current guest call.
  std::string operation;
  std::string payload;
  /// Answers the guest's own calls.
  std::function<guest::Result<std::string>(const Call&)> answer;

  std::vector<Call> calls;
  std::vector<std::string> responses;
  std::vector<std::string> errors;
  std::vector<std::string> log;
  /// What is held ready after a host call.
  std::string host_response;
  std::string host_error;
};

}  // namespace trellis::guest_test
