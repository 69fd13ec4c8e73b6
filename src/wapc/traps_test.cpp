// How guests fail, and that the host always has the last word (contracts.md 1.4, 1.9).
#include "wapc/probe_fixture.hpp"

namespace trellis::wapc {
namespace {

using namespace testing;

using Traps = ProbeTest;

struct Trap {
  const char* name;
  Op op;
  std::uint32_t argument;
  const char* text;
};

class EveryTrap : public ProbeTest, public ::testing::WithParamInterface<Trap> {};

constexpr std::array<Trap, 9> traps{{
    {"unreachable", Op::unreachable, 0, "unreachable executed"},
    {"divide", Op::divide, 0, "integer divide by zero"},
    {"divide_least", Op::divide_least, 1, "integer overflow"},
    {"truncate", Op::truncate, 0, "integer overflow"},
    {"load", Op::load, memory_bytes, "out of bounds memory access"},
    {"recurse", Op::recurse, 0, "stack overflow"},
    {"past_the_table", Op::call_indirect, 4, "undefined element"},
    {"empty_entry", Op::call_indirect, 0, "undefined element or indirect call type mismatch"},
    {"other_type", Op::call_indirect, 1, "undefined element or indirect call type mismatch"},
}};

TEST_P(EveryTrap, HasItsTextAndSpoilsTheInstance) {
  EXPECT_EQ(error_of(Program().op(GetParam().op, {GetParam().argument}).respond()),
            std::string("Guest call failure: [trap] ") + GetParam().text);
  EXPECT_EQ(answer.error().code, ErrorCode::guest_failed);
  EXPECT_FALSE(guest_usable);
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryTrap, ::testing::ValuesIn(traps),
                         [](const auto& named) { return std::string(named.param.name); });

TEST_F(Traps, SpoiledInstanceIsNotEnteredAgain) {
  on_guest_thread([&] {
    auto guest = instantiate(probe(), host);
    static_cast<void>(
        guest->call("x", Program().op(Op::unreachable).bytes(), host, in(seconds(5))));
    const auto again = guest->call("x", Program().respond().bytes(), host, in(seconds(5)));
    EXPECT_EQ(again.error().code, ErrorCode::not_started);
    EXPECT_TRUE(instantiate(probe(), host)
                    ->call("x", Program().respond().bytes(), host, in(seconds(5)))
                    .has_value())
        << "others of the module are not concerned";
  });
}

TEST_F(Traps, GuestThatCatchesEverythingIsStillStopped) {
  const auto module = compile("catches_all");
  on_guest_thread([&] {
    auto guest = instantiate(*module, host);
    const auto outcome = guest->call("x", {}, host, in(seconds(5)));
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().message,
              "Guest call failure: [trap] out of bounds memory access in __guest_response");
    EXPECT_TRUE(host.logs.empty()) << "no import serves a guest that has trapped";
    EXPECT_FALSE(guest->usable());
  });
}

TEST_F(Traps, UncaughtExceptionsAreTraps) {
  const auto module = compile("uncaught");
  on_guest_thread([&] {
    const auto outcome = instantiate(*module, host)->call("x", {}, host, in(seconds(5)));
    ASSERT_FALSE(outcome.has_value());
    EXPECT_TRUE(outcome.error().message.starts_with("Guest call failure: [trap] "))
        << outcome.error().message;
  });
}

TEST_F(Traps, EngineHeapIsBounded) {
  const auto module = compile("heap_bomb");
  on_guest_thread([&] {
    auto guest = instantiate(*module, host);
    const auto outcome = guest->call("x", {}, host, in(seconds(60)));
    ASSERT_FALSE(outcome.has_value());
    EXPECT_FALSE(guest->usable());
    // Which bound is met first, heap or stack, is the compiler's business.
    EXPECT_TRUE(outcome.error().code == ErrorCode::limit ||
                outcome.error().message.find("stack overflow") != std::string::npos)
        << outcome.error().message;
  });
}

TEST_F(Traps, EndlessLoopIsStoppedInTime) {
  timeout = milliseconds(50);
  on_guest_thread([&] {
    auto guest = instantiate(probe(), host);
    const auto before = std::chrono::steady_clock::now();
    const auto outcome = guest->call("x", Program().op(Op::loop).bytes(), host, in(timeout));
    const auto took = std::chrono::steady_clock::now() - before;
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().code, ErrorCode::deadline);
    EXPECT_EQ(outcome.error().message, "Guest call failure: stopped at the deadline of the call");
    EXPECT_GE(took, timeout);
    EXPECT_LT(took, 100 * timeout) << "bounded even on a busy machine";
    EXPECT_FALSE(guest->usable());
  });
}

TEST_F(Traps, EndlessHostCallsAreStopped) {
  timeout = milliseconds(50);
  error_of(Program().op(Op::console_log, {0, 0}).op(Op::back, {2}));
  EXPECT_EQ(answer.error().code, ErrorCode::deadline);
}

TEST_F(Traps, PassedDeadlineStopsAtOnce) {
  timeout = milliseconds(-1);
  error_of(Program().op(Op::loop));
  EXPECT_EQ(answer.error().code, ErrorCode::deadline);
}

TEST_F(Traps, LateKillNeverHitsTheNextCall) {
  // Calls that end about when their deadline passes, on instances that live on.
  on_guest_thread([&] {
    auto guest = instantiate(probe(), host);
    int killed = 0;
    for (int i = 0; i < 300; ++i) {
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::microseconds(i % 60);
      const auto racing = guest->call("x", Program().respond().bytes(), host, deadline);
      if (!guest->usable()) {
        ASSERT_EQ(racing.error().code, ErrorCode::deadline);
        guest = instantiate(probe(), host);
        if (++killed > 40) break;  // instances are dear
      }
      const auto next = guest->call("x", Program().respond().bytes(), host, in(seconds(20)));
      ASSERT_TRUE(next.has_value()) << next.error().message;
    }
  });
}

TEST_F(Traps, ResponsesOfOneCallAreBounded) {
  limits.payload_bytes = 256 * 1024;
  Program once;
  run(once.op(Op::guest_response, {0, 256 * 1024}).op(Op::end, {1}));
  EXPECT_TRUE(answer.has_value());
  EXPECT_EQ(error_of(Program().op(Op::guest_response, {0, 256 * 1024 + 1}).op(Op::end, {1})),
            "Guest call failure: [trap] responses of one call exceed 262144 bytes");
  EXPECT_EQ(answer.error().code, ErrorCode::limit);
  error_of(Program().op(Op::guest_response, {0, 1000}).op(Op::back, {2}));
  EXPECT_EQ(answer.error().code, ErrorCode::limit) << "a flood ends as well";
}

TEST_F(Traps, HostResponsesAreBounded) {
  limits.payload_bytes = 8192;
  host.answer = [](auto...) { return Result<Bytes>(Bytes(8193)); };
  EXPECT_EQ(result_of(Program().host_call("a", "b", "c", "")), 0U);
  host.answer = [](auto...) { return Result<Bytes>(Bytes(8192)); };
  EXPECT_EQ(result_of(Program().host_call("a", "b", "c", "")), 1U);
  Program large;
  EXPECT_EQ(result_of(large.op(Op::host_call, {0, 0, 0, 0, 0, 0, 0, 8193})), 0U);
}

TEST_F(Traps, LogOfOneCallIsBounded) {
  limits.log_bytes = 100;
  Program program;
  const auto text = program.data(std::string(60, 'x'));
  for (int i = 0; i < 4; ++i) program.op(Op::console_log, {text, 60});
  run(program.respond());
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(host.logs, (std::vector<std::string>{std::string(60, 'x'), std::string(40, 'x')}));
  EXPECT_EQ(host.errors,
            std::vector<std::string>{"140 more bytes of log text dropped (limit 100 per call)"});
}

TEST_F(Traps, LogFloodsAreBounded) {
  limits.log_bytes = 1000;
  timeout = milliseconds(50);
  error_of(Program().op(Op::console_log, {0, 0}).op(Op::back, {2}));
  EXPECT_EQ(answer.error().code, ErrorCode::deadline);
  EXPECT_EQ(host.logs.size(), 1000U) << "empty records count too";
}

TEST_F(Traps, MemoryGrowsToItsCapOnly) {
  limits.memory_pages = 20;
  EXPECT_EQ(result_of(Program().op(Op::memory_grow, {12})), 8U);
  EXPECT_EQ(result_of(Program().op(Op::memory_grow, {13})), 0xffffffffU);
  EXPECT_EQ(result_of(Program().op(Op::memory_grow, {65535})), 0xffffffffU);
}

TEST_F(Traps, TablesGrowToTheirCapOnly) {
  limits.table_elements = 50;
  EXPECT_EQ(result_of(Program().op(Op::table_grow, {46})), 4U);
  EXPECT_EQ(result_of(Program().op(Op::table_grow, {47})), 0xffffffffU);
  EXPECT_EQ(result_of(Program().op(Op::table_grow, {0x7fffffff})), 0xffffffffU);
}

}  // namespace
}  // namespace trellis::wapc
