#include "actor/wait_graph.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace trellis::actor {
namespace {

/// A pool whose places chains hold, as the test says.
struct Pool final : Resource {
  explicit Pool(std::vector<std::uint64_t> chains, std::vector<std::uint64_t> reserve = {})
      : holders(std::move(chains)), reserve_holders(std::move(reserve)) {}
  void for_each_holder(bool nested,
                       const std::function<void(std::uint64_t)>& visit) const override {
    for (const auto chain : holders) visit(chain);
    if (!nested) return;
    for (const auto chain : reserve_holders) visit(chain);
  }
  std::vector<std::uint64_t> holders;
  std::vector<std::uint64_t> reserve_holders;  ///< of places that nested calls can get, too
};

/// One chain that waits for a pool. It cannot be moved: the graph keeps its address.
struct Waiting {
  Waiting(std::uint64_t chain, const Pool& pool, bool nested = false) {
    wait.chain = chain;
    wait.resource = &pool;
    wait.nested = nested;
  }
  Wait wait;
};

TEST(WaitGraph, AWaitForSomebodyWhoRunsMayBegin) {
  WaitGraph graph;
  const Pool pool({2});
  Waiting one(1, pool);
  EXPECT_TRUE(graph.enter(one.wait));
}

TEST(WaitGraph, AWaitForOneselfIsHopeless) {
  WaitGraph graph;
  const Pool pool({1});
  Waiting one(1, pool);
  EXPECT_FALSE(graph.enter(one.wait));
}

TEST(WaitGraph, TwoThatWaitForEachOtherAreFoundByTheSecond) {
  WaitGraph graph;
  const Pool a({1});
  const Pool b({2});
  Waiting first(1, b);
  Waiting second(2, a);
  EXPECT_TRUE(graph.enter(first.wait));
  EXPECT_FALSE(graph.enter(second.wait));
  graph.leave(first.wait);
  EXPECT_TRUE(graph.enter(second.wait)) << "the first gave up";
}

TEST(WaitGraph, ALoopOfManyIsFound) {
  WaitGraph graph;
  constexpr std::uint64_t length = 50;
  std::vector<std::unique_ptr<Pool>> pools;
  std::vector<std::unique_ptr<Waiting>> waits;
  // Chain i holds pool i and waits for pool i + 1; the last one closes the loop.
  for (std::uint64_t i = 0; i < length; ++i) {
    pools.push_back(std::make_unique<Pool>(std::vector<std::uint64_t>{i + 1}));
  }
  for (std::uint64_t i = 0; i < length; ++i) {
    waits.push_back(std::make_unique<Waiting>(i + 1, *pools[(i + 1) % length]));
    EXPECT_EQ(graph.enter(waits.back()->wait), i + 1 < length) << i;
  }
}

TEST(WaitGraph, OneHolderWhoRunsIsEnough) {
  WaitGraph graph;
  const Pool a({1, 3});  // 3 runs
  const Pool b({2});
  Waiting first(1, b);
  Waiting second(2, a);
  EXPECT_TRUE(graph.enter(first.wait));
  EXPECT_TRUE(graph.enter(second.wait));
}

TEST(WaitGraph, AWaitThatWasGrantedNoLongerCounts) {
  WaitGraph graph;
  const Pool a({1});
  const Pool b({2});
  Waiting first(1, b);
  Waiting second(2, a);
  ASSERT_TRUE(graph.enter(first.wait));
  first.wait.granted = true;  // it has its place and goes on, though it has not left yet
  EXPECT_TRUE(graph.enter(second.wait));
}

TEST(WaitGraph, APoolThatNobodyHoldsIsNoLoop) {
  WaitGraph graph;
  const Pool empty({});
  Waiting one(1, empty);
  EXPECT_TRUE(graph.enter(one.wait));
}

TEST(WaitGraph, NestedCallsSeeTheReserve) {
  WaitGraph graph;
  const Pool pool({1}, {2});  // 2 runs, in a place that only nested calls can get
  Waiting fresh(1, pool, false);
  EXPECT_FALSE(graph.enter(fresh.wait));
  Waiting nested(1, pool, true);
  EXPECT_TRUE(graph.enter(nested.wait));
}

TEST(WaitGraph, LeavingOneWaitLeavesTheOthersOfItsChain) {
  WaitGraph graph;
  const Pool a({1});
  const Pool b({2});
  const Pool c({3});
  Waiting first(1, b);
  Waiting other(1, c);
  ASSERT_TRUE(graph.enter(first.wait));
  ASSERT_TRUE(graph.enter(other.wait));
  graph.leave(other.wait);
  Waiting second(2, a);
  EXPECT_FALSE(graph.enter(second.wait));
}

}  // namespace
}  // namespace trellis::actor
