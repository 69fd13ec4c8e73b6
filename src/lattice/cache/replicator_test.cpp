#include "lattice/cache/replicator.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <thread>

#include "identity/test_keys.hpp"
#include "nats/memory_transport.hpp"
#include "support/capture_log.hpp"
#include "support/test_clock.hpp"

namespace trellis::lattice {
namespace {

using namespace std::chrono_literals;
using identity::test::module_key;
using test::TestClock;

constexpr auto events_subject = "lattice.events";
constexpr auto replay_subject = "lattice.replay";

LinkDefinition link(const std::string& actor, const std::string& port = "1") {
  return {actor, "VPROVIDER", "default", "wasmcloud:httpserver", {{"PORT", port}}};
}

/// One cache with its connection. Deferred jobs run at once, or when run_deferred() is called.
struct Member {
  /// As in a host, the connection does not hear its own messages, unless `options` say so.
  explicit Member(nats::MemoryBus& bus, ReplayPatience patience = {5s, 5s, 10s},
                  nats::MemoryTransportOptions options = {.echo = false})
      : transport(bus.connect(options)),
        cache(
            transport.get(), {events_subject, replay_subject, patience}, clock,
            [this](const EntryChange& change) { note(change); },
            [this](std::function<void()> job) { return defer(std::move(job)); }, Log(log, "test")) {
  }

  void note(const EntryChange& change) {
    const std::scoped_lock lock(mutex);
    if (change.kind == EntryChange::Kind::link) told.push_back("+" + change.link.actor_id);
    if (change.kind == EntryChange::Kind::link_removed) told.push_back("-" + change.link.actor_id);
    if (change.kind == EntryChange::Kind::reference) told.push_back("ref " + change.name);
  }
  bool defer(std::function<void()> job) {
    if (!hold) {
      job();
      return true;
    }
    const std::scoped_lock lock(mutex);
    held.push_back(std::move(job));
    return true;
  }
  void run_deferred() {
    std::vector<std::function<void()>> jobs;
    {
      const std::scoped_lock lock(mutex);
      jobs.swap(held);
    }
    for (const auto& job : jobs) job();
  }
  std::vector<std::string> take_told() {
    const std::scoped_lock lock(mutex);
    return std::exchange(told, {});
  }
  [[nodiscard]] std::vector<std::string> actors() const {
    std::vector<std::string> names;
    for (const auto& each : cache.links()) names.push_back(each.actor_id);
    std::ranges::sort(names);
    return names;
  }

  std::mutex mutex;
  std::vector<std::string> told;
  std::vector<std::function<void()>> held;
  std::atomic<bool> hold = false;
  std::shared_ptr<TestClock> clock = std::make_shared<TestClock>();
  std::shared_ptr<test::CaptureLog> log = std::make_shared<test::CaptureLog>();
  std::unique_ptr<nats::MemoryTransport> transport;
  Replicator cache;
};

/// A peer whose every message the test writes itself.
struct RawPeer {
  explicit RawPeer(nats::MemoryBus& bus) : transport(bus.connect({.echo = false})) {}

  /// Answers each question with an acknowledgement of `announced` and these events.
  void answer_with(std::uint64_t announced, std::vector<CacheEvent> events,
                   std::function<void()> between = {}) {
    answers = *transport->subscribe(
        replay_subject, replay_subject,
        [this, announced, events = std::move(events), between](const nats::Message& message) {
          ++asked;
          last_hwm = codec::decode<ReplayRequest>(message.payload)->hwm;
          send(message.reply, codec::encode(ReplayAck{announced}));
          if (between) between();
          for (const auto& event : events) send(message.reply, codec::encode(event));
        });
  }
  void send(std::string_view subject, ByteView payload) {
    EXPECT_TRUE(transport->publish(subject, payload));
  }
  void change(const std::vector<CacheEvent>& events, const std::string& origin = "raw peer") {
    for (const auto& event : events) {
      send(events_subject, codec::encode(CacheEventMessage{origin, event}));
    }
  }

  std::unique_ptr<nats::MemoryTransport> transport;
  std::unique_ptr<nats::Subscription> answers;
  std::atomic<int> asked = 0;
  std::atomic<std::uint64_t> last_hwm = 0;
};

using Strings = std::vector<std::string>;

class Replication : public testing::Test {
 protected:
  static void join(Member& member) { ASSERT_TRUE(member.cache.join()); }
  nats::MemoryBus bus;
};

TEST_F(Replication, ChangesGoBothWaysAndTheirMakerIsNotTold) {
  Member a(bus);
  Member b(bus);
  join(a);
  join(b);
  a.cache.put_link(link("A"));
  b.cache.put_link(link("B"));
  a.cache.put_reference("registry/x:1", module_key);
  bus.settle();
  EXPECT_EQ(a.actors(), (Strings{"A", "B"}));
  EXPECT_EQ(b.actors(), (Strings{"A", "B"}));
  EXPECT_EQ(b.cache.key_of_reference("registry/x:1"), module_key);
  EXPECT_EQ(a.take_told(), Strings{"+B"});
  EXPECT_EQ(b.take_told(), (Strings{"+A", "ref registry/x:1"}));
  b.cache.remove_link(link("A"));
  bus.settle();
  EXPECT_EQ(a.actors(), Strings{"B"});
  EXPECT_EQ(a.take_told(), Strings{"-A"});
  EXPECT_EQ(a.cache.counters().refused, 0U);
}

TEST_F(Replication, AnEmptyLatticeIsJoinedAtOnce) {
  Member first(bus, {1h, 1h, 1h});
  const auto answered = first.cache.join();
  ASSERT_TRUE(answered);
  EXPECT_FALSE(*answered);
}

TEST_F(Replication, WhoJoinsLateGetsEverythingAndWhoKnowsSomethingTheRest) {
  Member a(bus);
  join(a);
  for (int i = 0; i < 50; ++i) a.cache.put_link(link(std::to_string(i)));
  Member b(bus);
  const auto answered = b.cache.join();
  ASSERT_TRUE(answered);
  EXPECT_TRUE(*answered);
  EXPECT_EQ(b.actors(), a.actors());
  EXPECT_EQ(b.cache.hwm(), a.cache.hwm());
  b.transport->cut();
  a.cache.put_link(link("missed"));
  bus.settle();
  b.transport->restore();
  EXPECT_TRUE(b.cache.replay());
  EXPECT_EQ(b.actors(), a.actors());
  EXPECT_EQ(b.cache.hwm(), a.cache.hwm()) << "only what was missed came";
}

TEST_F(Replication, AskingTellsWhatIsKnownAlready) {
  RawPeer peer(bus);
  peer.answer_with(0, {});
  Member a(bus);
  join(a);
  EXPECT_EQ(peer.last_hwm, 0U);
  a.cache.put_link(link("A"));  // two changes: the value, the list
  EXPECT_TRUE(a.cache.replay());
  EXPECT_EQ(peer.last_hwm, 2U);
}

TEST_F(Replication, ChangesDuringAReplayFollowItAndAreNotAppliedTwice) {
  RawPeer peer(bus);
  std::vector<CacheEvent> old = link_events(link("OLD"));
  old.push_back(CacheEvent::add("counter", 1));
  peer.answer_with(old.size(), old, [&] {
    // Seen twice: live now, and in the replay that follows. Then one that is new.
    peer.change({CacheEvent::add("counter", 1)});
    peer.change(link_events(link("NEW")));
    peer.change(link_removal_events(link("OLD")));
  });
  Member a(bus);
  join(a);
  bus.settle();
  EXPECT_EQ(a.actors(), Strings{"NEW"});
  EXPECT_EQ(a.cache.hwm(), 3U + 2U + 2U) << "the counter counts once";
}

TEST_F(Replication, WhatIsWrittenHereDuringAReplayStands) {
  RawPeer peer(bus);
  std::promise<void> asked;
  std::promise<void> written;
  peer.answer_with(2, link_events(link("A", "theirs")), [&] {
    asked.set_value();
    written.get_future().wait();
  });
  Member a(bus);
  std::thread joining([&] { join(a); });
  asked.get_future().wait();
  a.cache.put_link(link("A", "ours"));
  written.set_value();
  joining.join();
  ASSERT_EQ(a.cache.links().size(), 1U);
  EXPECT_EQ(a.cache.links()[0].values.at("PORT"), "ours");
}

TEST_F(Replication, APeerThatAnnouncesTooMuchHoldsUpNobodyForLong) {
  RawPeer peer(bus);
  peer.answer_with(1'000'000'000'000, link_events(link("A")));
  Member a(bus, {5s, 20ms, 10s});
  join(a);
  EXPECT_EQ(a.actors(), Strings{"A"});
  EXPECT_EQ(a.log->count("fewer changes than it announced"), 1U);
}

TEST_F(Replication, APeerThatDripsChangesIsLeftWhenPatienceEnds) {
  RawPeer peer(bus);
  peer.answer_with(std::uint64_t{1} << 60U, {});
  std::atomic<bool> done = false;
  Member a(bus, {5s, 60s, 100ms});
  join(a);
  done = true;
  EXPECT_EQ(a.log->count("fewer changes"), 1U);
}

TEST_F(Replication, OneUnreadableChangeHidesNothingElse) {
  RawPeer peer(bus);
  peer.answers = *peer.transport->subscribe(replay_subject, {}, [&](const nats::Message& message) {
    peer.send(message.reply, codec::encode(ReplayAck{3}));
    peer.send(message.reply, as_bytes("\xc1 garbage"));
    for (const auto& event : link_events(link("A"))) {
      peer.send(message.reply, codec::encode(event));
    }
  });
  Member a(bus);
  join(a);
  EXPECT_EQ(a.actors(), Strings{"A"});
}

TEST_F(Replication, GarbageIsCountedAndLoggedOncePerInterval) {
  Member a(bus);
  join(a);
  RawPeer peer(bus);
  const auto flood = [&] {
    for (int i = 0; i < 500; ++i) peer.send(events_subject, as_bytes("garbage"));
    bus.settle();
  };
  flood();
  EXPECT_EQ(a.cache.counters().refused, 500U);
  EXPECT_EQ(a.log->records().size(), 1U);
  a.clock->advance(9999ms);
  flood();
  EXPECT_EQ(a.log->records().size(), 1U);
  a.clock->advance(1ms);
  flood();
  ASSERT_EQ(a.log->records().size(), 2U);
  EXPECT_EQ(a.log->count("(999 more)"), 1U);
  peer.change(link_events(link("A")));
  bus.settle();
  EXPECT_EQ(a.actors(), Strings{"A"});
}

TEST_F(Replication, EchoesOfOwnChangesAreNotCounted) {
  Member a(bus, {}, {.echo = true});
  join(a);
  a.cache.put_link(link("A"));
  bus.settle();
  EXPECT_EQ(a.cache.hwm(), 2U);
  EXPECT_EQ(a.cache.counters().received, 0U);
}

TEST_F(Replication, APartitionIsMendedBothWaysByComparing) {
  Member a(bus);
  Member b(bus);
  join(a);
  join(b);
  a.cache.put_link(link("BOTH", "1"));
  a.cache.put_link(link("GONE"));
  bus.settle();
  b.transport->cut();
  a.cache.put_link(link("A"));
  a.clock->advance(10ms);
  a.cache.remove_link(link("GONE"));
  b.clock->advance(10ms);
  b.cache.put_link(link("B"));
  b.cache.put_link(link("BOTH", "2"));
  bus.settle();
  b.transport->restore();
  a.take_told();
  b.take_told();
  a.cache.compare_with_peers();
  bus.settle();
  for (auto* member : {&a, &b}) {
    EXPECT_EQ(member->actors(), (Strings{"A", "B", "BOTH"}));
    for (const auto& each : member->cache.links()) {
      if (each.actor_id != "BOTH") continue;
      EXPECT_EQ(each.values.at("PORT"), "2");
    }
    EXPECT_GT(member->cache.counters().repaired, 0U);
  }
  auto told = b.take_told();
  std::ranges::sort(told);
  EXPECT_EQ(told, (Strings{"+A", "-GONE"}));
  const auto sent = bus.published();
  a.clock->advance(1h);
  b.clock->advance(1h);
  a.cache.compare_with_peers();
  bus.settle();
  EXPECT_EQ(bus.published(), sent + 1) << "equal caches are silent";
}

TEST_F(Replication, ComparingIsAnsweredOncePerSecondWhoeverAsks) {
  Member a(bus);
  join(a);
  a.cache.put_link(link("A"));
  RawPeer peer(bus);
  const auto before = bus.published();
  const auto ask = [&] {
    for (int i = 0; i < 100; ++i) {
      peer.send(std::string(events_subject) + ".trellis.sync",
                codec::encode(SyncMessage{"peer", 12345, {}}));
    }
    bus.settle();
  };
  ask();
  EXPECT_EQ(bus.published(), before + 100 + 2) << "everything, then the digest: once";
  a.clock->advance(1s);
  ask();
  EXPECT_EQ(bus.published(), before + 200 + 4);
}

TEST_F(Replication, QuestionsWaitInABoundedLine) {
  Member a(bus);
  join(a);
  a.hold = true;
  RawPeer peer(bus);
  std::atomic<int> answers = 0;
  const auto heard =
      *peer.transport->subscribe("inbox.*", {}, [&](const nats::Message&) { ++answers; });
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(peer.transport->publish(replay_subject, codec::encode(ReplayRequest{0}),
                                        "inbox." + std::to_string(i)));
  }
  bus.settle();
  EXPECT_EQ(answers, 0);
  EXPECT_EQ(a.held.size(), 1U) << "one job answers them all";
  a.run_deferred();
  bus.settle();
  EXPECT_GT(answers, 0);
  EXPECT_LE(answers, 64);
}

TEST_F(Replication, AnAliasBelongsToWhoClaimedItFirst) {
  Member a(bus);
  Member b(bus);
  join(a);
  join(b);
  EXPECT_TRUE(a.cache.register_alias("alias/one", module_key));
  bus.settle();
  EXPECT_FALSE(b.cache.register_alias("alias/one", "MSECOND"));
  EXPECT_TRUE(b.cache.register_alias("alias/one", module_key));
  EXPECT_EQ(b.cache.key_of_alias("alias/one"), module_key);
}

TEST_F(Replication, UnchangedLinksAreWrittenOnlyWhenAsked) {
  Member a(bus);
  join(a);
  a.cache.put_link(link("A"));
  const auto before = bus.published();
  a.cache.put_link(link("A"));
  EXPECT_EQ(bus.published(), before);
  a.cache.put_link(link("A"), Replicator::Write::always);
  EXPECT_EQ(bus.published(), before + 2);
  a.cache.remove_link(link("NEVER WAS"));
  EXPECT_EQ(bus.published(), before + 2);
}

TEST_F(Replication, StopEndsAReplayThatWaits) {
  RawPeer peer(bus);
  std::promise<void> asked;
  peer.answers = *peer.transport->subscribe(replay_subject, {},
                                            [&](const nats::Message&) { asked.set_value(); });
  Member a(bus, {1h, 1h, 1h});
  std::thread joining([&] { static_cast<void>(a.cache.join()); });
  asked.get_future().wait();
  a.cache.stop();
  joining.join();
  EXPECT_FALSE(a.cache.replay()) << "a stopped cache asks nobody";
}

TEST_F(Replication, WhatWasDeferredDoesNothingAfterTheEnd) {
  auto a = std::make_unique<Member>(bus);
  ASSERT_TRUE(a->cache.join());
  a->hold = true;
  RawPeer peer(bus);
  EXPECT_TRUE(
      peer.transport->publish(replay_subject, codec::encode(ReplayRequest{0}), "inbox.late"));
  bus.settle();
  auto jobs = std::move(a->held);
  a.reset();
  ASSERT_EQ(jobs.size(), 1U);
  const auto before = bus.published();
  jobs.front()();
  EXPECT_EQ(bus.published(), before);
}

TEST_F(Replication, WithoutATransportItIsTheCacheOfThisHost) {
  Replicator alone(
      nullptr, {events_subject, replay_subject, {}}, std::make_shared<TestClock>(),
      [](const EntryChange&) {}, [](const std::function<void()>&) { return true; }, {});
  EXPECT_FALSE(*alone.join());
  EXPECT_FALSE(alone.replay());
  alone.put_link(link("A"));
  alone.compare_with_peers();
  EXPECT_EQ(alone.links().size(), 1U);
}

}  // namespace
}  // namespace trellis::lattice
