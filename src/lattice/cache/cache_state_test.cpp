#include "lattice/cache/cache_state.hpp"

#include <gtest/gtest.h>

namespace trellis::lattice {
namespace {

constexpr CacheLimits plenty{1U << 20U, 1000};

CacheState after(const std::vector<CacheEvent>& events, CacheLimits limits = plenty) {
  CacheState state(limits);
  for (const auto& event : events) EXPECT_TRUE(state.apply(event));
  return state;
}

TEST(CacheState, TheShortestListMakesTheSameState) {
  const auto state = after({
      CacheEvent::add("number", 5),
      CacheEvent::add("number", -5),
      CacheEvent::set("text", "old"),
      CacheEvent::set("text", "new"),
      CacheEvent::push("list", "a"),
      CacheEvent::push("list", "a"),
      CacheEvent::push("empty list", "a"),
      CacheEvent::list_remove("empty list", "a"),
      CacheEvent::set_add("set", "b"),
      CacheEvent::set_remove("empty set", "b"),
      CacheEvent::set("gone", "x"),
      CacheEvent::remove("gone"),
  });
  EXPECT_EQ(after(state.rebuild()).values(), state.values());
}

TEST(CacheState, WhatIsOfAnotherTypeDoesNothingButCounts) {
  auto state = after({CacheEvent::set("key", "text")});
  EXPECT_FALSE(*state.apply(CacheEvent::set_add("key", "member")));
  EXPECT_FALSE(state.would_change(CacheEvent::set_add("key", "member")));
  EXPECT_EQ(*state.scalar("key"), "text");
  EXPECT_EQ(state.hwm(), 2U);
}

TEST(CacheState, TheNewestAreGivenToWhoMissedThem) {
  const auto state =
      after({CacheEvent::set("a", "1"), CacheEvent::set("b", "2"), CacheEvent::set("c", "3")});
  EXPECT_EQ(state.since(3), std::vector<CacheEvent>{});
  EXPECT_EQ(state.since(2), std::vector<CacheEvent>{CacheEvent::set("c", "3")});
  EXPECT_EQ(state.since(0).size(), 3U);
  EXPECT_EQ(state.since(99), std::vector<CacheEvent>{});
}

TEST(CacheState, AFoldedHistoryIsReplacedByTheState) {
  std::vector<CacheEvent> many;
  for (int i = 0; i < 100; ++i) many.push_back(CacheEvent::set("same", std::to_string(i)));
  const auto state = after(many, {1U << 20U, 10});
  EXPECT_EQ(state.hwm(), 100U);
  EXPECT_EQ(after(state.since(0)).values(), state.values());
  EXPECT_EQ(state.since(99).size(), 1U);
}

TEST(CacheState, BytesAreBoundedAndRemovalsAlwaysFit) {
  CacheState state({2000, 100});
  int applied = 0;
  for (int i = 0; i < 100; ++i) {
    applied +=
        state.apply(CacheEvent::set("key" + std::to_string(i), std::string(50, 'x'))).has_value();
  }
  EXPECT_GT(applied, 3);
  EXPECT_LT(applied, 40);
  EXPECT_FALSE(state.apply(CacheEvent::set("more", std::string(3000, 'x'))));
  EXPECT_TRUE(*state.apply(CacheEvent::remove("key0")));
  EXPECT_TRUE(state.apply(CacheEvent::set("key0", "x")));
}

}  // namespace
}  // namespace trellis::lattice
