// One guest call: every row of the table of contracts.md 1.4, and what happens around it.
#include "base/text.hpp"
#include "wapc/probe_fixture.hpp"

namespace trellis::wapc {
namespace {

using namespace testing;

using GuestCall = ProbeTest;

constexpr auto prefix = "Guest call failure: ";

TEST_F(GuestCall, AnswersWithItsPayload) {
  const auto module = compile("echo");
  on_guest_thread([&] {
    auto guest = instantiate(*module, host);
    for (int i = 0; i < 200; ++i) {
      const auto payload = "hello " + std::to_string(i);
      const auto echoed = guest->call("Echo", as_bytes(payload), host, in(seconds(5)));
      ASSERT_TRUE(echoed.has_value()) << echoed.error().message;
      EXPECT_EQ(as_text(*echoed), payload);
      guest->idle();
    }
    EXPECT_TRUE(guest->usable());
  });
}

TEST_F(GuestCall, SmallestGuestIsHealthy) {
  const auto module = compile("minimal");
  on_guest_thread([&] {
    const auto health = instantiate(*module, host)->call("HealthRequest", {}, host, in(seconds(5)));
    ASSERT_TRUE(health.has_value());
    EXPECT_EQ(to_hex_lower(*health), "82a76865616c746879c3a76d657373616765a0");
  });
}

TEST_F(GuestCall, ResponseWins) {
  run(Program().op(Op::guest_response, {payload_at, 4}).op(Op::end, {1}));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->size(), 4U);
  Program both;
  both.op(Op::guest_error, {both.data("ignored"), 7});
  run(both.respond());
  EXPECT_TRUE(answer.has_value());
}

TEST_F(GuestCall, AnyNonZeroIsSuccess) {
  run(Program().op(Op::guest_response, {0, 0}).op(Op::end, {7}));
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->empty());
  run(Program().op(Op::guest_response, {0, 0}).op(Op::end, {0x80000000}));
  EXPECT_TRUE(answer.has_value());
}

TEST_F(GuestCall, LaterResponseReplacesEarlier) {
  Program program;
  const auto first = program.data("first");
  const auto second = program.data("2nd");
  run(program.op(Op::guest_response, {first, 5}).respond(second, 3));
  EXPECT_EQ(as_text(answer.value()), "2nd");
}

TEST_F(GuestCall, FailureWithErrorText) {
  Program program;
  program.op(Op::guest_error, {program.data("no such thing"), 13}).op(Op::end, {0});
  EXPECT_EQ(error_of(program), prefix + std::string("no such thing"));
  EXPECT_EQ(answer.error().code, ErrorCode::guest_failed);
  EXPECT_TRUE(guest_usable) << "an error of its own does not poison an instance";
}

TEST_F(GuestCall, FailureUsesErrorThoughResponseIsSet) {
  Program program;
  program.op(Op::guest_response, {0, 4}).op(Op::guest_error, {program.data("bad"), 3}).op(Op::end);
  EXPECT_EQ(error_of(program), prefix + std::string("bad"));
}

TEST_F(GuestCall, FailureWithoutText) {
  EXPECT_EQ(error_of(Program().op(Op::end, {0})),
            prefix + std::string("No error message set for call failure"));
  EXPECT_EQ(error_of(Program().op(Op::guest_response, {0, 4}).op(Op::end, {0})),
            prefix + std::string("No error message set for call failure"));
}

TEST_F(GuestCall, SuccessWithErrorOnlyIsFailure) {
  Program program;
  program.op(Op::guest_error, {program.data("oops"), 4}).op(Op::end, {1});
  EXPECT_EQ(error_of(program), prefix + std::string("oops"));
}

TEST_F(GuestCall, SuccessWithoutAnything) {
  EXPECT_EQ(error_of(Program().op(Op::end, {1})),
            prefix + std::string("No error message OR response set for call success"));
}

TEST_F(GuestCall, StateIsClearedBetweenCalls) {
  on_guest_thread([&] {
    auto guest = instantiate(probe(), host);
    Program first;
    first.op(Op::guest_error, {first.data("mine"), 4}).host_call("b", "n", "o", "p").respond();
    EXPECT_TRUE(guest->call("x", first.bytes(), host, in(seconds(5))).has_value());
    const auto second = guest->call("x", Program().op(Op::end, {1}).bytes(), host, in(seconds(5)));
    EXPECT_EQ(second.error().message,
              prefix + std::string("No error message OR response set for call success"));
    const auto third = guest->call("x", Program().op(Op::host_response_len).respond().bytes(), host,
                                   in(seconds(5)));
    EXPECT_EQ(word_of(third.value()), 0U) << "no host response of an earlier call";
  });
}

TEST_F(GuestCall, OperationReachesTheGuest) {
  operation = "Some.Operation";
  run(Program().respond(operation_at, 14));
  EXPECT_EQ(as_text(answer.value()), "Some.Operation");
}

TEST_F(GuestCall, BadUtf8InErrorIsReplaced) {
  Program program;
  program.op(Op::guest_error, {program.data("a\xff\x62"), 3}).op(Op::end);
  EXPECT_EQ(error_of(program), prefix + std::string("a\xef\xbf\xbd\x62"));
}

TEST_F(GuestCall, LongErrorIsCutBetweenCharacters) {
  limits.error_bytes = 5;
  Program program;
  program.op(Op::guest_error, {program.data("abc\xe2\x82\xac tail"), 11}).op(Op::end);
  EXPECT_EQ(error_of(program), prefix + std::string("abc"));
}

TEST_F(GuestCall, HostCallRoundTrip) {
  std::vector<std::string> seen;
  host.answer = [&](std::string_view b, std::string_view n, std::string_view o, ByteView p) {
    seen = {std::string(b), std::string(n), std::string(o), std::string(as_text(p))};
    return Result<Bytes>(to_bytes("host says"));
  };
  Program program;
  program.host_call("default", "wasmcloud:keyvalue", "Add", "payload")
      .op(Op::host_response_len)
      .op(Op::host_response, {scratch_at});
  run(program.respond(scratch_at, 9));
  EXPECT_EQ(as_text(answer.value()), "host says");
  EXPECT_EQ(seen, (std::vector<std::string>{"default", "wasmcloud:keyvalue", "Add", "payload"}));
}

TEST_F(GuestCall, HostErrorRoundTrip) {
  host.answer = [](auto...) { return Result<Bytes>(fail(ErrorCode::denied, "not allowed")); };
  EXPECT_EQ(result_of(Program().host_call("a", "b", "c", "")), 0U);
  EXPECT_EQ(result_of(Program().host_call("a", "b", "c", "").op(Op::host_error_len)), 11U);
  EXPECT_EQ(result_of(Program().host_call("a", "b", "c", "").op(Op::host_response_len)), 0U);
  run(Program()
          .host_call("a", "b", "c", "")
          .op(Op::host_error, {scratch_at})
          .respond(scratch_at, 11));
  EXPECT_EQ(as_text(answer.value()), "not allowed");
}

TEST_F(GuestCall, NextHostCallClearsTheOutcome) {
  int calls = 0;
  host.answer = [&](auto...) {
    return ++calls % 2 == 1 ? Result<Bytes>(to_bytes("yes"))
                            : Result<Bytes>(fail(ErrorCode::denied, "no"));
  };
  Program twice;
  twice.host_call("a", "b", "c", "").host_call("a", "b", "c", "").op(Op::host_response_len);
  EXPECT_EQ(result_of(twice), 0U);
  EXPECT_EQ(calls, 2);
}

TEST_F(GuestCall, InvalidUtf8InHostCallIsAnErrorForTheGuest) {
  bool asked = false;
  host.answer = [&](auto...) {
    asked = true;
    return Result<Bytes>(Bytes());
  };
  for (const int bad : {0, 1, 2}) {
    const auto text = [&](int at) {
      return at == bad ? std::string("\xc0\xaf") : std::string("ok");
    };
    Program program;
    program.host_call(text(0), text(1), text(2), "\xff").op(Op::host_error, {scratch_at});
    run(program.respond(scratch_at, 26));
    EXPECT_EQ(as_text(answer.value()), "invalid UTF-8 in host call");
  }
  EXPECT_FALSE(asked);
}

TEST_F(GuestCall, NamesInHostCallsAreBounded) {
  EXPECT_EQ(result_of(Program().host_call(std::string(257, 'x'), "n", "o", "")), 0U);
  EXPECT_EQ(result_of(Program().host_call(std::string(256, 'x'), "n", "o", "")), 1U);
}

TEST_F(GuestCall, LogIsRepairedAndEmptyTextIsLogged) {
  Program program;
  program.op(Op::console_log, {program.data("caf\xc3\xa9"), 5})
      .op(Op::console_log, {program.data("\xff!"), 2})
      .op(Op::console_log, {0xffffffff, 0});
  run(program.respond());
  EXPECT_EQ(host.logs, (std::vector<std::string>{"café", "\xef\xbf\xbd!", ""}));
}

TEST_F(GuestCall, WasmbusNamesLink) {
  const auto module = compile("wasmbus");
  on_guest_thread([&] {
    const auto echoed = instantiate(*module, host)
                            ->call("HttpServer.HandleRequest", as_bytes("x"), host, in(seconds(5)));
    EXPECT_EQ(as_text(echoed.value()), "x");
  });
}

TEST_F(GuestCall, ReentryIsRefused) {
  on_guest_thread([&] {
    auto guest = instantiate(probe(), host);
    Result<Bytes> inner;
    host.answer = [&](auto...) {
      inner = guest->call("again", Program().respond().bytes(), host, in(seconds(5)));
      return Result<Bytes>(Bytes());
    };
    const auto outer = guest->call("x", Program().host_call("a", "b", "c", "").respond().bytes(),
                                   host, in(seconds(5)));
    EXPECT_TRUE(outer.has_value());
    EXPECT_EQ(inner.error().code, ErrorCode::busy);
  });
}

TEST_F(GuestCall, OtherThreadsAreRefused) {
  EXPECT_EQ(probe().instantiate(host).error().code, ErrorCode::invalid_argument);
  std::unique_ptr<Guest> guest;
  on_guest_thread([&] { guest = instantiate(probe(), host); });
  const auto refused = guest->call("x", Program().respond().bytes(), host, in(seconds(5)));
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(refused.error().message.find("GuestThread"), std::string::npos);
  EXPECT_TRUE(guest->usable());
}

TEST_F(GuestCall, LargeRequestIsRefused) {
  limits.payload_bytes = 8192;
  on_guest_thread([&] {
    auto guest = instantiate(*compile("echo", limits), host);
    EXPECT_TRUE(guest->call("x", Bytes(8192), host, in(seconds(5))).has_value());
    EXPECT_EQ(guest->call("x", Bytes(8193), host, in(seconds(5))).error().code, ErrorCode::limit);
    EXPECT_EQ(guest->call(std::string(257, 'x'), {}, host, in(seconds(5))).error().code,
              ErrorCode::limit);
    EXPECT_TRUE(guest->usable());
  });
}

/// What compilers make of loops today: 128-bit vectors, bulk memory.
TEST_F(GuestCall, VectorAndBulkInstructionsRun) {
  const auto module = compile("vectors");
  on_guest_thread([&] {
    auto guest = instantiate(*module, host);
    for (const std::string_view text : {"abcdefghijklmnop", "HAL", ""}) {
      const auto outcome = guest->call("x", as_bytes(text), host, in(seconds(60)));
      ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
      std::string expected(text);
      for (auto& letter : expected) ++letter;
      EXPECT_EQ(as_text(*outcome), expected);
    }
  });
}

}  // namespace
}  // namespace trellis::wapc
