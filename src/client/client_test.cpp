#include "trellis/client.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <set>

#include "client/over.hpp"
#include "lattice/control/control_server.hpp"
#include "lattice/rpc/rpc_server.hpp"
#include "nats/memory_transport.hpp"
#include "support/scripted_host.hpp"
#include "support/vectors.hpp"

namespace trellis {
namespace {

using lattice::test::actor_id;
using lattice::test::host_id;
using lattice::test::provider_id;
using nats::Message;
using std::chrono::milliseconds;
using std::chrono::seconds;

SteadyTime soon() {
  return std::chrono::steady_clock::now() + seconds(20);
}

/// A client and one host on a network inside the process.
struct ClientTest : testing::Test {
  ClientTest() {
    EXPECT_TRUE(server.subscribe());
    ClientOptions options;
    options.window = milliseconds(150);
    options.control_timeout = seconds(20);
    options.rpc_timeout = seconds(20);
    auto made = client::ClientAccess::over(options, bus.connect(), bus.connect());
    EXPECT_TRUE(made);
    client = std::move(*made);
  }
  ~ClientTest() override { server.stop(soon()); }

  nats::MemoryBus bus;
  lattice::Subjects subjects = *lattice::Subjects::make("default");
  std::unique_ptr<nats::MemoryTransport> transport = bus.connect();
  lattice::test::ScriptedHost host;
  lattice::test::Threads threads;
  SystemClock clock;
  SystemRandom random;
  lattice::ControlServer server{*transport,
                                subjects,
                                host_id,
                                host,
                                {[this](auto job, auto) { return threads.run(std::move(job)); },
                                 [this](auto job) { return threads.run(std::move(job)); }},
                                clock,
                                random,
                                Log(nullptr, "control")};
  std::unique_ptr<Client> client;
};

/// A first-party host: it acknowledges a command, tells one event, and knows no outcomes.
struct FirstPartyHost {
  FirstPartyHost(nats::MemoryBus& bus, const lattice::Subjects& subjects, const char* verb,
                 std::string ack, const std::string& event)
      : transport(bus.connect()) {
    const auto published =
        R"({"event":)" + event + R"(,"header":{"host_origin":")" + id + R"(","timestamp":1}})";
    commands = std::move(*transport->subscribe(
        subjects.command(id, verb), {},
        [this, ack = std::move(ack), published, where = subjects.events()](const Message& message) {
          static_cast<void>(transport->publish(message.reply, as_bytes(ack)));
          static_cast<void>(transport->publish(where, as_bytes(published)));
        }));
  }

  std::string id = std::string(host_id).substr(0, 55) + "A";
  std::unique_ptr<nats::MemoryTransport> transport;
  std::unique_ptr<nats::Subscription> commands;
};

TEST_F(ClientTest, SeesHostsAndWhatTheyRun) {
  const auto hosts = client->hosts();
  ASSERT_TRUE(hosts);
  ASSERT_EQ(hosts->size(), 1U);
  EXPECT_EQ(hosts->front().id, host_id);
  EXPECT_EQ(hosts->front().uptime, seconds(12));
  const auto inventory = client->inventory(host_id);
  ASSERT_TRUE(inventory);
  EXPECT_EQ(inventory->labels.at("zone"), "a");
  ASSERT_EQ(inventory->actors.size(), 1U);
  EXPECT_EQ(inventory->actors.front().name, "Echo");
  EXPECT_EQ(client->inventories()->size(), 1U);
  EXPECT_EQ(client->links()->front().values.at("URL"), "redis");
  EXPECT_EQ(client->claims()->front().at("sub"), actor_id);
}

TEST_F(ClientTest, AnUnknownHostIsNamedInTheError) {
  std::string other(host_id);
  other.back() = 'A';
  const auto missing = client->inventory(other);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_FALSE(client->inventory("a.*"));
  EXPECT_FALSE(client->start_actor("a.>", "x"));
}

TEST_F(ClientTest, AnswersThatAreNoneHideNoOthers) {
  const auto stranger = bus.connect();
  const auto bad = stranger->subscribe(subjects.hosts(), {}, [&](const Message& message) {
    static_cast<void>(stranger->publish(message.reply, as_bytes("{\"id\":7}")));
  });
  EXPECT_EQ(client->hosts()->size(), 1U);
}

TEST_F(ClientTest, AuctionsCollectBids) {
  EXPECT_EQ(*client->auction_actor("new", {{"zone", "a"}}), std::vector<std::string>{host_id});
  EXPECT_TRUE(client->auction_actor("new", {{"zone", "b"}})->empty());
  EXPECT_EQ(*client->auction_provider("new"), std::vector<std::string>{host_id});
  EXPECT_TRUE(client->auction_provider("running")->empty());
}

TEST_F(ClientTest, WaitsForTheOutcomeOfItsOwnCommand) {
  const auto started = client->start_actor(host_id, "new", seconds(20));
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_TRUE(started->done);
  EXPECT_EQ(started->entity, actor_id);
  const auto accepted = client->start_actor(host_id, "newer");
  ASSERT_TRUE(accepted);
  EXPECT_FALSE(accepted->done);
  const auto failed = client->start_actor(host_id, "broken", seconds(20));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "not a module");
  EXPECT_TRUE(client->stop_actor(host_id, "running", seconds(20))->done);
  EXPECT_TRUE(client->scale_actor(host_id, actor_id, 1, 2, seconds(20))->done);
  EXPECT_TRUE(client->start_provider(host_id, "p", "default", seconds(20))->done);
  EXPECT_TRUE(
      client->stop_provider(host_id, "running", "default", "wasmcloud:keyvalue", seconds(20))
          ->done);
  EXPECT_TRUE(client->stop_host(host_id, seconds(20))->done);
}

TEST_F(ClientTest, RefusalsAreErrorsWithTheHostsWords) {
  const auto running = client->start_actor(host_id, "running");
  ASSERT_FALSE(running);
  EXPECT_EQ(running.error().code, ErrorCode::denied);
  EXPECT_EQ(running.error().message,
            "Actor with image ref 'running' is already running on this host");
  const auto update = client->update_actor(host_id, actor_id, "forbidden");
  ASSERT_FALSE(update);
  EXPECT_EQ(update.error().message, "not this one (take another)");
}

TEST_F(ClientTest, SilenceAfterAnAcceptedCommandIsADeadline) {
  const auto waited = client->start_actor(host_id, "slow", milliseconds(50));
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ErrorCode::deadline);
  const std::scoped_lock lock(host.mutex);
  host.may_go = true;
  host.go.notify_all();
}

TEST_F(ClientTest, EventsOfHostsThatTellNoOutcomeCountToo) {
  const FirstPartyHost other(bus, subjects, "la",
                             R"({"host_id":"","actor_ref":"image","failure":null})",
                             R"({"ActorStarted":{"actor":"MX","image_ref":"image"}})");
  const auto started = client->start_actor(other.id, "image", seconds(20));
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(started->entity, "MX");
}

TEST_F(ClientTest, CompletedUpdatesOfFirstPartyHostsEndTheWaiting) {
  const FirstPartyHost other(bus, subjects, "upd", R"({"accepted":true})",
                             std::string(R"({"ActorUpdateCompleted":{"actor":")") + actor_id +
                                 R"(","old_revision":1,"new_revision":2}})");
  const auto updated = client->update_actor(other.id, actor_id, "image", seconds(20));
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_TRUE(updated->done);
  EXPECT_EQ(updated->entity, actor_id);
  EXPECT_FALSE(client->update_actor(other.id, "MANOTHER", "image", milliseconds(50)));
}

TEST_F(ClientTest, EventsOfOtherLinkNamesAreNoSuccess) {
  const FirstPartyHost other(
      bus, subjects, "lp", R"({"host_id":"","provider_ref":"image","failure":null})",
      R"({"ProviderStarted":{"contract_id":"c","link_name":"one","provider_id":"VX",)"
      R"("image_ref":"image"}})");
  const auto wrong = client->start_provider(other.id, "image", "two", milliseconds(50));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::deadline);
  const auto right = client->start_provider(other.id, "image", "one", seconds(20));
  ASSERT_TRUE(right) << right.error().message;
  EXPECT_EQ(right->entity, "VX");
}

TEST_F(ClientTest, StopsOfOtherLinkNamesAreNoSuccess) {
  const FirstPartyHost other(
      bus, subjects, "sp", R"({"failure":null})",
      R"({"ProviderStopped":{"contract_id":"c","link_name":"default","provider_id":"VX"}})");
  EXPECT_FALSE(client->stop_provider(other.id, "VX", "two", "c", milliseconds(50)));
  // Hosts read a blank link name as "default".
  EXPECT_TRUE(client->stop_provider(other.id, "VX", " ", "c", seconds(20)));
}

TEST_F(ClientTest, ActorsStoppedByTheirImageAreKnownByTheirKey) {
  const FirstPartyHost other(bus, subjects, "sa", R"({"failure":null})",
                             R"({"ActorStopped":{"actor":"MX"}})");
  const auto inventory =
      other.transport->subscribe(subjects.inventory(other.id), {}, [&](const Message& message) {
        const auto text = R"({"host_id":")" + other.id +
                          R"(","labels":{},"actors":[{"id":"MX","image_ref":"image",)"
                          R"("revision":0}],"providers":[]})";
        static_cast<void>(other.transport->publish(message.reply, as_bytes(text)));
      });
  const auto stopped = client->stop_actor(other.id, "image", seconds(20));
  ASSERT_TRUE(stopped) << stopped.error().message;
  EXPECT_EQ(stopped->entity, "MX");
}

TEST_F(ClientTest, HostsAreListedOnceAndAskedAtTheSameTime) {
  // Ten hosts that announce themselves three times each, and answer once all ten were asked.
  const auto peer = bus.connect();
  std::vector<std::string> questions;  // on the bus's thread only
  std::vector<std::unique_ptr<nats::Subscription>> asked;
  for (char digit = 'A'; digit < 'K'; ++digit) {
    asked.push_back(*peer->subscribe(
        subjects.inventory(std::string("NPEER") + digit), {}, [&](const Message& message) {
          questions.emplace_back(message.reply);
          if (questions.size() < 10) return;
          for (const auto& reply : questions) {
            static_cast<void>(peer->publish(
                reply, as_bytes(R"({"host_id":"N","labels":{},"actors":[],"providers":[]})")));
          }
        }));
  }
  const auto announced = peer->subscribe(subjects.hosts(), {}, [&](const Message& message) {
    for (int i = 0; i < 30; ++i) {
      const auto text =
          std::string(R"({"id":"NPEER)") + static_cast<char>('A' + i % 10) + R"(","uptime":1})";
      static_cast<void>(peer->publish(message.reply, as_bytes(text)));
    }
    static_cast<void>(peer->publish(message.reply, as_bytes(R"({"id":"a.>","uptime":1})")));
  });
  EXPECT_EQ(client->hosts()->size(), 11U);
  EXPECT_EQ(client->inventories()->size(), 11U);
}

TEST_F(ClientTest, LinksThatCannotWorkAreRefused) {
  const auto refusal = [&](const Link& link) {
    const auto sent = client->put_link(link);
    return sent ? std::string("accepted") : sent.error().message;
  };
  const std::string contract = "wasmcloud:keyvalue";
  EXPECT_EQ(refusal({"Echo", contract, "default", provider_id, {}}),
            "'Echo' is no public key of an actor");
  EXPECT_EQ(refusal({actor_id, contract, "default", "builtin:keyvalue", {}}),
            "'builtin:keyvalue' is no public key of a provider");
  EXPECT_EQ(refusal({actor_id, contract, "a b", provider_id, {}}), "'a b' cannot be a link name");
  EXPECT_EQ(refusal({actor_id, "", "default", provider_id, {}}), "the link names no contract");
  EXPECT_EQ(refusal({actor_id, contract, "default", provider_id, {}}), "accepted");
}

TEST_F(ClientTest, CallsAreSignedAndErrorsComeBack) {
  const lattice::CallVerifier verifier({}, std::make_shared<SystemClock>(), random);
  lattice::RpcServer rpc(
      *transport, subjects, verifier,
      [this](auto job, auto&, auto) { return threads.run(std::move(job)); },
      [](const lattice::Invocation& call, SteadyTime) -> Result<Bytes> {
        if (call.operation == "Fail") return fail(ErrorCode::guest_failed, "as asked");
        return call.msg;
      },
      clock, std::chrono::seconds(2), Log(nullptr, "rpc"));
  ASSERT_TRUE(rpc.serve(lattice::Entity::actor(actor_id), soon()));
  EXPECT_EQ(as_text(*client->call(actor_id, "Echo", as_bytes("hello"))), "hello");
  EXPECT_EQ(client->call(actor_id, "Fail", {}).error().message, "as asked");
  EXPECT_EQ(rpc.counters().refused, 0U);
  EXPECT_EQ(*client->resolve_actor(actor_id), actor_id);
  EXPECT_EQ(*client->resolve_actor("Echo"), actor_id);
  EXPECT_FALSE(client->resolve_actor("nobody"));
  rpc.stop(soon());
}

TEST_F(ClientTest, LinksAreAdvertisedAsFirstPartyClientsDo) {
  std::vector<Bytes> seen;
  std::mutex mutex;
  const auto record = [&](const Message& message) {
    const std::scoped_lock lock(mutex);
    seen.push_back(to_bytes(message.payload));
  };
  const auto puts = transport->subscribe(subjects.links(), {}, record);
  const auto removals = transport->subscribe(subjects.removed_links(), {}, record);
  ASSERT_TRUE(client->put_link(
      {actor_id, "wasmcloud:keyvalue", "default", provider_id, {{"URL", "redis://x"}}}));
  ASSERT_TRUE(client->remove_link(actor_id, "wasmcloud:keyvalue"));
  bus.settle();
  const std::scoped_lock lock(mutex);
  ASSERT_EQ(seen.size(), 2U);
  const auto vectors = test::load_json("tests/vectors/control.json");
  std::size_t compared = 0;
  for (const auto& vector : vectors.at("cases")) {
    const auto name = test::text_of(vector.at("name"));
    if (name != "LinkDefinition-advertise" && name != "LinkDefinition-remove") continue;
    EXPECT_EQ(test::from_hex_or_fail(test::text_of(vector.at("bytes_hex"))),
              seen[name == "LinkDefinition-remove" ? 1 : 0]);
    ++compared;
  }
  EXPECT_EQ(compared, 2U);
}

const Link known_link{actor_id, "wasmcloud:keyvalue", "default", provider_id, {{"URL", "redis"}}};

lattice::LinkStateRecord state_of_link(std::string state, std::string problem = {}) {
  return {actor_id,
          "wasmcloud:keyvalue",
          "default",
          provider_id,
          std::move(state),
          std::move(problem),
          1,
          0,
          "lattice",
          false};
}

TEST_F(ClientTest, WaitsForWhatBecomesOfALink) {
  host.wanted = {{"URL", "redis"}};
  host.states = {state_of_link("binding")};
  host.bound_when_asked = 3;
  const auto bound = client->put_link_and_wait(known_link, seconds(20));
  ASSERT_TRUE(bound) << bound.error().message;
  ASSERT_TRUE(*bound);
  EXPECT_EQ((*bound)->state, LinkState::bound);
  EXPECT_EQ((*bound)->host_id, host_id);
  EXPECT_EQ(host.asked, 3);
}

TEST_F(ClientTest, AFailedLinkIsToldWithItsReason) {
  host.wanted = {{"URL", "redis"}};
  host.states = {state_of_link("failed", "port taken")};
  const auto failed = client->put_link_and_wait(known_link, seconds(20));
  ASSERT_TRUE(failed && *failed);
  EXPECT_EQ((*failed)->state, LinkState::failed);
  EXPECT_EQ((*failed)->problem, "port taken");
}

TEST_F(ClientTest, TheStateOfAnEarlierLinkIsNotTakenForThatOfANewOne) {
  host.wanted = {{"URL", "an older one"}};
  host.states = {state_of_link("bound")};
  const auto unknown = client->put_link_and_wait(known_link, milliseconds(1));
  ASSERT_TRUE(unknown);
  EXPECT_FALSE(*unknown);
}

TEST_F(ClientTest, ALinkOfAProviderThatNobodyRunsIsNotBound) {
  host.wanted = {{"URL", "redis"}};
  host.states = {state_of_link("elsewhere")};
  const auto nowhere = client->put_link_and_wait(known_link, milliseconds(1));
  ASSERT_TRUE(nowhere && *nowhere);
  EXPECT_EQ((*nowhere)->state, LinkState::elsewhere);
}

TEST_F(ClientTest, RemovingWaitsUntilNobodyKnowsTheLink) {
  host.states = {state_of_link("bound")};
  const auto late =
      client->remove_link_and_wait(actor_id, "wasmcloud:keyvalue", "default", milliseconds(1));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::deadline);
  host.states.clear();
  EXPECT_TRUE(client->remove_link_and_wait(actor_id, "wasmcloud:keyvalue", "default", seconds(20)));
}

TEST_F(ClientTest, WatchesEventsAndOutcomes) {
  std::mutex mutex;
  std::vector<std::string> seen;
  auto watch = client->watch({[&](const LatticeEventRecord& event) {
                                const std::scoped_lock lock(mutex);
                                seen.push_back(event.name + event.content);
                              },
                              [&](const OutcomeRecord& outcome) {
                                const std::scoped_lock lock(mutex);
                                seen.push_back(outcome.command);
                              }});
  ASSERT_TRUE(watch);
  const auto tell = [&](std::string_view text) {
    static_cast<void>(transport->publish(subjects.events(), as_bytes(text)));
  };
  tell(R"({"event":{"ActorStopped":{"actor":"MX"}},"header":{"host_origin":"N","timestamp":1}})");
  tell(R"({"event":"HostStopped","header":{"host_origin":"N","timestamp":1}})");
  tell("{}");
  ASSERT_TRUE(client->start_actor(host_id, "new", seconds(20)));
  bus.settle();
  EXPECT_EQ((*watch)->unreadable(), 1U);
  watch->reset();
  const std::scoped_lock lock(mutex);
  EXPECT_EQ(seen, (std::vector<std::string>{R"(ActorStopped{"actor":"MX"})", "HostStoppednull",
                                            "start_actor"}));
}

}  // namespace
}  // namespace trellis
