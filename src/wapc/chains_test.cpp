// Guests calling guests on one thread, and instances changing threads.
#include <algorithm>
#include <mutex>
#include <thread>

#include "wapc/probe_fixture.hpp"

namespace trellis::wapc {
namespace {

using namespace testing;

/// Guests that call the next one, as nested calls of actors do.
class ChainHost final : public HostCalls {
 public:
  using Next = std::function<Result<Bytes>()>;
  explicit ChainHost(Next next) : next_(std::move(next)) {}
  Result<Bytes> host_call(std::string_view, std::string_view, std::string_view, ByteView) override {
    return next_();
  }
  void console_log(std::string_view) noexcept override {}

 private:
  Next next_;
};

class Chains : public ProbeTest {
 protected:
  // Many at one time, also where addresses have 32 bits.
  Chains() { limits.memory_pages = 16; }
  /// How deep a guest can recurse before it calls the host, on a fresh instance at this place.
  std::uint32_t deepest(HostCalls& calls) {
    std::uint32_t works = 0;
    for (std::uint32_t step = 1U << 16; step > 16; step /= 2) {
      auto guest = instantiate(probe(), calls);
      const auto outcome = guest->call("x", recursing(works + step), calls, in(seconds(60)));
      if (outcome.has_value()) works += step;
    }
    return works;
  }
  static Bytes recursing(std::uint32_t depth) {
    Program program;
    return program.op(Op::descend, {depth}).host_call("a", "b", "c", "").respond().bytes();
  }
};

TEST_F(Chains, TenGuestsEachRecursingAsDeepAsItCan) {
  on_guest_thread([&] {
    const std::uint32_t depth = deepest(host);
    ASSERT_GT(depth, 100U);
    std::size_t reached = 0;
    std::function<Result<Bytes>(std::size_t)> enter = [&](std::size_t level) -> Result<Bytes> {
      reached = std::max(reached, level);
      if (level == 10) return Bytes();
      ChainHost next([&] { return enter(level + 1); });
      auto guest = instantiate(probe(), next);
      if (!guest) return fail(ErrorCode::internal, "no guest");
      auto outcome = guest->call("x", recursing(depth), next, in(seconds(60)));
      EXPECT_TRUE(outcome.has_value()) << level << ": " << outcome.error().message;
      return outcome;
    };
    EXPECT_TRUE(enter(0).has_value());
    EXPECT_EQ(reached, 10U);
  });
}

TEST_F(Chains, TooDeepIsAnErrorNotACrash) {
  on_guest_thread([&] {
    // All instances are made first: making one needs stack as well.
    // Sanitizers are given more stack; where addresses have 32 bits not so many fit.
    constexpr std::size_t levels = sizeof(void*) == 4 ? 30 : 60;
    std::vector<std::unique_ptr<Guest>> guests;
    for (std::size_t i = 0; i < levels; ++i) guests.push_back(instantiate(probe(), host));
    const std::uint32_t depth = deepest(host);
    std::size_t reached = 0;
    Error refusal;
    std::function<Result<Bytes>(std::size_t)> enter = [&](std::size_t level) -> Result<Bytes> {
      if (level == levels) return Bytes();
      ChainHost next([&] { return enter(level + 1); });
      auto outcome = guests[level]->call("x", recursing(depth), next, in(seconds(60)));
      if (!outcome) {
        refusal = outcome.error();
        EXPECT_TRUE(guests[level]->usable()) << "it was not entered";
      } else {
        reached = std::max(reached, level);
      }
      return outcome;
    };
    EXPECT_TRUE(enter(0).has_value()) << "the caller of the refused one reads a host error";
    EXPECT_EQ(refusal.code, ErrorCode::limit);
    EXPECT_EQ(refusal.message, "Guest call failure: call chain too deep");
    EXPECT_GE(reached, 9U);
  });
}

TEST_F(Chains, KilledGuestDoesNotGoOnAfterItsHostCall) {
  host.answer = [&](auto...) {
    std::this_thread::sleep_for(milliseconds(60));
    return Result<Bytes>(Bytes());
  };
  timeout = milliseconds(20);
  Program program;
  program.host_call("a", "b", "c", "").op(Op::console_log, {0, 5});
  error_of(program.respond());
  EXPECT_EQ(answer.error().code, ErrorCode::deadline);
  EXPECT_TRUE(host.logs.empty());
  EXPECT_FALSE(guest_usable);
}

TEST_F(Chains, DeadlineInsideNestedCalls) {
  on_guest_thread([&] {
    auto outer = instantiate(probe(), host);
    auto middle = instantiate(probe(), host);
    auto inner = instantiate(probe(), host);
    Error inner_error;
    Error middle_error;
    const auto deadline = in(milliseconds(60));
    ChainHost to_inner([&] {
      auto outcome = inner->call("x", Program().op(Op::loop).bytes(), host, deadline);
      if (!outcome) inner_error = outcome.error();
      return outcome;
    });
    Program relay;
    relay.host_call("a", "b", "c", "").respond();
    ChainHost to_middle([&] {
      auto outcome = middle->call("x", relay.bytes(), to_inner, deadline);
      if (!outcome) middle_error = outcome.error();
      return outcome;
    });
    const auto outcome = outer->call("x", relay.bytes(), to_middle, deadline);
    EXPECT_EQ(outcome.error().code, ErrorCode::deadline);
    EXPECT_EQ(middle_error.code, ErrorCode::deadline);
    EXPECT_EQ(inner_error.code, ErrorCode::deadline);
    EXPECT_FALSE(outer->usable() || middle->usable() || inner->usable());
  });
}

TEST_F(Chains, CallerSurvivesADeadlineOfItsCallee) {
  on_guest_thread([&] {
    auto outer = instantiate(probe(), host);
    auto inner = instantiate(probe(), host);
    ChainHost to_inner([&] {
      return inner->call("x", Program().op(Op::loop).bytes(), host, in(milliseconds(30)));
    });
    Program relay;
    relay.host_call("a", "b", "c", "");
    const auto outcome = outer->call("x", relay.respond().bytes(), to_inner, in(seconds(60)));
    ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
    EXPECT_EQ(word_of(*outcome), 0U) << "it sees a host error";
    EXPECT_TRUE(outer->usable());
    EXPECT_FALSE(inner->usable());
  });
}

TEST_F(Chains, CallerSurvivesATrapOfItsCallee) {
  on_guest_thread([&] {
    auto outer = instantiate(probe(), host);
    auto inner = instantiate(probe(), host);
    ChainHost to_inner(
        [&] { return inner->call("x", Program().op(Op::recurse).bytes(), host, in(seconds(60))); });
    for (int i = 0; i < 3; ++i) {
      Program relay;
      relay.host_call("a", "b", "c", "").op(Op::host_error_len);
      const auto outcome = outer->call("x", relay.respond().bytes(), to_inner, in(seconds(60)));
      ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
      EXPECT_GT(word_of(*outcome), 0U);
    }
  });
}

TEST_F(Chains, TwoThreadsSwapInstances) {
  // Two instances, two threads; each takes whichever is free, under a lock of its owner.
  constexpr int rounds = 2000;
  std::mutex mutex;
  std::vector<std::unique_ptr<Guest>> idle;
  on_guest_thread([&] {
    for (int i = 0; i < 2; ++i) idle.push_back(instantiate(probe(), host));
  });
  const auto body = [&] {
    RecordingHost own;
    for (int i = 0; i < rounds; ++i) {
      std::unique_ptr<Guest> mine;
      {
        const std::scoped_lock lock(mutex);
        mine = std::move(idle.front());
        idle.erase(idle.begin());
      }
      Program program;
      program.host_call("a", "b", "c", "payload").op(Op::host_response_len).respond();
      const auto outcome = mine->call("x", program.bytes(), own, in(seconds(60)));
      EXPECT_TRUE(outcome.has_value());
      EXPECT_EQ(word_of(outcome.value_or(Bytes())), 7U);
      mine->idle();
      const std::scoped_lock lock(mutex);
      idle.push_back(std::move(mine));
    }
  };
  auto first = GuestThread::start("swap-1", body).value();
  auto second = GuestThread::start("swap-2", body).value();
  first.join();
  second.join();
  EXPECT_EQ(idle.size(), 2U);
}

TEST_F(Chains, HundredInstancesComeAndGo) {
  // Where addresses have 32 bits not so many fit; narrow_test.cpp looks at the last.
  constexpr int many = sizeof(void*) == 4 ? 9 : 90;
  on_guest_thread([&] {
    const auto before = runtime().instances();
    const auto module = compile("echo");
    {
      std::vector<std::unique_ptr<Guest>> all;
      for (int i = 0; i < many; ++i) all.push_back(instantiate(*module, host));
      EXPECT_EQ(runtime().instances(), before + many);
      for (auto& guest : all) {
        EXPECT_TRUE(guest->call("x", as_bytes("hi"), host, in(seconds(20))).has_value());
      }
    }
    EXPECT_EQ(runtime().instances(), before);
    for (int i = 0; i < 20; ++i) ASSERT_NE(instantiate(*module, host), nullptr);
    EXPECT_EQ(runtime().instances(), before);
  });
}

TEST_F(Chains, InstancesMayBeDestroyedOnAnyThread) {
  std::unique_ptr<Guest> guest;
  on_guest_thread([&] { guest = instantiate(probe(), host); });
  const auto before = runtime().instances();
  guest.reset();
  EXPECT_EQ(runtime().instances(), before - 1);
}

}  // namespace
}  // namespace trellis::wapc
