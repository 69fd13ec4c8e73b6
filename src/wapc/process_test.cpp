// What is decided once per process: each test runs in a child of its own.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>

#include "wapc/probe_program.hpp"
#include "wapc/test_support.hpp"

namespace trellis::wapc {
namespace {

using namespace testing;

/// Ends the child with 0 when `body` gives an empty text, else with that text and 1.
[[noreturn]] void finish(const std::function<std::string()>& body) {
  std::string wrong;
  on_guest_thread([&] { wrong = body(); });
  std::fputs(wrong.c_str(), stderr);
  std::_Exit(wrong.empty() ? 0 : 1);
}

class Process : public ::testing::Test {
 protected:
  Process() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

std::string without_trap_handler() {
  const auto runtime = EngineRuntime::start({.trap_handler = false}).value();
  const auto module = GuestModule::compile(*runtime, read_guest("probe")).value();
  RecordingHost host;
  auto guest = module->instantiate(host).value();
  const auto fine = guest->call("x", Program().respond().bytes(), host, in(seconds(20)));
  if (!fine) return fine.error().message;
  const auto load = Program().op(Op::load, {memory_bytes}).bytes();
  const auto trap = guest->call("x", load, host, in(seconds(20)));
  return trap.error().message == "Guest call failure: [trap] out of bounds memory access"
             ? ""
             : trap.error().message;
}

TEST_F(Process, WorksWithoutTheTrapHandler) {
  EXPECT_EXIT(finish(without_trap_handler), ::testing::ExitedWithCode(0), "");
}

std::string with_little_address_space() {
  const auto runtime = EngineRuntime::start().value();
  const auto module = GuestModule::compile(*runtime, read_guest("echo")).value();
  RecordingHost host;
  auto first = module->instantiate(host);
  if (!first) return first.error().message;
  std::ifstream statm("/proc/self/statm");
  rlim_t pages = 0;
  statm >> pages;
  const rlim_t room = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + (rlim_t{5} << 30);
  const rlimit limit{room, room};
  if (setrlimit(RLIMIT_AS, &limit) != 0) return "setrlimit";
  const auto second = module->instantiate(host);
  if (second || second.error().code != ErrorCode::unavailable) return "no error";
  const auto still = (*first)->call("x", as_bytes("hi"), host, in(seconds(20)));
  return still ? "" : still.error().message;
}

TEST_F(Process, ShortAddressSpaceIsAnError) {
  EXPECT_EXIT(finish(with_little_address_space), ::testing::ExitedWithCode(0), "");
}

std::string with_three_instances() {
  const auto runtime = EngineRuntime::start({.max_instances = 3}).value();
  const auto module = GuestModule::compile(*runtime, read_guest("echo")).value();
  RecordingHost host;
  std::vector<std::unique_ptr<Guest>> all;
  for (int i = 0; i < 3; ++i) all.push_back(module->instantiate(host).value());
  const auto fourth = module->instantiate(host);
  if (fourth || fourth.error().code != ErrorCode::limit) return "no error";
  all.pop_back();
  const auto again = module->instantiate(host);
  return again ? "" : again.error().message;
}

TEST_F(Process, InstancesAreCapped) {
  EXPECT_EXIT(finish(with_three_instances), ::testing::ExitedWithCode(0), "");
}

std::string everything_in_any_order() {
  auto runtime = EngineRuntime::start().value();
  auto module = GuestModule::compile(*runtime, read_guest("echo")).value();
  RecordingHost host;
  auto guest = module->instantiate(host).value();
  runtime.reset();
  module.reset();
  const auto still = guest->call("x", as_bytes("hi"), host, in(seconds(20)));
  guest.reset();
  if (!still) return still.error().message;
  return EngineRuntime::start() ? "started twice" : "";
}

TEST_F(Process, OrderOfDestructionIsFree) {
  EXPECT_EXIT(finish(everything_in_any_order), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace trellis::wapc
