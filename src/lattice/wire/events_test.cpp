// tests/vectors/events.json and the JSON part of probes.json.
#include "lattice/wire/events.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "base/limits.hpp"
#include "lattice/wire/control_messages.hpp"
#include "support/vectors.hpp"

namespace trellis::lattice {
namespace {

using nlohmann::json;
using test::text_of;

template <class T>
std::string rewrite(const std::string& text) {
  const auto value = read_json<T>(text);
  if (!value) {
    EXPECT_TRUE(value.error().message.starts_with("JSON deserialization failure: "));
    return "refused";
  }
  return write_json(*value);
}

TEST(LatticeVectors, Events) {
  test::VectorRun run("events.json");
  for (const auto& vector : run.cases()) {
    const auto text = text_of(vector.at("text"));
    run.compare(text_of(vector.at("name")), text, rewrite<PublishedEvent>(text));
  }
  run.finish();
}

using EventRewrite = std::string (*)(const std::string&);

const std::map<std::string, EventRewrite>& json_probes() {
  static const std::map<std::string, EventRewrite> all = {
      {"json:StartActorCommand", &rewrite<StartActorCommand>},
      {"json:StopActorCommand", &rewrite<StopActorCommand>},
      {"json:StartProviderCommand", &rewrite<StartProviderCommand>},
      {"json:StopProviderCommand", &rewrite<StopProviderCommand>},
      {"json:ActorAuctionRequest", &rewrite<ActorAuctionRequest>},
      {"json:ProviderAuctionRequest", &rewrite<ProviderAuctionRequest>},
      {"json:UpdateActorCommand", &rewrite<UpdateActorCommand>},
      {"json:Host", &rewrite<HostReply>},
      {"json:HostInventory", &rewrite<HostInventory>},
      {"json:StartActorAck", &rewrite<StartActorAck>},
      {"json:StopActorAck", &rewrite<StopAck>},
      {"json:PublishedEvent", &rewrite<PublishedEvent>}};
  return all;
}

/// Members of maps come in random order from first-party software: compared as sorted JSON there.
std::string comparable(const std::string& text) {
  return text == "refused" ? text : json::parse(text).dump();
}

TEST(LatticeVectors, JsonProbes) {
  test::VectorRun run("probes.json", [](const json& vector) {
    return json_probes().contains(text_of(vector.at("type")));
  });
  for (const auto& vector : run.cases()) {
    const auto name = text_of(vector.at("name"));
    const auto& result = vector.at("result");
    const bool accepted = result.at("accepted");
    const auto theirs = accepted ? text_of(result.at("reencoded")) : "refused";
    const auto ours = json_probes().at(text_of(vector.at("type")))(text_of(vector.at("text")));
    if (name == "json:PublishedEvent: Heartbeat") {
      run.compare(name, comparable(theirs), comparable(ours));
    } else {
      run.compare(name, theirs, ours);
    }
  }
  run.finish();
}

TEST(JsonMessage, SaysWhatIsWrongInFirstPartyWords) {
  const auto why = [](std::string_view text) {
    return read_json<StartActorCommand>(text).error().message;
  };
  const std::string prefix = "JSON deserialization failure: ";
  EXPECT_EQ(why(R"({"actor_ref":"a"})"), prefix + "missing field `host_id`");
  EXPECT_EQ(why(R"({"actor_ref":null,"host_id":"N"})"),
            prefix + "invalid type: null, expected a string");
  EXPECT_EQ(why(R"({"actor_ref":1,"host_id":"N"})"),
            prefix + "invalid type: integer `1`, expected a string");
  EXPECT_EQ(why(R"({"actor_ref":"a","actor_ref":"b"})"), prefix + "duplicate field `actor_ref`");
  EXPECT_EQ(why(R"(["a"])"), prefix + "missing field `host_id`");
  EXPECT_EQ(why(R"(["a","N","x"])"), prefix + "trailing characters");
  EXPECT_EQ(why("7"), prefix + "invalid type: integer `7`, expected struct StartActorCommand");
}

TEST(JsonMessage, NumbersOutsideTheirTypeAreRefused) {
  EXPECT_FALSE(read_json<HostReply>(R"({"id":"N","uptime":-1})"));
  EXPECT_FALSE(read_json<HostReply>(R"({"id":"N","uptime":1.5})"));
  EXPECT_FALSE(read_json<HostReply>(R"({"id":"N","uptime":18446744073709551616})"));
  EXPECT_EQ(read_json<HostReply>(R"({"id":"N","uptime":18446744073709551615})")->uptime,
            std::uint64_t(-1));
  EXPECT_FALSE(read_json<PublishedEvent>(
      R"({"event":{"ActorUpdateBegan":{"actor":"M","old_revision":0,"new_revision":4294967296}},)"
      R"("header":{"host_origin":"N","timestamp":1}})"));
}

TEST(JsonMessage, HostileTextsAreBounded) {
  EXPECT_FALSE(read_json<HostInventory>(std::string(100, '[')));
  EXPECT_EQ(read_json<HostReply>("[" + std::string(limits::json_values, ',')).error().code,
            ErrorCode::limit);
  EXPECT_EQ(read_json<HostReply>(std::string(limits::lattice_json_bytes + 1, ' ')).error().code,
            ErrorCode::limit);
  EXPECT_FALSE(read_json<HostReply>("{\"id\":\"\xff\",\"uptime\":1}"));
  EXPECT_FALSE(read_json<PublishedEvent>(
      R"({"event":{"HostStarted":null,"HostStopped":null},"header":["N",1]})"));
  EXPECT_FALSE(read_json<PublishedEvent>(R"({"event":"ActorStarted","header":["N",1]})"));
  EXPECT_FALSE(read_json<PublishedEvent>(R"({"event":{"HostStarted":{}},"header":["N",1]})"));
  EXPECT_FALSE(
      read_json<ActorAuctionRequest>(R"({"actor_ref":"a","constraints":{"k":"1","k":"2"}})"));
}

TEST(Heartbeat, ManyEntitiesAreSplit) {
  event::Heartbeat beat;
  for (int i = 0; i < 1000; ++i) {
    beat.entities["M" + std::to_string(1000 + i)] =
        event::EntityStatus{std::string("quoted \" and long enough to count")};
  }
  const auto all = beat.entities;
  EXPECT_EQ(split_entities(beat, 1'000'000).size(), 1U);
  const auto parts = split_entities(beat, 4000);
  EXPECT_GT(parts.size(), 10U);
  std::map<std::string, event::EntityStatus, std::less<>> together;
  for (const auto& part : parts) {
    EXPECT_LE(write_json(part).size(), 4000U);
    together.insert(part.entities.begin(), part.entities.end());
  }
  EXPECT_EQ(together, all);
}

TEST(Heartbeat, ClaimsStayWithinTheBudget) {
  event::Heartbeat beat;
  beat.entities["M1"] = {};
  beat.entities["V1"].value = "no answer";
  std::vector<ClaimsAdvertisement> claims(50);
  for (auto& each : claims) each.sub = std::string(56, 'M');
  const auto fitted = add_claims(beat, claims, 2000);
  EXPECT_GT(fitted, 5U);
  EXPECT_LT(fitted, 50U);
  EXPECT_EQ(beat.claims.size(), fitted);
  EXPECT_LE(write_json(beat).size(), 2000U);
  EXPECT_GT(write_json(beat).size(), 1800U);
}

}  // namespace
}  // namespace trellis::lattice
