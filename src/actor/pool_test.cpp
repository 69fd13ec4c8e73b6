#include "actor/pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <thread>
#include <vector>

namespace trellis::actor {
namespace {

using std::chrono::milliseconds;

/// An instance that only knows whether it is poisoned and whether two calls met in it.
class FakeGuest final : public wapc::Guest {
 public:
  Result<Bytes> call(std::string_view, ByteView, wapc::HostCalls&, SteadyTime) override {
    return Bytes{};
  }
  bool usable() const noexcept override { return usable_; }
  void idle() noexcept override {}

  bool usable_ = true;
  std::atomic<int> users{0};
};

FakeGuest& fake(Pool::Lease& lease) {
  return static_cast<FakeGuest&>(lease.guest());
}

SteadyTime in(milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

CallContext chain(std::uint64_t id, std::uint32_t depth = 0,
                  milliseconds time = milliseconds(20000)) {
  CallContext context;
  context.chain_id = id;
  context.depth = depth;
  context.deadline = in(time);
  return context;
}

/// Until so many calls are in line; chains have far more time than this ever takes.
void wait_for_line(const Pool& pool, std::size_t calls) {
  const auto end = in(milliseconds(20000));
  while (pool.waiting() < calls && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  ASSERT_EQ(pool.waiting(), calls);
}

struct PoolFixture : testing::Test {
  WaitGraph graph;
  std::atomic<int> made{0};

  std::unique_ptr<Pool> pool(PoolLimits limits, std::string name = "M") {
    return std::make_unique<Pool>(
        std::move(name), limits,
        [this]() -> Result<std::unique_ptr<wapc::Guest>> {
          ++made;
          return std::make_unique<FakeGuest>();
        },
        graph);
  }
};

TEST_F(PoolFixture, MakesInstancesOnDemandUpToTheMaximum) {
  auto p = pool({.minimum = 1, .maximum = 2, .reserve = 0, .waiters = 0});
  ASSERT_TRUE(p->fill());
  EXPECT_EQ(made, 1);
  auto a = p->take(chain(1));
  auto b = p->take(chain(2));
  ASSERT_TRUE(a && b);
  EXPECT_EQ(made, 2);
  auto c = p->take(chain(3));
  ASSERT_FALSE(c);
  EXPECT_EQ(c.error().code, ErrorCode::busy);
  EXPECT_EQ(p->statistics().busy, 2U);
}

TEST_F(PoolFixture, AWaiterGetsThePlaceThatIsGivenBack) {
  auto p = pool({.minimum = 1, .maximum = 1, .reserve = 0, .waiters = 8});
  auto first = std::make_unique<Result<Pool::Lease>>(p->take(chain(1)));
  ASSERT_TRUE(*first);
  auto waiting = std::async(std::launch::async, [&] { return p->take(chain(2)).has_value(); });
  wait_for_line(*p, 1);
  EXPECT_EQ(waiting.wait_for(milliseconds(0)), std::future_status::timeout);
  first.reset();
  EXPECT_TRUE(waiting.get());
  EXPECT_EQ(made, 1);
}

TEST_F(PoolFixture, AWaitEndsAtItsDeadline) {
  auto p = pool({.minimum = 1, .maximum = 1, .reserve = 0, .waiters = 8});
  auto held = p->take(chain(1));
  auto late = p->take(chain(2, 0, milliseconds(20)));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::deadline);
}

TEST_F(PoolFixture, ASpoiltInstanceIsDroppedAndItsPlaceFilledAgain) {
  auto p = pool({.minimum = 1, .maximum = 1, .reserve = 0, .waiters = 8});
  {
    auto lease = p->take(chain(1));
    fake(*lease).usable_ = false;
  }
  EXPECT_EQ(p->statistics().alive, 0U);
  EXPECT_EQ(p->statistics().replaced, 1U);
  auto again = p->take(chain(2));
  ASSERT_TRUE(again);
  EXPECT_TRUE(fake(*again).usable_);
  EXPECT_EQ(made, 2);
}

TEST_F(PoolFixture, OnlyNestedCallsUseTheReserve) {
  auto p = pool({.minimum = 1, .maximum = 1, .reserve = 1, .waiters = 0});
  auto outer = p->take(chain(1));
  EXPECT_FALSE(p->take(chain(2)));
  auto nested = p->take(chain(1, 1));
  EXPECT_TRUE(nested);
}

TEST_F(PoolFixture, ASerialActorRefusesReEntryAtOnce) {
  auto p = pool({.minimum = 1, .maximum = 1, .reserve = 0, .waiters = 8}, "MSERIAL");
  auto outer = p->take(chain(7));
  auto inner = p->take(chain(7, 1));
  ASSERT_FALSE(inner);
  EXPECT_EQ(inner.error().message, "actor MSERIAL is already executing a call in this chain");
}

// A→B beside B→A with one instance each: without the wait-for graph both would wait for ever.
TEST_F(PoolFixture, OpposedChainsAreFoundWhenTheyWouldWaitForEachOther) {
  auto a = pool({.minimum = 1, .maximum = 1, .reserve = 0, .waiters = 8}, "MA");
  auto b = pool({.minimum = 1, .maximum = 1, .reserve = 0, .waiters = 8}, "MB");
  for (int round = 0; round < 20; ++round) {
    std::latch both_hold(2);
    auto run = [&](Pool& first, Pool& second, std::uint64_t id) {
      auto outer = first.take(chain(id));
      EXPECT_TRUE(outer);
      both_hold.arrive_and_wait();
      auto inner = second.take(chain(id, 1));
      return inner ? std::string() : inner.error().message;
    };
    auto one = std::async(std::launch::async, [&] { return run(*a, *b, 1); });
    auto two = std::async(std::launch::async, [&] { return run(*b, *a, 2); });
    const auto first = one.get();
    const auto second = two.get();
    // The later one is refused, and the other gets what it gives back.
    EXPECT_NE(first.empty(), second.empty()) << first << " / " << second;
    EXPECT_TRUE((first + second).ends_with("is already executing a call in this chain"));
  }
}

TEST_F(PoolFixture, ALongLoopIsRefusedButALongLineIsNot) {
  std::vector<std::unique_ptr<Pool>> pools;
  for (int i = 0; i < 5; ++i) pools.push_back(pool({.minimum = 1, .maximum = 1, .waiters = 8}));
  // Chain i holds pool i and waits for pool i+1; the last one runs, so nobody is refused.
  std::vector<std::future<bool>> waits;
  std::vector<std::unique_ptr<Result<Pool::Lease>>> held;
  for (std::uint64_t i = 0; i < 5; ++i) {
    held.push_back(std::make_unique<Result<Pool::Lease>>(pools[i]->take(chain(100 + i))));
  }
  for (std::uint64_t i = 0; i < 4; ++i) {
    waits.push_back(std::async(std::launch::async, [&, i] {
      const bool got = pools[i + 1]->take(chain(100 + i, 1)).has_value();
      held[i].reset();
      return got;
    }));
  }
  for (std::size_t i = 1; i < 5; ++i) wait_for_line(*pools[i], 1);
  // Chain 104 would close the loop.
  auto closing = pools[0]->take(chain(104, 1));
  EXPECT_FALSE(closing);
  held[4].reset();
  for (auto& wait : waits) EXPECT_TRUE(wait.get());
}

TEST_F(PoolFixture, NestedCallsGoBeforeNewOnes) {
  auto p = pool({.minimum = 1, .maximum = 1, .reserve = 0, .waiters = 8});
  auto held = std::make_unique<Result<Pool::Lease>>(p->take(chain(1)));
  std::vector<int> order;
  auto wait = [&](std::uint32_t depth, int number) {
    auto lease = p->take(chain(static_cast<std::uint64_t>(number) + 10, depth));
    EXPECT_TRUE(lease);
    order.push_back(number);  // the lease makes it exclusive
  };
  std::thread fresh([&] { wait(0, 1); });
  wait_for_line(*p, 1);
  std::thread nested([&] { wait(1, 2); });
  wait_for_line(*p, 2);
  held.reset();
  fresh.join();
  nested.join();
  EXPECT_EQ(order, (std::vector<int>{2, 1}));
}

TEST_F(PoolFixture, ClosingWakesThoseThatWait) {
  auto p = pool({.minimum = 1, .maximum = 1, .reserve = 0, .waiters = 8});
  auto held = p->take(chain(1));
  auto waiting = std::async(std::launch::async, [&] {
    auto lease = p->take(chain(2));
    return lease ? ErrorCode::internal : lease.error().code;
  });
  wait_for_line(*p, 1);
  p->close();
  EXPECT_EQ(waiting.get(), ErrorCode::cancelled);
  EXPECT_FALSE(p->drain(in(milliseconds(10))));
}

TEST_F(PoolFixture, ManyThreadsNeverMeetInOneInstanceAndNoneIsForgotten) {
  auto p = pool({.minimum = 1, .maximum = 3, .reserve = 1, .waiters = 64});
  std::atomic<int> met{0};
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        auto lease = p->take(chain(static_cast<std::uint64_t>(t) + 1, t % 2 == 0 ? 0 : 1));
        if (!lease) {
          ++failed;
          continue;
        }
        auto& guest = fake(*lease);
        met += guest.users.fetch_add(1) != 0;
        if (i % 97 == 0) guest.usable_ = false;
        guest.users.fetch_sub(1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(met, 0);
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(p->statistics().calls, 16000U);
  EXPECT_EQ(p->statistics().busy, 0U);
  EXPECT_TRUE(p->drain(in(milliseconds(10))));
}

}  // namespace
}  // namespace trellis::actor
