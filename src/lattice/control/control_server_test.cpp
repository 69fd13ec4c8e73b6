#include "lattice/control/control_server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "nats/memory_transport.hpp"
#include "support/scripted_host.hpp"

namespace trellis::lattice {
namespace {

using std::chrono::seconds;

using test::actor_id;
using test::host_id;
using test::provider_id;
using test::ScriptedHost;
using test::Threads;

struct Control : testing::Test {
  Control() {
    EXPECT_TRUE(server.subscribe());
    outcomes_interest =
        *client->subscribe(subjects.outcomes(), {}, [this](const nats::Message& message) {
          const std::scoped_lock lock(mutex);
          outcomes.push_back(*read_json<Outcome>(as_text(message.payload)));
          told.notify_all();
        });
  }
  ~Control() override { server.stop(std::chrono::steady_clock::now() + seconds(20)); }

  std::string ask(const std::string& subject, std::string_view request) {
    auto answer = request_and_wait(*client, subject, as_bytes(request),
                                   std::chrono::steady_clock::now() + seconds(20));
    return answer ? std::string(as_text(*answer)) : answer.error().message;
  }
  std::string order(std::string_view verb, std::string_view request) {
    return ask(subjects.command(host_id, verb), request);
  }
  Outcome outcome() {
    std::unique_lock lock(mutex);
    if (!told.wait_for(lock, seconds(20), [&] { return !outcomes.empty(); })) return {};
    auto first = outcomes.front();
    outcomes.pop_front();
    return first;
  }
  std::vector<std::string> done() {
    const std::scoped_lock lock(host.mutex);
    return host.done;
  }

  nats::MemoryBus bus;
  Subjects subjects = *Subjects::make("default");
  std::unique_ptr<nats::MemoryTransport> transport = bus.connect();
  std::unique_ptr<nats::MemoryTransport> client = bus.connect();
  ScriptedHost host;
  Threads threads;
  SystemClock clock;
  SystemRandom random;
  ControlServer server{*transport,
                       subjects,
                       host_id,
                       host,
                       {[this](auto job, auto) { return threads.run(std::move(job)); },
                        [this](auto job) { return threads.run(std::move(job)); }},
                       clock,
                       random,
                       Log(nullptr, "control")};
  std::unique_ptr<nats::Subscription> outcomes_interest;
  std::mutex mutex;
  std::condition_variable told;
  std::deque<Outcome> outcomes;  // under mutex
};

TEST_F(Control, QuestionsIgnoreTheirPayload) {
  EXPECT_EQ(ask(subjects.hosts(), "\xff{"),
            std::string("{\"id\":\"") + host_id + "\",\"uptime\":12}");
  EXPECT_EQ(ask(subjects.inventory(host_id), ""),
            std::string("{\"host_id\":\"") + host_id +
                "\",\"labels\":{\"hostcore.os\":\"linux\",\"zone\":\"a\"},\"actors\":[{\"id\":\"" +
                actor_id + "\",\"name\":\"Echo\",\"revision\":2}],\"providers\":[]}");
  EXPECT_EQ(ask(subjects.claims_query(), "[]"),
            std::string("{\"claims\":[{\"values\":{\"sub\":\"") + actor_id + "\"}}]}");
  EXPECT_EQ(ask(subjects.link_query(), ""),
            std::string("{\"links\":[{\"actor_id\":\"") + actor_id + "\",\"provider_id\":\"" +
                provider_id +
                "\",\"link_name\":\"default\",\"contract_id\":\"wasmcloud:keyvalue\",\"values\":{"
                "\"URL\":\"redis\"}}]}");
}

TEST_F(Control, WhatIsTooLongForAMessageIsCut) {
  host.link_count = 20'000;
  const auto json = ask(subjects.link_query(), "");
  EXPECT_LE(json.size(), transport->max_payload());
  const auto list = read_json<LinkDefinitionList>(json);
  ASSERT_TRUE(list);
  EXPECT_GT(list->links.size(), 1000U);
  EXPECT_LT(list->links.size(), 20'000U);
}

TEST_F(Control, TellsTheStateOfLinks) {
  host.states = {{actor_id, "wasmcloud:keyvalue", "default", provider_id, "failed",
                  "no such server", 7, 3, "local", false}};
  const auto reply = read_json<LinkStatesReply>(ask(subjects.own_link_query(), ""));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->host_id, host_id);
  ASSERT_EQ(reply->links.size(), 1U);
  EXPECT_EQ(reply->links.front(), host.states.front());
  host.states.resize(20'000, host.states.front());
  const auto json = ask(subjects.own_link_query(), "{}");
  EXPECT_LE(json.size(), transport->max_payload());
  const auto cut = read_json<LinkStatesReply>(json);
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->links.size() + cut->left_out, 20'000U);
}

TEST_F(Control, OnlyHostsThatFitBid) {
  bus.set_no_responders(false);
  const auto bids = [&](std::string request) {
    auto answer =
        request_and_wait(*client, subjects.actor_auction(), as_bytes(request),
                         std::chrono::steady_clock::now() + std::chrono::milliseconds(200));
    return answer ? std::string(as_text(*answer)) : std::string();
  };
  EXPECT_EQ(bids(R"({"actor_ref":"new","constraints":{"zone":"a"}})"),
            std::string(R"({"actor_ref":"new","constraints":{"zone":"a"},"host_id":")") + host_id +
                "\"}");
  EXPECT_NE(bids(R"({"actor_ref":"new"})"), "");
  EXPECT_EQ(bids(R"({"actor_ref":"new","constraints":{"zone":"A"}})"), "");
  EXPECT_EQ(bids(R"({"actor_ref":"new","constraints":{"rack":"1"}})"), "");
  EXPECT_EQ(bids(R"({"actor_ref":"running","constraints":{}})"), "");
  EXPECT_EQ(bids(R"({"actor_ref":"forbidden","constraints":{}})"), "");
  EXPECT_EQ(bids("{"), "");
  EXPECT_EQ(
      ask(subjects.provider_auction(), R"({"provider_ref":"p","constraints":{}})"),
      std::string(R"({"provider_ref":"p","link_name":"default","host_id":")") + host_id + "\"}");
}

TEST_F(Control, AStartIsAcknowledgedThenDoneThenTold) {
  EXPECT_EQ(order("la", R"({"actor_ref":"new","host_id":"anything","operation_id":"op-1"})"),
            std::string(R"({"host_id":")") + host_id + R"(","actor_ref":"new","failure":null})");
  EXPECT_EQ(outcome(), (Outcome{"op-1", host_id, "start_actor", "new", actor_id, std::nullopt}));
  order("la", R"({"actor_ref":"broken","host_id":""})");
  const auto failed = outcome();
  EXPECT_EQ(failed.failure, "not a module");
  EXPECT_EQ(failed.operation_id.size(), 36U);
}

TEST_F(Control, RefusalsHaveTheTextsToolsCompare) {
  EXPECT_EQ(
      order("la", R"({"actor_ref":"running","host_id":""})"),
      std::string(R"({"host_id":")") + host_id +
          R"(","actor_ref":"running","failure":"Actor with image ref 'running' is already running on this host"})");
  EXPECT_EQ(order("la", "{"),
            std::string(R"({"host_id":")") + host_id +
                R"(","actor_ref":"","failure":"Bad StartActor command received: )" +
                order("la", "{").substr(order("la", "{").find("JSON")));
  EXPECT_NE(order("la", "{}").find("JSON deserialization failure: missing field `actor_ref`"),
            std::string::npos);
  EXPECT_NE(order("la", R"({"actor_ref":"forbidden","host_id":""})")
                .find("\"failure\":\"not this one (take another)\""),
            std::string::npos);
  EXPECT_EQ(
      order("lp", R"({"host_id":"","provider_ref":"running","link_name":"default"})"),
      std::string(R"({"host_id":")") + host_id +
          R"(","provider_ref":"running","failure":"Provider with image ref 'running' is already running on this host."})");
  EXPECT_EQ(order("sa", "1"), R"({"failure":"Failed to deserialize stop actor command"})");
  EXPECT_EQ(
      order("sa", R"({"host_id":"","actor_ref":"other"})"),
      R"({"failure":"Actor is either not running on this host or host controller unresponsive"})");
  EXPECT_EQ(order("sp", "1"), R"({"failure":"Failed to deserialize stop provider command"})");
  EXPECT_EQ(
      order("sp", R"({"host_id":"","provider_ref":"other","link_name":"l","contract_id":"c"})"),
      R"({"failure":"Provider other/l is not running on this host"})");
  EXPECT_EQ(
      order("sp",
            R"({"host_id":"","provider_ref":"running","link_name":"default","contract_id":"c"})"),
      R"({"failure":"Provider running/default is not running on this host"})");
  EXPECT_EQ(order("upd", "nonsense"), R"({"accepted":false})");
  EXPECT_EQ(order("upd", R"({"host_id":"","actor_id":"M1","new_actor_ref":"r"})"),
            R"({"accepted":false})");
  EXPECT_TRUE(done().empty());
  EXPECT_EQ(outcome().failure, "Actor M1 was not found on this host, live update aborted");
}

TEST_F(Control, StopsUpdatesAndScalesReachTheHost) {
  EXPECT_EQ(order("sa", R"({"host_id":"","actor_ref":"running"})"), R"({"failure":null})");
  EXPECT_EQ(outcome().command, "stop_actor");
  order(
      "sp",
      R"({"host_id":"","provider_ref":"running","link_name":"default","contract_id":"wasmcloud:keyvalue"})");
  EXPECT_EQ(outcome().id, provider_id);
  order("lp", R"({"host_id":"","provider_ref":"p","link_name":"x"})");
  EXPECT_EQ(outcome().command, "start_provider");
  EXPECT_EQ(order("upd", std::string(R"({"host_id":"","actor_id":")") + actor_id +
                             R"(","new_actor_ref":"next"})"),
            R"({"accepted":true})");
  EXPECT_EQ(outcome().command, "update_actor");
  const auto own = [&](std::string_view verb, std::string_view request) {
    return ask(subjects.own_command(host_id, verb), request);
  };
  EXPECT_EQ(own("scale", R"({"actor_ref":"running","minimum":2,"maximum":4})"),
            std::string(R"({"host_id":")") + host_id + R"(","failure":null})");
  EXPECT_EQ(outcome().command, "scale_actor");
  EXPECT_NE(own("scale", R"({"actor_ref":"running","minimum":5,"maximum":4})").find("maximum"),
            std::string::npos);
  EXPECT_NE(own("stop", R"({"host_id":"N"})").find("another host"), std::string::npos);
  EXPECT_NE(own("stop", std::string(R"({"host_id":")") + host_id + "\"}").find("null"),
            std::string::npos);
  EXPECT_EQ(outcome().command, "stop_host");
  EXPECT_EQ(done(),
            (std::vector<std::string>{std::string("stop ") + actor_id,
                                      std::string("stop ") + provider_id + "/default", "start p/x",
                                      std::string("update ") + actor_id + " next",
                                      std::string("scale ") + actor_id + " 2..4", "stop host"}));
}

TEST_F(Control, ASecondStartOfTheSameIsRefusedWhileTheFirstRuns) {
  order("la", R"({"actor_ref":"slow","host_id":""})");
  EXPECT_NE(order("la", R"({"actor_ref":"slow","host_id":""})").find("in progress"),
            std::string::npos);
  // Questions are answered meanwhile.
  EXPECT_NE(ask(subjects.hosts(), "").find("uptime"), std::string::npos);
  {
    const std::scoped_lock lock(host.mutex);
    host.may_go = true;
  }
  host.go.notify_all();
  EXPECT_FALSE(outcome().failure);
  EXPECT_EQ(done().size(), 1U);
}

TEST_F(Control, NoReplyIsNoObstacleAndOversizedRequestsAreIgnored) {
  ASSERT_TRUE(client->publish(subjects.command(host_id, "la"),
                              as_bytes(R"({"actor_ref":"new","host_id":""})")));
  EXPECT_EQ(outcome().reference, "new");
  const std::string huge(200'000, ' ');
  ASSERT_TRUE(client->publish(subjects.command(host_id, "la"), as_bytes(huge)));
  bus.settle();
  EXPECT_EQ(server.counters().malformed, 1U);
}

}  // namespace
}  // namespace trellis::lattice
