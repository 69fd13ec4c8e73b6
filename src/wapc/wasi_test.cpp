// The closed set of WASI and AssemblyScript's abort (contracts.md 1.10).
#include <algorithm>

#include "threads/blocking.hpp"
#include "wapc/probe_fixture.hpp"
#include "wapc/wasi_poll.hpp"

namespace trellis::wapc {
namespace {

using namespace testing;

class FixedClock final : public Clock {
 public:
  SteadyTime steady() const noexcept override { return SteadyTime(std::chrono::nanoseconds(77)); }
  WallTime wall() const noexcept override { return WallTime(std::chrono::seconds(1'700'000'000)); }
};

class CountingRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) noexcept override {
    for (auto& byte : out) byte = ++last_;
  }

 private:
  std::uint8_t last_ = 0;
};

class Wasi : public ProbeTest {
 protected:
  Wasi() { system = {&clock_, &random_}; }
  FixedClock clock_;
  CountingRandom random_;
};

constexpr std::uint32_t wild = 0xfffffff0;

TEST_F(Wasi, NoArgumentsAndNoEnvironment) {
  for (const Op op : {Op::args_sizes_get, Op::environ_sizes_get}) {
    Program program;
    program.op(Op::store, {scratch_at, 9}).op(Op::store, {scratch_at + 4, 9});
    run(program.op(op, {scratch_at, scratch_at + 4}).respond(scratch_at, 8));
    EXPECT_EQ(answer.value(), Bytes(8, 0));
    EXPECT_EQ(result_of(Program().op(op, {wild, scratch_at})), errno_fault);
    EXPECT_EQ(result_of(Program().op(op, {scratch_at, memory_bytes - 3})), errno_fault);
  }
  EXPECT_EQ(result_of(Program().op(Op::args_get, {wild, wild})), errno_success);
  EXPECT_EQ(result_of(Program().op(Op::environ_get, {wild, wild})), errno_success);
}

TEST_F(Wasi, Clocks) {
  run(Program().op(Op::clock_time_get, {0, 1, scratch_at}).respond(scratch_at, 8));
  const std::uint64_t wall = word_of(*answer) | std::uint64_t{word_of(*answer, 4)} << 32;
  EXPECT_EQ(wall, 1'700'000'000'000'000'000U);
  run(Program().op(Op::clock_time_get, {1, 1, scratch_at}).respond(scratch_at, 8));
  EXPECT_EQ(word_of(*answer), 77U);
  EXPECT_EQ(result_of(Program().op(Op::clock_res_get, {0, scratch_at})), errno_success);
  EXPECT_EQ(result_of(Program().op(Op::clock_time_get, {9, 1, scratch_at})), errno_inval);
  EXPECT_EQ(result_of(Program().op(Op::clock_res_get, {9, scratch_at})), errno_inval);
  EXPECT_EQ(result_of(Program().op(Op::clock_time_get, {0, 1, wild})), errno_fault);
  EXPECT_EQ(result_of(Program().op(Op::clock_res_get, {0, memory_bytes - 7})), errno_fault);
}

TEST_F(Wasi, Randomness) {
  run(Program().op(Op::random_get, {scratch_at, 5}).respond(scratch_at, 6));
  EXPECT_EQ(answer.value(), (Bytes{1, 2, 3, 4, 5, 0}));
  EXPECT_EQ(result_of(Program().op(Op::random_get, {memory_bytes - 4, 5})), errno_fault);
  EXPECT_EQ(result_of(Program().op(Op::random_get, {8, 0xffffffff})), errno_fault);
  EXPECT_EQ(result_of(Program().op(Op::random_get, {wild, 0})), errno_success);
}

TEST_F(Wasi, OutputGoesToTheLog) {
  Program program;
  const auto hello = program.data("hello ");
  const auto world = program.data("world\n");
  const auto both = program.words({hello, 6, world, 6, 0xffffffff, 0});
  program.op(Op::fd_write, {1, both, 3, scratch_at}).op(Op::fd_write, {2, both, 1, scratch_at + 4});
  run(program.respond(scratch_at, 8));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(word_of(*answer), 12U);
  EXPECT_EQ(word_of(*answer, 4), 6U);
  EXPECT_EQ(host.logs, std::vector<std::string>{"hello world"});
  EXPECT_EQ(host.errors, std::vector<std::string>{"hello "});
}

TEST_F(Wasi, OutputWithBadPointers) {
  Program program;
  const auto bad = program.words({memory_bytes - 2, 4});
  EXPECT_EQ(result_of(program.op(Op::fd_write, {1, bad, 1, scratch_at})), errno_fault);
  EXPECT_EQ(result_of(Program().op(Op::fd_write, {1, wild, 1, scratch_at})), errno_fault);
  EXPECT_EQ(result_of(Program().op(Op::fd_write, {1, memory_bytes - 4, 1, scratch_at})),
            errno_fault);
  EXPECT_EQ(result_of(Program().op(Op::fd_write, {1, 0xffffffff, 1, scratch_at})), errno_fault);
  EXPECT_EQ(result_of(Program().op(Op::fd_write, {1, scratch_at, 0, wild})), errno_fault);
  EXPECT_EQ(result_of(Program().op(Op::fd_write, {1, 0, 0xffffffff, scratch_at})), errno_inval);
  EXPECT_EQ(result_of(Program().op(Op::fd_write, {3, 0, 0, scratch_at})), errno_badf);
  EXPECT_EQ(result_of(Program().op(Op::fd_write, {0, 0, 0, scratch_at})), errno_badf);
  EXPECT_TRUE(host.logs.empty());
}

TEST_F(Wasi, DescriptorsReachNothing) {
  EXPECT_EQ(result_of(Program().op(Op::fd_read, {0, 0, 0, scratch_at})), errno_success);
  EXPECT_EQ(result_of(Program().op(Op::fd_read, {1, 0, 0, scratch_at})), errno_badf);
  EXPECT_EQ(result_of(Program().op(Op::fd_read, {0, 0, 0, wild})), errno_fault);
  EXPECT_EQ(result_of(Program().op(Op::fd_close, {2})), errno_success);
  EXPECT_EQ(result_of(Program().op(Op::fd_close, {3})), errno_badf);
  EXPECT_EQ(result_of(Program().op(Op::fd_seek, {1, 0, 0, scratch_at})), errno_spipe);
  EXPECT_EQ(result_of(Program().op(Op::fd_seek, {9, 0, 0, scratch_at})), errno_badf);
  EXPECT_EQ(result_of(Program().op(Op::fd_fdstat_set_flags, {1, 4})), errno_success);
  EXPECT_EQ(result_of(Program().op(Op::fd_prestat_get, {3, scratch_at})), errno_badf);
  EXPECT_EQ(result_of(Program().op(Op::fd_prestat_dir_name, {3, scratch_at, 4})), errno_badf);
  EXPECT_EQ(result_of(Program().op(Op::path_open, {3, 0, 0, 0, 0, 0, 0, 0, scratch_at})),
            errno_notcapable);
  EXPECT_EQ(result_of(Program().op(Op::sched_yield)), errno_success);
}

TEST_F(Wasi, StandardStreamsAreTerminals) {
  run(Program().op(Op::fd_fdstat_get, {1, scratch_at}).respond(scratch_at, 24));
  EXPECT_EQ(answer->at(0), 2);     // character device
  EXPECT_EQ(answer->at(8), 0x40);  // may be written
  EXPECT_EQ(result_of(Program().op(Op::fd_fdstat_get, {3, scratch_at})), errno_badf);
  EXPECT_EQ(result_of(Program().op(Op::fd_fdstat_get, {1, memory_bytes - 23})), errno_fault);
}

/// A subscription of preview1.
std::uint32_t subscription(Program& program, std::uint32_t type, std::uint32_t clock,
                           std::uint64_t timeout, std::uint32_t flags) {
  return program.words({0x55, 0, type, 0, clock, 0, static_cast<std::uint32_t>(timeout),
                        static_cast<std::uint32_t>(timeout >> 32), 0, 0, flags, 0});
}

TEST_F(Wasi, SleepingEndsWithAnEvent) {
  Program program;
  const auto one = subscription(program, 0, 1, 3'000'000, 0);
  const auto before = std::chrono::steady_clock::now();
  run(program.op(Op::poll_oneoff, {one, scratch_at, 1, scratch_at + 64}).respond(scratch_at, 68));
  EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds(3));
  EXPECT_EQ(word_of(*answer), 0x55U);
  EXPECT_EQ(word_of(*answer, 8), 0U) << "no error, type clock";
  EXPECT_EQ(word_of(*answer, 64), 1U);
}

TEST_F(Wasi, AbsoluteTimeThatIsPastDoesNotSleep) {
  Program program;
  const auto past = subscription(program, 0, 0, 1, 1);
  EXPECT_EQ(result_of(program.op(Op::poll_oneoff, {past, scratch_at, 1, scratch_at + 64})),
            errno_success);
}

TEST_F(Wasi, OtherSubscriptionsAreNotSupported) {
  Program program;
  const auto read = subscription(program, 1, 0, 0, 0);
  run(program.op(Op::poll_oneoff, {read, scratch_at, 1, scratch_at + 64}).respond(scratch_at, 12));
  EXPECT_EQ(word_of(*answer, 8), errno_notsup | 1U << 16);
}

TEST_F(Wasi, PollChecksItsRanges) {
  EXPECT_EQ(result_of(Program().op(Op::poll_oneoff, {0, 0, 0, 0})), errno_inval);
  EXPECT_EQ(result_of(Program().op(Op::poll_oneoff, {0, 0, 0xffffffff, 0})), errno_inval);
  EXPECT_EQ(result_of(Program().op(Op::poll_oneoff, {memory_bytes - 47, 0, 1, 0})), errno_fault);
  EXPECT_EQ(result_of(Program().op(Op::poll_oneoff, {0, memory_bytes - 31, 1, 0})), errno_fault);
  EXPECT_EQ(result_of(Program().op(Op::poll_oneoff, {0, 0, 1, memory_bytes - 3})), errno_fault);
}

TEST_F(Wasi, SleepersAreStoppedAtTheDeadline) {
  timeout = milliseconds(40);
  Program program;
  const auto hour = subscription(program, 0, 1, 3'600'000'000'000, 0);
  const auto before = std::chrono::steady_clock::now();
  error_of(program.op(Op::poll_oneoff, {hour, scratch_at, 1, scratch_at + 64}).respond());
  EXPECT_EQ(answer.error().code, ErrorCode::deadline);
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(30));
  EXPECT_FALSE(guest_usable);
}

/// A thread that has no spare to take its duties over.
class NoSpare final : public BlockingHooks {
 public:
  bool before_block() noexcept override { return false; }
  void after_block() noexcept override {}
};

TEST_F(Wasi, SleepingIsAnnouncedAndMayBeRefused) {
  Program program;
  const auto one = subscription(program, 0, 1, 3'600'000'000'000, 0);
  program.op(Op::poll_oneoff, {one, scratch_at, 1, scratch_at + 64}).respond();
  on_guest_thread([&] {
    NoSpare hooks;
    const ThreadBlockingHooks installed(&hooks);
    const auto outcome =
        instantiate(probe(), host)->call("x", program.bytes(), host, in(seconds(20)));
    EXPECT_EQ(word_of(outcome.value()), errno_again);
  });
}

TEST_F(Wasi, UnstableSubscriptionsHaveAnotherLayout) {
  const auto module = compile("sleeper_unstable");
  on_guest_thread([&] {
    const auto event = instantiate(*module, host)->call("x", {}, host, in(seconds(10)));
    ASSERT_TRUE(event.has_value()) << event.error().message;
    EXPECT_EQ(word_of(*event), 0x55667788U);
  });
}

TEST_F(Wasi, ExitEndsTheCall) {
  EXPECT_EQ(error_of(Program().op(Op::proc_exit, {0}).respond()),
            "Guest call failure: [trap] guest exited with code 0");
  EXPECT_FALSE(guest_usable);
}

/// An AssemblyScript string in the data of a program.
std::uint32_t managed(Program& program, std::u16string_view text) {
  const auto at = program.words({static_cast<std::uint32_t>(2 * text.size())}) + 4;
  std::string bytes;
  for (const char16_t unit : text) {
    bytes += static_cast<char>(unit & 0xff);
    bytes += static_cast<char>(unit >> 8);
  }
  if (bytes.size() % 4 != 0) bytes.append(2, '\0');
  program.data(bytes);
  return at;
}

TEST_F(Wasi, AbortTrapsWithItsText) {
  Program program;
  const auto message = managed(program, u"bad \u20ac \U0001f600");
  const auto file = managed(program, u"index.ts");
  EXPECT_EQ(error_of(program.op(Op::abort, {message, file, 12, 3}).respond()),
            "Guest call failure: [trap] abort: bad \xe2\x82\xac \xf0\x9f\x98\x80 at index.ts:12:3");
  EXPECT_EQ(host.errors.size(), 1U);
}

TEST_F(Wasi, AbortWithWildPointers) {
  for (const std::uint32_t pointer : {0U, 3U, 4U, memory_bytes, memory_bytes + 4, 0xffffffffU}) {
    EXPECT_EQ(error_of(Program().op(Op::abort, {pointer, pointer, 1, 2}).respond()),
              "Guest call failure: [trap] abort:  at :1:2")
        << pointer;
  }
  Program program;  // a length that leaves the memory
  program.op(Op::store, {memory_bytes - 8, 0xffffffff});
  EXPECT_EQ(error_of(program.op(Op::abort, {memory_bytes - 4, 0, 1, 2}).respond()),
            "Guest call failure: [trap] abort:  at :1:2");
}

}  // namespace
}  // namespace trellis::wapc
