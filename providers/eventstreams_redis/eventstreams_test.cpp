// Conformance of event stream providers to contracts.md 3.7, and what the one on Redis adds.
#include <gtest/gtest.h>

#include <chrono>
#include <future>

#include "base/text.hpp"
#include "providers/eventstreams_redis/eventstreams_fixture.hpp"
#include "support/scripted_server.hpp"

namespace trellis::providers {
namespace {

using namespace std::chrono_literals;

class EventStreamsConformance : public EventStreamsTest,
                                public ::testing::WithParamInterface<const char*> {
 protected:
  EventStreamsConformance()
      : EventStreamsTest(std::make_unique<RedisStreamsBackend>(std::string_view(GetParam()) ==
                                                               "RedisLibrary")) {}
};

INSTANTIATE_TEST_SUITE_P(Providers, EventStreamsConformance,
                         ::testing::Values("Redis", "RedisLibrary"),
                         [](const auto& param) { return std::string(param.param); });

TEST_P(EventStreamsConformance, MessagesAreThoseOfTheContract) {
  EXPECT_EQ(to_hex_lower(codec::encode(WriteEventArgs{"s", {{"a", "1"}}})),
            "82a873747265616d4964a173a676616c75657381a161a131");
  EXPECT_EQ(to_hex_lower(codec::encode(EventAck{"1-0", {}})),
            "82a76576656e744964a3312d30a56572726f72c0");
  EXPECT_EQ(to_hex_lower(codec::encode(StreamQuery{"s", {}, 0})),
            "83a873747265616d4964a173a572616e6765c0a5636f756e7400");
}

TEST_P(EventStreamsConformance, WhatIsWrittenIsReadInOrder) {
  EXPECT_TRUE(query("s").empty());
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(write("s", {{"n", std::to_string(i)}, {"ü", "\n"}}));
  }
  write("other", {{"n", "x"}});
  const auto events = query("s");
  ASSERT_EQ(events.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(events[i].event_id, ids[i]);
    EXPECT_EQ(events[i].stream_id, "s");
    EXPECT_EQ(events[i].values, (codec::StringMap{{"n", std::to_string(i)}, {"ü", "\n"}}));
  }
  EXPECT_EQ(query("s", 2).size(), 2U);
  EXPECT_EQ(query("s", 2)[1].event_id, ids[1]);
  EXPECT_EQ(query("s", 100).size(), 5U);
}

TEST_P(EventStreamsConformance, RangesAreOfTime) {
  const auto id = write("s", {{"n", "0"}});
  const auto time = std::stoull(id);
  EXPECT_EQ(query("s", 0, TimeRange{time, time}).size(), 1U);
  EXPECT_EQ(query("s", 0, TimeRange{0, time - 1}).size(), 0U);
  EXPECT_EQ(query("s", 0, TimeRange{time + 1, UINT64_MAX}).size(), 0U);
  EXPECT_EQ(query("s", 0, TimeRange{0, UINT64_MAX}).size(), 1U);
  EXPECT_EQ(query("s", 0, TimeRange{5, 4}).size(), 0U);
}

TEST_P(EventStreamsConformance, ManyEventsAreReadInFull) {
  for (int i = 0; i < 700; ++i) write("s", {{"n", std::to_string(i)}});
  const auto events = query("s");
  ASSERT_EQ(events.size(), 700U);
  EXPECT_EQ(events.back().values.at("n"), "699");
  EXPECT_EQ(query("s", 300).size(), 300U);
}

TEST_P(EventStreamsConformance, WhatCannotBeIsAnError) {
  EXPECT_EQ(write("s", {}), "error: an event needs at least one value");
  EXPECT_EQ(write("s", {{"a", "b"}}, "MZ").substr(0, 8), "failed: ");
  EXPECT_FALSE(provider_.call("MA", "WriteEvent", to_bytes("\xc1")));
  EXPECT_FALSE(provider_.call("MA", "QueryStream", {}));
  EXPECT_EQ(provider_.call("MA", "DeliverEvent", {}).error().message, "bad dispatch");
}

TEST_P(EventStreamsConformance, LinksHaveTheirOwnStreamsWhenTheySaySo) {
  ASSERT_TRUE(bind("MB", {{"SHARED", "false"}}));
  ASSERT_TRUE(bind("MC", {{"NAMESPACE", "n"}}));
  write("s", {{"by", "MA"}});
  write("s", {{"by", "MB"}}, "MB");
  write("s", {{"by", "MC"}}, "MC");
  for (const auto actor : {"MA", "MB", "MC"}) {
    const auto events = query("s", 0, {}, actor);
    ASSERT_EQ(events.size(), 1U) << actor;
    EXPECT_EQ(events[0].values.at("by"), actor);
  }
}

TEST_P(EventStreamsConformance, NewEventsAreDeliveredInOrder) {
  write("s", {{"n", "before"}});
  ASSERT_TRUE(bind("MA", {{"SUBSCRIBE", "s, t"}}));
  for (int i = 0; i < 50; ++i) write("s", {{"n", std::to_string(i)}});
  const auto all = delivered(50);
  ASSERT_EQ(all.size(), 50U);
  for (std::size_t i = 0; i < 50; ++i) {
    EXPECT_EQ(all[i].actor, "MA");
    EXPECT_EQ(all[i].event.values.at("n"), std::to_string(i));
  }
  write("t", {{"n", "other"}});
  EXPECT_EQ(delivered(51).at(50).event.stream_id, "t");
  ASSERT_TRUE(provider_.remove("MA"));
  ASSERT_TRUE(bind("MB", {{"SUBSCRIBE", "s"}}));
  for (int i = 0; i < 10; ++i) write("s", {{"n", "after"}}, "MB");
  const auto more = delivered(61);
  ASSERT_EQ(more.size(), 61U);
  for (std::size_t i = 51; i < 61; ++i) EXPECT_EQ(more[i].actor, "MB");
}

class RedisStreams : public EventStreamsTest {
 protected:
  RedisStreams() : EventStreamsTest(std::make_unique<RedisStreamsBackend>(false)) {}
  test::RedisServer& server() { return static_cast<RedisStreamsBackend&>(*backend_).server(); }
  bool wait_for_log(std::string_view part) {
    return test::eventually([&] {
      for (const auto& line : host_.logs()) {
        if (line.text.contains(part)) return true;
      }
      return false;
    });
  }
};

TEST_F(RedisStreams, WhatRedisRefusesIsInTheAcknowledgement) {
  server().ask({"SET", "s", "text"});
  EXPECT_EQ(write("s", {{"a", "b"}}).substr(0, 24), "error: Redis: WRONGTYPE ");
  EXPECT_FALSE(provider_.ask<EventList>("MA", "QueryStream", StreamQuery{"s", {}, 0}));
}

TEST_F(RedisStreams, LengthIsBoundedWhenTheLinkSaysSo) {
  ASSERT_TRUE(bind("MA", {{"MAX_LENGTH", "10"}}));
  for (int i = 0; i < 500; ++i) write("s", {{"n", std::to_string(i)}});
  EXPECT_LT(query("s").size(), 300U) << "about: Redis drops whole nodes";
}

TEST_F(RedisStreams, BytesThatAreNoTextHideNothing) {
  server().ask({"XADD", "s", "*", "raw", "gr\xfcn"});
  write("s", {{"a", "b"}});
  const auto events = query("s");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].values.at("raw"), "gr\xef\xbf\xbdn");
}

TEST_F(RedisStreams, AGroupDeliversAgainUntilAnActorHasIt) {
  ASSERT_TRUE(bind("MA", {{"SUBSCRIBE", "s"}, {"GROUP", "g"}, {"RETRY_MS", "100"}}));
  fail_next(2);
  write("s", {{"n", "1"}});
  const auto all = delivered(3);
  ASSERT_GE(all.size(), 3U);
  for (const auto& each : all) EXPECT_EQ(each.event.values.at("n"), "1");
  EXPECT_TRUE(test::eventually(
      [&] { return server().ask({"XPENDING", "s", "g"}).elements.at(0).integer == 0; }));
}

TEST_F(RedisStreams, AnEventNobodyTakesIsGivenUpAndNamed) {
  ASSERT_TRUE(bind(
      "MA", {{"SUBSCRIBE", "s"}, {"GROUP", "g"}, {"RETRY_MS", "100"}, {"MAX_DELIVERIES", "2"}}));
  fail_next(1000);
  write("s", {{"n", "1"}});
  EXPECT_TRUE(wait_for_log("given up after 2 deliveries"));
  EXPECT_EQ(delivered(2).size(), 2U);
}

TEST_F(RedisStreams, AGroupSharesItsEvents) {
  FakeHost other_host;
  other_host.set_actor(actor());
  ProviderInstance second(other_host, backend_->table());
  const codec::StringMap values = {{"SUBSCRIBE", "s"}, {"GROUP", "g"}};
  ASSERT_TRUE(bind("MA", values));
  auto all = backend_->link_values();
  all.insert(values.begin(), values.end());
  ASSERT_TRUE(second.bind("MA", all));
  for (int i = 0; i < 40; ++i) write("s", {{"n", std::to_string(i)}});
  delivered(40);
  // Repeated event takes the place of one of the later ones.
  for (int i = 40; i < 80; ++i) write("s", {{"n", std::to_string(i)}});
  std::set<std::string> seen;
  const auto events = delivered(80);
  EXPECT_EQ(events.size(), 80U);
  for (const auto& each : events) seen.insert(each.event.values.at("n"));
  EXPECT_EQ(seen.size(), 80U);
}

TEST_F(RedisStreams, DeliveryGoesOnAfterTheServerWasAway) {
  ASSERT_TRUE(bind("MA", {{"SUBSCRIBE", "s"}}));
  write("s", {{"n", "1"}});
  EXPECT_EQ(delivered(1).size(), 1U);
  server().kill();
  EXPECT_EQ(write("s", {{"n", "lost"}}).substr(0, 8), "failed: ");
  server().start();
  EXPECT_TRUE(test::eventually([&] { return write("s", {{"n", "2"}}).contains('-'); }));
  EXPECT_EQ(delivered(2).at(1).event.values.at("n"), "2");
}

TEST_F(RedisStreams, ChangedValuesLoseNoEvent) {
  ASSERT_TRUE(bind("MA", {{"SUBSCRIBE", "s"}}));
  for (int i = 0; i < 20; ++i) {
    write("s", {{"n", std::to_string(i)}});
    if (i % 5 == 0) {
      ASSERT_TRUE(bind("MA", {{"SUBSCRIBE", i % 2 == 0 ? "s,t" : "s"}}));
    }
  }
  std::set<std::string> seen;
  for (const auto& each : delivered(20)) seen.insert(each.event.values.at("n"));
  EXPECT_EQ(seen.size(), 20U);
}

TEST_F(RedisStreams, WhatIsBeingDeliveredWhileValuesChangeIsNotDeliveredAgain) {
  ASSERT_TRUE(bind("MA", {{"SUBSCRIBE", "s"}}));
  hold(codec::StringMap{{"n", "1"}});
  write("s", {{"n", "1"}});
  ASSERT_EQ(delivered(1).size(), 1U);
  auto changed = std::async(std::launch::async,
                            [&] { return bind("MA", {{"SUBSCRIBE", "s,t"}}).has_value(); });
  write("s", {{"n", "2"}});
  const auto all = delivered(2);
  let_go();
  EXPECT_TRUE(changed.get());
  EXPECT_EQ(all.at(1).event.values.at("n"), "2");
}

TEST_F(RedisStreams, ServersThatAreNoneAreErrors) {
  for (const auto answer : {"+OK\r\n", "*1\r\n*1\r\n:1\r\n", "garbage\r\n", "$-1\r\n"}) {
    const test::ScriptedServer stub([&](int socket) {
      test::ScriptedServer::wait_for_bytes(socket);
      test::ScriptedServer::say(socket, "+PONG\r\n");
      while (test::ScriptedServer::wait_for_bytes(socket)) {
        test::ScriptedServer::say(socket, answer);
      }
    });
    ASSERT_TRUE(
        provider_.bind("MB", {{"URL", "redis://127.0.0.1:" + std::to_string(stub.port())}}));
    EXPECT_FALSE(provider_.ask<EventList>("MB", "QueryStream", StreamQuery{"s", {}, 0})) << answer;
    ASSERT_TRUE(provider_.remove("MB"));
  }
}

TEST_F(RedisStreams, BadLinkValuesAreNamed) {
  for (const auto& [key, value] : codec::StringMap{{"MAX_LENGTH", "-1"},
                                                   {"RETRY_MS", "1"},
                                                   {"MAX_DELIVERIES", "0"},
                                                   {"NAMESPACE", "a:b"}}) {
    const auto bound = bind("MB", {{key, value}});
    ASSERT_FALSE(bound) << key;
    EXPECT_NE(bound.error().message.find(key), std::string::npos) << bound.error().message;
  }
}

}  // namespace
}  // namespace trellis::providers
