#include "lattice/cache/anti_entropy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/limits.hpp"

namespace trellis::lattice {
namespace {

constexpr std::int64_t today = 1'700'000'000'000;

/// A cache with the times of its values, as a host keeps it.
struct Cache {
  void write(const std::vector<CacheEvent>& events, std::int64_t at) {
    for (const auto& event : events) {
      if (*state.apply(event)) times.observe(event, at);
    }
  }
  void put_link(const std::string& name, const std::string& value, std::int64_t at) {
    write({CacheEvent::set("wclc:link_" + name, value), CacheEvent::set_add("wclc:links", name)},
          at);
  }
  void remove_link(const std::string& name, std::int64_t at) {
    write({CacheEvent::remove("wclc:link_" + name), CacheEvent::set_remove("wclc:links", name)},
          at);
  }
  /// Takes over everything the other has younger.
  void learn_from(const Cache& other, std::int64_t at) {
    for (const auto& message : other.times.all(other.state, "other", 4096)) {
      for (const auto& value : message.values) take(value, at);
    }
  }
  bool take(const TimedValue& value, std::int64_t at = today) {
    const auto events = times.merge(state, value, at);
    for (const auto& event : events) EXPECT_TRUE(state.apply(event));
    return !events.empty();
  }
  [[nodiscard]] std::string link(const std::string& name) const {
    const auto* value = state.scalar("wclc:link_" + name);
    const auto* listed = state.set("wclc:links");
    const bool is_listed = listed != nullptr && listed->contains(name);
    return (value == nullptr ? "-" : *value) + (is_listed ? "" : " unlisted");
  }
  [[nodiscard]] std::uint64_t digest() const { return AntiEntropy::digest(state); }

  CacheState state{{1U << 20U, 100000}};
  AntiEntropy times;
};

TEST(AntiEntropy, TheYoungerValueWinsOnBothSides) {
  Cache a;
  Cache b;
  a.put_link("1", "old", today);
  b.put_link("1", "new", today + 1);
  a.learn_from(b, today + 2);
  b.learn_from(a, today + 2);
  EXPECT_EQ(a.link("1"), "new");
  EXPECT_EQ(b.link("1"), "new");
  EXPECT_EQ(a.digest(), b.digest());
}

TEST(AntiEntropy, OfTheSameTimeBothSidesChooseTheSame) {
  Cache a;
  Cache b;
  a.put_link("1", "aaa", today);
  b.put_link("1", "bbb", today);
  const auto a_before = a;
  a.learn_from(b, today);
  b.learn_from(a_before, today);
  EXPECT_EQ(a.link("1"), "bbb");
  EXPECT_EQ(b.link("1"), "bbb");
}

TEST(AntiEntropy, AValueWinsOverItsRemovalOfTheSameTime) {
  Cache a;
  Cache b;
  a.put_link("1", "x", today);
  b.put_link("1", "x", today - 5);
  b.remove_link("1", today);
  const auto a_before = a;
  a.learn_from(b, today);
  b.learn_from(a_before, today);
  EXPECT_EQ(a.link("1"), "x");
  EXPECT_EQ(b.link("1"), "x");
}

TEST(AntiEntropy, RemovedLinksStayRemoved) {
  Cache a;
  Cache b;
  a.put_link("1", "x", today);
  b.put_link("1", "x", today);
  b.remove_link("1", today + 10);
  b.learn_from(a, today + 20);
  EXPECT_EQ(b.link("1"), "- unlisted");
  a.learn_from(b, today + 20);
  EXPECT_EQ(a.link("1"), "- unlisted");
  a.put_link("1", "again", today + 30);
  b.learn_from(a, today + 40);
  EXPECT_EQ(b.link("1"), "again");
}

TEST(AntiEntropy, ClaimsReferencesAndAliasesOnlyGrow) {
  Cache a;
  for (const std::string key : {"wclc:claims_M", "wclc:oci_r", "wclc:call_c"}) {
    a.write({CacheEvent::set(key, "x")}, today);
    EXPECT_FALSE(a.take({key, "", today + 1, true})) << key;
    EXPECT_NE(a.state.scalar(key), nullptr) << key;
  }
}

TEST(AntiEntropy, OnlyItsOwnFamiliesTakePart) {
  Cache a;
  EXPECT_FALSE(a.take({"wclc:links", "x", today, false}));
  EXPECT_FALSE(a.take({"somebody:else", "x", today, false}));
  EXPECT_FALSE(a.take({"", "", today, true}));
  EXPECT_EQ(a.state.values().size(), 0U);
}

TEST(AntiEntropy, AValueMissingFromItsListIsListedAgain) {
  Cache a;
  Cache b;
  a.put_link("1", "x", today);
  b.put_link("1", "x", today);
  b.write({CacheEvent::set_remove("wclc:links", "1")}, today);
  EXPECT_NE(a.digest(), b.digest());
  b.learn_from(a, today);
  EXPECT_EQ(b.link("1"), "x");
  EXPECT_EQ(a.digest(), b.digest());
}

TEST(AntiEntropy, AReplayIsOlderThanAnything) {
  Cache joined;
  joined.put_link("1", "from a replay", 0);
  EXPECT_TRUE(joined.take({"wclc:link_1", "known since", today - 1000, false}));
  EXPECT_EQ(joined.link("1"), "known since");
}

// A clock far ahead must not make a value that nobody can change any more.
TEST(AntiEntropy, TimesFromTheFutureAreCut) {
  Cache a;
  EXPECT_TRUE(a.take({"wclc:link_1", "future", today + 1'000'000'000, false}));
  EXPECT_FALSE(a.take({"wclc:link_1", "later", today + 60'000 - 1, false}, today + 60'000));
  EXPECT_TRUE(a.take({"wclc:link_1", "later", today + 60'001, false}, today + 60'001));
  EXPECT_EQ(a.link("1"), "later");
  EXPECT_TRUE(a.take({"wclc:link_2", "negative", -5, false}));
}

TEST(AntiEntropy, MessagesKeepToTheirSize) {
  Cache a;
  for (int i = 0; i < 100; ++i) a.put_link(std::to_string(i), std::string(50, 'x'), today);
  a.put_link("too large", std::string(5000, 'x'), today);
  const auto messages = a.times.all(a.state, "me", 1000);
  std::size_t values = 0;
  EXPECT_GT(messages.size(), 10U);
  for (const auto& message : messages) {
    values += message.values.size();
    EXPECT_EQ(message.origin_id, "me");
    EXPECT_EQ(message.digest, a.digest());
    EXPECT_LE(codec::encode(message).size(), 1000U);
  }
  EXPECT_EQ(values, 100U);
}

TEST(AntiEntropy, TheMemoryOfRemovalsIsBounded) {
  Cache a;
  for (std::size_t i = 0; i <= limits::cache_removals; ++i) {
    const auto name = std::to_string(i);
    a.put_link(name, "x", today);
    a.remove_link(name, today);
  }
  std::size_t remembered = 0;
  for (const auto& message : a.times.all(a.state, "me", 65536)) remembered += message.values.size();
  EXPECT_LE(remembered, limits::cache_removals);
}

// Whatever happened where and in which order, two rounds bring all to the same state.
TEST(AntiEntropy, AnyHistoriesConverge) {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same run each time
  for (int round = 0; round < 200; ++round) {
    std::array<Cache, 3> caches;
    for (int change = 0; change < 30; ++change) {
      auto& cache = caches.at(random() % caches.size());
      const auto name = std::to_string(random() % 4);
      const auto at = today + static_cast<std::int64_t>(random() % 8);
      if (random() % 3 == 0) {
        cache.remove_link(name, at);
      } else {
        cache.put_link(name, std::to_string(random() % 5), at);
      }
    }
    for (int turn = 0; turn < 2; ++turn) {
      for (auto& to : caches) {
        for (const auto& from : caches) {
          if (&to != &from) to.learn_from(from, today + 100);
        }
      }
    }
    EXPECT_EQ(caches[0].digest(), caches[1].digest()) << round;
    EXPECT_EQ(caches[1].digest(), caches[2].digest()) << round;
  }
}

}  // namespace
}  // namespace trellis::lattice
