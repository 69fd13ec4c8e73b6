// Conformance of messaging providers to contracts.md 3.4, against a real server.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <set>
#include <thread>

#include "base/text.hpp"
#include "codec/messages/messaging.hpp"
#include "nats/nats_fixture.hpp"
#include "providers/builtin.hpp"
#include "support/nats_server.hpp"
#include "support/provider_harness.hpp"

namespace trellis::providers {
namespace {

using namespace codec::messaging;
using namespace std::chrono_literals;
using test::eventually;
using test::FakeHost;
using test::NatsServer;
using test::ProviderInstance;

/// A provider instance, a server, and somebody else on that server.
class Messaging : public ::testing::TestWithParam<const char*> {
 protected:
  static const trellis_provider_table& table() {
    const std::string_view name = GetParam();
    return name == "Library" ? test::open_module(TRELLIS_LIBRARIES "/trellis-messaging_nats.so")
                             : *find_builtin("builtin:messaging-nats");
  }
  Messaging() {
    host_.set_actor([this](std::string_view actor, std::string_view operation,
                           ByteView payload) -> FakeHost::Reply {
      auto message = codec::decode<BrokerMessage>(payload);
      if (operation != "HandleMessage" || !message) return {TRELLIS_ERROR, to_bytes("no message")};
      std::unique_lock lock(mutex_);
      ++came_;
      changed_.notify_all();
      EXPECT_TRUE(changed_.wait_for(lock, 30s, [this] { return came_ >= opens_at_; }));
      received_.emplace_back(actor, std::move(*message));
      changed_.notify_all();
      return {TRELLIS_OK, {0xc0}};
    });
  }
  void SetUp() override {
    NatsOptions options;
    options.servers = {server_.address()};
    auto other = nats::connect_nats(options, {});
    ASSERT_TRUE(other);
    other_ = std::move(*other);
  }
  void TearDown() override { EXPECT_EQ(host_.bad_completions(), 0); }

  Result<Bytes> bind(std::string_view actor, codec::StringMap values = {}) {
    values.try_emplace("URL", "nats://" + server_.address());
    return provider_.bind(actor, std::move(values));
  }
  std::string bind_error(const codec::StringMap& values) {
    const auto bound = bind("MX", values);
    return bound ? "bound" : bound.error().message;
  }
  bool publish(std::string subject, std::string_view body, std::string reply = {},
               std::string_view actor = "MA") {
    const auto answer = provider_.ask<PublishResponse>(
        actor, "Publish", BrokerMessage{std::move(subject), std::move(reply), to_bytes(body)});
    EXPECT_TRUE(answer) << answer.error().message;
    return answer && answer->published;
  }
  Result<BrokerMessage> request(std::string subject, std::string_view body, std::int64_t timeout) {
    return provider_.ask<BrokerMessage>("MA", "Request",
                                        RequestArgs{std::move(subject), to_bytes(body), timeout});
  }
  /// The first so many messages the actors got, once they are there.
  std::vector<std::pair<std::string, BrokerMessage>> received(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, test::patience, [&] { return received_.size() >= count; });
    return received_;
  }
  /// From now on the actor takes messages once so many have come to it.
  void open_at(int messages) {
    const std::scoped_lock lock(mutex_);
    opens_at_ = messages;
    changed_.notify_all();
  }
  void send(std::string_view subject, std::string_view body, std::string_view reply = {}) {
    ASSERT_TRUE(other_->publish(subject, as_bytes(body), reply));
  }

  NatsServer server_;
  std::unique_ptr<nats::Transport> other_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<std::string, BrokerMessage>> received_;  // under mutex_
  int came_ = 0;      // messages that came to the actor; under mutex_
  int opens_at_ = 0;  // it takes none before so many are there; under mutex_
  FakeHost host_;
  ProviderInstance provider_{host_, table()};
};

INSTANTIATE_TEST_SUITE_P(Providers, Messaging, ::testing::Values("BuiltIn", "Library"),
                         [](const auto& param) { return std::string(param.param); });

TEST_P(Messaging, MessagesAreThoseOfTheContract) {
  const auto hex = [](const auto& message) { return to_hex_lower(codec::encode(message)); };
  EXPECT_EQ(hex(BrokerMessage{"t", "", {'x'}}),
            "83a77375626a656374a174a77265706c79546fa0a4626f6479c40178");
  EXPECT_EQ(hex(PublishResponse{true}), "81a97075626c6973686564c3");
  EXPECT_EQ(hex(RequestArgs{"t", {'x'}, 1000}),
            "83a77375626a656374a174a4626f6479c40178a774696d656f7574cd03e8");
  EXPECT_EQ(hex(BrokerMessage{"t", "_INBOX.1", {'x'}}),
            "83a77375626a656374a174a77265706c79546fa85f494e424f582e31a4626f6479c40178");
}

TEST_P(Messaging, WhatIsPublishedArrivesWithoutDelay) {
  ASSERT_TRUE(bind("MA"));
  nats::Inbox inbox;
  const auto subscription = other_->subscribe("a.>", "", inbox.handler());
  ASSERT_TRUE(subscription);
  ASSERT_TRUE(other_->flush(nats::far()));
  EXPECT_TRUE(publish("a.b", "one"));
  EXPECT_TRUE(publish("a.c", std::string("\0two", 4), "a.reply"));
  EXPECT_TRUE(publish("a.d", ""));
  ASSERT_TRUE(inbox.wait_for(3));
  EXPECT_EQ(inbox.texts()[1], std::string("\0two", 4));
}

TEST_P(Messaging, WhatCannotBePublishedIsTold) {
  ASSERT_TRUE(bind("MA"));
  for (const auto subject : {"", "a b", "a.*", ">", "a..b", ".a", "a\r\nPUB x 0\r\n"}) {
    EXPECT_FALSE(publish(subject, "x")) << subject;
    EXPECT_FALSE(request(subject, "x", 100)) << subject;
  }
  EXPECT_FALSE(publish("a", "x", "a b"));
  EXPECT_FALSE(publish("a", std::string(2 << 20, 'x'))) << "beyond the server's limit";
  EXPECT_TRUE(publish("a", "x")) << "and the connection lives on";
  EXPECT_FALSE(provider_.call("MA", "Publish", to_bytes("\xc1")));
  EXPECT_FALSE(provider_.call("MA", "Else", {}));
  EXPECT_FALSE(provider_.call("MZ", "Publish", {})) << "not linked";
}

TEST_P(Messaging, RequestsAnswerAMessage) {
  ASSERT_TRUE(bind("MA"));
  const auto echo = other_->subscribe("echo", "", [&](const nats::Message& message) {
    const auto text = "re: " + std::string(as_text(message.payload));
    static_cast<void>(other_->publish(message.reply, as_bytes(text), "and.back"));
  });
  ASSERT_TRUE(echo);
  ASSERT_TRUE(other_->flush(nats::far()));
  const auto answer = request("echo", "hi", 5000);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(as_text(answer->body), "re: hi");
  EXPECT_EQ(answer->subject.substr(0, 7), "_INBOX.");
  EXPECT_EQ(answer->reply_to, "and.back");
}

TEST_P(Messaging, RequestsNobodyAnswersAreErrors) {
  ASSERT_TRUE(bind("MA"));
  const auto nobody = request("nobody", "x", 60'000);
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().message.find("timed out"), std::string::npos) << "the server says so";
  const auto mute = other_->subscribe("mute", "", [](const nats::Message&) {});
  ASSERT_TRUE(mute);
  ASSERT_TRUE(other_->flush(nats::far()));
  const auto late = request("mute", "x", 50);
  ASSERT_FALSE(late);
  EXPECT_NE(late.error().message.find("timed out"), std::string::npos);
}

TEST_P(Messaging, SubscriptionsAreDeliveredInOrder) {
  ASSERT_TRUE(bind("MA", {{"SUBSCRIPTION", "a.*, b.>"}}));
  for (int i = 0; i < 200; ++i) send("a.x", std::to_string(i), i == 0 ? "back.here" : "");
  send("c", "not this");
  const auto all = received(200);
  ASSERT_EQ(all.size(), 200U);
  EXPECT_EQ(all[0].second.reply_to, "back.here");
  for (std::size_t i = 0; i < 200; ++i) {
    EXPECT_EQ(all[i].first, "MA");
    EXPECT_EQ(all[i].second.subject, "a.x");
    EXPECT_EQ(as_text(all[i].second.body), std::to_string(i));
  }
  send("b.c.d", "deep");
  EXPECT_EQ(received(201).at(200).second.subject, "b.c.d");
}

TEST_P(Messaging, AQueueGroupSharesItsMessages) {
  const codec::StringMap values = {{"SUBSCRIPTION", "work"}, {"QUEUEGROUP_NAME", "g"}};
  ASSERT_TRUE(bind("MA", values));
  ASSERT_TRUE(bind("MB", values));
  ASSERT_TRUE(bind("MC", {{"SUBSCRIPTION", "work"}}));
  for (int i = 0; i < 100; ++i) send("work", std::to_string(i));
  std::multiset<std::string> group;
  std::size_t alone = 0;
  for (const auto& [actor, message] : received(200)) {
    if (actor == "MC") {
      ++alone;
    } else {
      group.insert(std::string(as_text(message.body)));
    }
  }
  EXPECT_EQ(alone, 100U);
  EXPECT_EQ(group.size(), 100U);
  EXPECT_EQ(std::set<std::string>(group.begin(), group.end()).size(), 100U);
}

TEST_P(Messaging, ASlowActorIsBoundedAndItsLossesAreCounted) {
  open_at(std::numeric_limits<int>::max());
  ASSERT_TRUE(bind("MA", {{"SUBSCRIPTION", "a"}, {"PENDING_MESSAGES", "5"}}));
  for (int i = 0; i < 100; ++i) send("a", std::to_string(i));
  EXPECT_TRUE(eventually([&] {
    for (const auto& line : host_.logs()) {
      if (line.text.contains("dropped so far")) return true;
    }
    return false;
  }));
  open_at(0);
  EXPECT_GE(received(5).size(), 5U) << "those that waited are delivered";
}

TEST_P(Messaging, SeveralAtATimeWhenTheLinkSaysSo) {
  open_at(8);
  ASSERT_TRUE(bind("MA", {{"SUBSCRIPTION", "a"}, {"DELIVERIES", "8"}}));
  for (int i = 0; i < 40; ++i) send("a", std::to_string(i));
  std::set<std::string> seen;
  for (const auto& [actor, message] : received(40)) seen.emplace(as_text(message.body));
  EXPECT_EQ(seen.size(), 40U);
}

TEST_P(Messaging, ChangedAndRemovedLinksTakeEffectAtOnce) {
  ASSERT_TRUE(bind("MA", {{"SUBSCRIPTION", "a"}}));
  send("a", "1");
  EXPECT_EQ(received(1).size(), 1U);
  ASSERT_TRUE(bind("MA", {{"SUBSCRIPTION", "b"}}));
  send("a", "2");
  send("b", "3");
  const auto all = received(2);
  EXPECT_EQ(as_text(all.at(1).second.body), "3");
  ASSERT_TRUE(provider_.remove("MA"));
  ASSERT_TRUE(bind("MB", {{"SUBSCRIPTION", "b"}}));
  for (int i = 0; i < 10; ++i) send("b", "4");
  const auto more = received(12);
  ASSERT_EQ(more.size(), 12U);
  for (std::size_t i = 2; i < 12; ++i) EXPECT_EQ(more[i].first, "MB");
}

TEST_P(Messaging, LinksNeedAServerAndFindItAgain) {
  const auto free = test::free_port();
  const auto refused = bind_error({{"URL", "nats://127.0.0.1:" + std::to_string(free)}});
  EXPECT_EQ(refused.substr(0, 24), "NATS connection failure:") << refused;
  ASSERT_TRUE(bind("MA", {{"SUBSCRIPTION", "a"}}));
  server_.kill();
  // Messages that go into the socket before the loss is noticed are gone: NATS acknowledges
  // nothing.
  EXPECT_TRUE(eventually([&] { return !publish("a", "lost"); }));
  server_.start();
  EXPECT_TRUE(eventually([&] { return publish("a", "again"); }));
  EXPECT_EQ(as_text(received(1).at(0).second.body), "again");
}

TEST_P(Messaging, NoActorReachesTheProtocolOfLattices) {
  ASSERT_TRUE(bind("MA", {{"__trellis_reserved_subjects", "my.cache,my.replay"}}));
  std::atomic<int> heard = 0;
  auto all = other_->subscribe(">", {}, [&](const nats::Message&) { ++heard; });
  ASSERT_TRUE(all);
  ASSERT_TRUE(other_->flush(std::chrono::steady_clock::now() + test::patience));
  for (const auto* subject :
       {"wasmbus.ctl.default.cmd.N.lp", "wasmbus.rpc.default.claims", "trellis.ctl.default.N.stop",
        "lattice.state.events", "my.cache", "my.replay.x", "$JS.API.STREAM.CREATE.X", "$SYS.X"}) {
    EXPECT_FALSE(publish(subject, "x")) << subject;
    EXPECT_FALSE(publish("fine", "x", subject)) << subject;
    const auto asked = request(subject, "x", 1000);
    ASSERT_FALSE(asked) << subject;
    EXPECT_NE(asked.error().message.find("protocol"), std::string::npos) << asked.error().message;
  }
  EXPECT_TRUE(publish("_INBOX.somebody", "an answer", "_INBOX.mine"));
  EXPECT_TRUE(eventually([&] { return heard == 1; }));
  for (const auto* pattern : {">", "*", "*.ctl.>", "wasmbus.ctl.*.cmd.>", "lattice.>", "trellis.*",
                              "my.*", "_INBOX.>", "fine,$JS.API.>"}) {
    const auto error = bind_error(
        {{"SUBSCRIPTION", pattern}, {"__trellis_reserved_subjects", "my.cache,my.replay"}});
    EXPECT_NE(error.find("SUBSCRIPTION"), std::string::npos) << pattern << ": " << error;
  }
}

TEST_P(Messaging, AnswersDoNotComeToTheProtocolEither) {
  for (const auto* prefix :
       {"wasmbus.ctl.default.cmd", "trellis.ctl.default", "lattice.state", "$JS.API"}) {
    EXPECT_NE(bind_error({{"INBOX_PREFIX", prefix}}).find("INBOX_PREFIX"), std::string::npos)
        << prefix << ": " << bind_error({{"INBOX_PREFIX", prefix}});
  }
  auto echo = other_->subscribe("echo", {}, [&](const nats::Message& message) {
    static_cast<void>(other_->publish(message.reply, as_bytes(message.reply), {}));
  });
  ASSERT_TRUE(echo && other_->flush(std::chrono::steady_clock::now() + test::patience));
  ASSERT_TRUE(bind("MA", {{"INBOX_PREFIX", "shop.answers"}}));
  const auto answer = request("echo", "x", 20'000);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(as_text(answer->body).starts_with("shop.answers.")) << as_text(answer->body);
}

TEST_P(Messaging, WhatTheServerDoesNotPermitIsTold) {
  const NatsServer strict(R"(authorization { users: [ { user: app, password: pw, permissions: {
    publish: ["fine", "_INBOX.>"], subscribe: ["fine", "_INBOX.>"] } } ] })");
  const codec::StringMap values{{"URL", "nats://app:pw@" + strict.address()}};
  ASSERT_TRUE(bind("MA", values));
  EXPECT_TRUE(publish("fine", "x"));
  // The server says so after the first one.
  EXPECT_TRUE(eventually([&] { return !publish("secret", "x"); }));
  const auto denied = request("secret", "x", 20'000);
  ASSERT_FALSE(denied);
  EXPECT_NE(denied.error().message.find("does not permit"), std::string::npos);
  auto deaf = values;
  deaf["SUBSCRIPTION"] = "fine,secret.>";
  const auto bound = bind("MB", deaf);
  const auto told = [&] {
    const auto health = provider_.ask<codec::core::HealthResponse>("system", "HealthRequest",
                                                                   codec::core::HealthRequest{});
    return health && !health->healthy && health->message.contains("subscribe to secret.>");
  };
  EXPECT_TRUE(bound ? eventually(told) : bound.error().message.contains("subscribe to secret.>"));
}

TEST_P(Messaging, TheUserOfTheHostMayPermitTheProtocol) {
  ASSERT_TRUE(bind("MA", {{"PROTOCOL_SUBJECTS", "true"}, {"SUBSCRIPTION", "wasmbus.test.>"}}));
  EXPECT_TRUE(publish("wasmbus.test.x", "x"));
  EXPECT_EQ(received(1).at(0).second.subject, "wasmbus.test.x");
}

TEST_P(Messaging, BadLinkValuesAreNamed) {
  for (const auto& [key, value] : codec::StringMap{{"SUBSCRIPTION", "a b"},
                                                   {"QUEUEGROUP_NAME", "a b"},
                                                   {"DELIVERIES", "0"},
                                                   {"CLIENT_JWT", "eyJ"},
                                                   {"SUBSCRIPTON", "a"}}) {
    EXPECT_NE(bind_error({{key, value}}).find(key), std::string::npos) << key;
  }
  EXPECT_EQ(bind_error({{"CREDSFILE", "/none/such"}}).substr(0, 24), "NATS connection failure:");
}

}  // namespace
}  // namespace trellis::providers
