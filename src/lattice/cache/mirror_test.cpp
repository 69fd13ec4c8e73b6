// Mirror over a store of the test's own, for what only that can show; the rest is in
// providers/redis/cache_store_test.cpp.
#include "lattice/cache/mirror.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/capture_log.hpp"
#include "support/test_clock.hpp"

namespace trellis::lattice {
namespace {

using namespace std::chrono_literals;

LinkDefinition mirrored_link(const std::string& actor) {
  return {actor, "VPROVIDER", "default", "wasmcloud:httpserver", {{"PORT", "1"}}};
}

/// A store in memory; what happens in it is the test's.
struct FakeStore final : CacheStore {
  using Texts = std::vector<std::optional<std::string>>;

  std::string name() const override { return "a store"; }
  Result<Revision> revision(SteadyTime) override { return told; }
  Result<std::vector<std::string>> members(const std::string& set, SteadyTime) override {
    const auto& all = sets[set];
    std::vector<std::string> made(all.begin(), all.end());
    if (on_members) on_members(set);
    return made;
  }
  Result<Texts> texts(const std::vector<std::string>& keys, SteadyTime) override {
    Texts all;
    for (const auto& key : keys) {
      const auto found = scalars.find(key);
      all.push_back(found == scalars.end() ? default_text : std::optional(found->second));
    }
    return all;
  }
  Result<void> set_text(const std::string& key, const std::string& text, SteadyTime) override {
    return write(key, [&] { scalars[key] = text; });
  }
  Result<void> remove_text(const std::string& key, SteadyTime) override {
    return write(key, [&] { scalars.erase(key); });
  }
  Result<void> add_member(const std::string& set, const std::string& member, SteadyTime) override {
    return write(set, [&] { sets[set].insert(member); });
  }
  Result<void> remove_member(const std::string& set, const std::string& member,
                             SteadyTime) override {
    return write(set, [&] { sets[set].erase(member); });
  }
  Result<void> claim(const std::string& key, const std::string& text, SteadyTime) override {
    scalars.emplace(key, text);
    return {};
  }
  std::uint64_t refused() const override { return 0; }
  void cancel() noexcept override {}

  Revision told;
  std::map<std::string, std::string> scalars;
  std::map<std::string, std::set<std::string>> sets;
  std::function<void(const std::string&)> on_members;
  std::optional<std::string> default_text;
  std::vector<std::string> order;
  int writes = 0;
  int fails_at = 0;  ///< which write fails; 0: none

 private:
  template <class Change>
  Result<void> write(const std::string& key, const Change& change) {
    if (++writes == fails_at) return fail(ErrorCode::unavailable, "away");
    order.push_back(key);
    change();
    return {};
  }
};

struct Mirroring : testing::Test {
  Result<void> look() { return mirror.look({}); }
  std::size_t links() { return cache.links().size(); }

  std::shared_ptr<test::TestClock> clock = std::make_shared<test::TestClock>();
  std::shared_ptr<test::CaptureLog> log = std::make_shared<test::CaptureLog>();
  std::unique_ptr<FakeStore> made = std::make_unique<FakeStore>();
  FakeStore& store = *made;
  Replicator cache{nullptr,
                   {.events_subject = {},
                    .replay_subject = {},
                    .on_write = [this](const CacheEvent& event) { mirror.wrote(event); }},
                   clock,
                   [](const EntryChange&) {},
                   [](const std::function<void()>&) { return false; },
                   Log(log, "test")};
  CacheMirror mirror{std::move(made), cache, 1s, clock, Log(log, "test")};
};

TEST_F(Mirroring, WhatIsWrittenDuringALookIsNotTakenForRemoved) {
  cache.put_link(mirrored_link("MA"));
  ASSERT_TRUE(look());
  store.on_members = [&](const std::string& set) {
    if (set != link_index) return;
    cache.put_link(mirrored_link("MB"));
    cache.remove_link(mirrored_link("MA"));
  };
  ASSERT_TRUE(look());
  store.on_members = nullptr;
  ASSERT_EQ(links(), 1U);
  EXPECT_EQ(cache.links().front().actor_id, "MB");
  ASSERT_TRUE(look());
  EXPECT_EQ(store.sets["wclc:links"], std::set{hash_text(mirrored_link("MB"))});
  EXPECT_EQ(store.scalars.size(), 1U);
}

TEST_F(Mirroring, AWriteThatFailsHalfwayIsMadeAgain) {
  store.fails_at = 2;  // the text was written, its index was not
  cache.put_link(mirrored_link("MA"));
  cache.put_link(mirrored_link("MB"));
  ASSERT_FALSE(look());
  EXPECT_EQ(links(), 2U);
  ASSERT_TRUE(look());
  EXPECT_EQ(links(), 2U);
  EXPECT_EQ(store.sets["wclc:links"].size(), 2U);
}

TEST_F(Mirroring, ManyChangesOfOneEntryAreWrittenOnceTextFirst) {
  for (int i = 0; i < 100; ++i) {
    cache.remove_link(mirrored_link("MA"));
    cache.put_link(mirrored_link("MA"));
  }
  ASSERT_TRUE(look());
  const auto text = "wclc:link_" + hash_text(mirrored_link("MA"));
  EXPECT_EQ(store.order, (std::vector<std::string>{text, "wclc:links"}));
}

TEST_F(Mirroring, AServerThatSeemsNewEachTimeIsBelievedInTheEnd) {
  cache.put_link(mirrored_link("MA"));
  for (int i = 0; i < 1100; ++i) {
    store.told.server = std::to_string(i);
    ASSERT_TRUE(look());
  }
  store.sets.clear();
  store.scalars.clear();
  store.told.server = "another";
  ASSERT_TRUE(look());
  EXPECT_EQ(links(), 0U);
}

TEST_F(Mirroring, AnIndexBeyondBoundsChangesNothing) {
  cache.put_link(mirrored_link("MA"));
  ASSERT_TRUE(look());
  store.sets["wclc:links"].clear();
  store.sets["wclc:links"].insert(std::string(5000, 'x'));
  for (int i = 0; i < 300; ++i) store.sets["wclc:links"].insert(std::to_string(i));
  store.default_text = std::string((std::size_t{2} << 20) + 1, 'x');  // the first 128 are too much
  ASSERT_TRUE(look());
  EXPECT_EQ(links(), 1U);
  EXPECT_EQ(log->count("wclc:links is left out"), 1U);
  EXPECT_GE(mirror.refused(), 1U);
}

}  // namespace
}  // namespace trellis::lattice
