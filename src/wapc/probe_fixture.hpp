// For tests: runs programs on fresh instances of the guest `probe`.
#pragma once

#include <string>

#include "wapc/probe_program.hpp"
#include "wapc/test_support.hpp"

namespace trellis::wapc::testing {

class ProbeTest : public ::testing::Test {
 protected:
  /// Compiled with `limits` and `system` as they are at the first use.
  const GuestModule& probe() {
    if (!probe_) probe_ = compile("probe", limits, system);
    return *probe_;
  }
  /// Runs the program on an instance of its own; see `answer` and `guest_usable`.
  void run(const Program& program) {
    const GuestModule& module = probe();
    on_guest_thread([&] {
      auto guest = instantiate(module, host);
      ASSERT_NE(guest, nullptr);
      answer = guest->call(operation, program.bytes(), host, in(timeout));
      guest_usable = guest->usable();
    });
  }
  /// The text of the error the program must end with.
  std::string error_of(const Program& program) {
    run(program);
    EXPECT_FALSE(answer.has_value());
    return answer ? std::string() : answer.error().message;
  }
  /// The word the last operation of the program gave.
  std::uint32_t result_of(Program program) {
    run(program.respond());
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return answer ? word_of(*answer) : 0xdeadbeef;
  }

  RecordingHost host;
  GuestLimits limits;
  GuestSystem system;
  std::string operation = "probe";
  milliseconds timeout = seconds(20);
  Result<Bytes> answer;
  bool guest_usable = false;

 private:
  std::shared_ptr<const GuestModule> probe_;
};

}  // namespace trellis::wapc::testing
