// tests/vectors/control.json: control messages, advertisements and their subjects.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "identity/claims.hpp"
#include "lattice/wire/advertisements.hpp"
#include "lattice/wire/control_messages.hpp"
#include "lattice/wire/subjects.hpp"
#include "support/vectors.hpp"

namespace trellis::lattice {
namespace {

using nlohmann::json;
using test::text_of;

/// Text or bytes after they were read and written again.
using Rewrite = std::function<std::string(const json& vector)>;

template <class T>
Rewrite as_json() {
  return [](const json& vector) {
    const auto value = read_json<T>(text_of(vector.at("text")));
    return value ? write_json(*value) : value.error().message;
  };
}

template <class T>
Rewrite as_msgpack() {
  return [](const json& vector) {
    const auto value = codec::decode<T>(test::from_hex_or_fail(text_of(vector.at("bytes_hex"))));
    return value ? to_hex_lower(codec::encode(*value)) : value.error().message;
  };
}

struct Expectation {
  Rewrite rewrite;
  std::function<std::string(const Subjects&, const std::string& host)> subject = {};
};

const std::map<std::string, Expectation>& expectations() {
  using S = const Subjects&;
  using H = const std::string&;
  const auto command = [](std::string verb) {
    return [verb](S s, H host) { return s.command(host, verb); };
  };
  const auto inventory = [](S s, H host) { return s.inventory(host); };
  const auto claims = [](S s, H) { return s.claims(); };
  const auto claims_query = [](S s, H) { return s.claims_query(); };
  static const std::map<std::string, Expectation> all = {
      {"ProviderAuctionRequest",
       {as_json<ProviderAuctionRequest>(), [](S s, H) { return s.provider_auction(); }}},
      {"ProviderAuctionAck", {as_json<ProviderAuctionAck>()}},
      {"ActorAuctionRequest",
       {as_json<ActorAuctionRequest>(), [](S s, H) { return s.actor_auction(); }}},
      {"ActorAuctionAck", {as_json<ActorAuctionAck>()}},
      {"StartActorCommand", {as_json<StartActorCommand>(), command("la")}},
      {"StartActorAck-ok", {as_json<StartActorAck>()}},
      {"StartActorAck-fail", {as_json<StartActorAck>()}},
      {"StartProviderCommand", {as_json<StartProviderCommand>(), command("lp")}},
      {"StartProviderAck-ok", {as_json<StartProviderAck>()}},
      {"StopActorCommand", {as_json<StopActorCommand>(), command("sa")}},
      {"StopActorAck-ok", {as_json<StopAck>()}},
      {"StopActorAck-fail", {as_json<StopAck>()}},
      {"StopProviderCommand", {as_json<StopProviderCommand>(), command("sp")}},
      {"StopProviderAck-ok", {as_json<StopAck>()}},
      {"UpdateActorCommand", {as_json<UpdateActorCommand>(), command("upd")}},
      {"UpdateActorAck", {as_json<UpdateActorAck>()}},
      {"Host", {as_json<HostReply>(), [](S s, H) { return s.hosts(); }}},
      {"HostInventory-empty", {as_json<HostInventory>(), inventory}},
      {"HostInventory", {as_json<HostInventory>(), inventory}},
      {"ClaimsList", {as_json<ClaimsList>(), claims_query}},
      {"ClaimsList-empty", {as_json<ClaimsList>(), claims_query}},
      {"LinkDefinitionList",
       {as_json<LinkDefinitionList>(), [](S s, H) { return s.link_query(); }}},
      {"LinkDefinition-advertise",
       {as_msgpack<LinkDefinition>(), [](S s, H) { return s.links(); }}},
      {"LinkDefinition-remove",
       {as_msgpack<LinkDefinition>(), [](S s, H) { return s.removed_links(); }}},
      {"Claims-advertise", {as_msgpack<ClaimsAdvertisement>(), claims}},
      {"Claims-advertise-exp-nbf", {as_msgpack<ClaimsAdvertisement>(), claims}}};
  return all;
}

std::string bare_subject(const std::string& name, const std::string& module) {
  const auto subjects = Subjects::make("default");
  if (name == "subject-call_actor") return subjects->entity(Entity::actor(module));
  if (name == "subject-advertise_links") return subjects->links();
  if (name == "subject-remove_links") return subjects->removed_links();
  return subjects->events();
}

TEST(LatticeVectors, Control) {
  test::VectorRun run("control.json");
  const auto& keys = run.document().at("keys");
  const auto host =
      text_of(keys.at("server").is_object() ? keys.at("server").at("public") : keys.at("server"));
  const auto module =
      text_of(keys.at("module").is_object() ? keys.at("module").at("public") : keys.at("module"));
  const auto subjects = Subjects::make("default");
  ASSERT_TRUE(subjects);
  for (const auto& vector : run.cases()) {
    const auto name = text_of(vector.at("name"));
    const auto subject = text_of(vector.at("subject"));
    if (name.starts_with("subject-")) {
      run.compare(name, subject, bare_subject(name, module));
      continue;
    }
    const auto known = expectations().find(name);
    if (known == expectations().end()) {
      ADD_FAILURE() << "no message for " << name;
      continue;
    }
    const auto theirs = text_of(vector.at(vector.contains("text") ? "text" : "bytes_hex"));
    run.compare(name, theirs, known->second.rewrite(vector));
    const auto& where = known->second.subject;
    EXPECT_EQ(subject, where ? where(*subjects, host) : "reply") << name;
  }
  run.finish();
}

/// The members of a link or of claims are where the vectors' plain form has them.
TEST(LatticeVectors, AdvertisementsHoldWhatTheVectorSays) {
  const auto document = test::load_json("tests/vectors/control.json");
  for (const auto& vector : document.at("cases")) {
    if (!vector.contains("input")) continue;
    const auto& input = vector.at("input");
    const auto bytes = test::from_hex_or_fail(text_of(vector.at("bytes_hex")));
    if (input.contains("actor_id")) {
      const auto link = codec::decode<LinkDefinition>(bytes);
      ASSERT_TRUE(link);
      EXPECT_EQ(json::parse(write_json(*link)), input);
    } else {
      const auto claims = codec::decode<ClaimsAdvertisement>(bytes);
      ASSERT_TRUE(claims);
      EXPECT_EQ(json::parse(write_json(*claims)), input);
      const auto plain = to_claims(*claims);
      EXPECT_EQ(json::parse(identity::to_json(plain)), input);
      EXPECT_EQ(to_advertisement(plain), *claims);
    }
  }
}

TEST(Advertisements, ClaimsWithoutMetadataAreTaken) {
  ClaimsAdvertisement bare;
  bare.jti = "j";
  bare.iss = "A";
  bare.sub = "M";
  const auto read = codec::decode<ClaimsAdvertisement>(codec::encode(bare));
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->wascap);
  EXPECT_FALSE(to_claims(*read).caps);
  EXPECT_EQ((claims_values(*read).values), (codec::StringMap{{"iss", "A"}, {"sub", "M"}}));
}

TEST(ClaimsQuery, ValuesAreTexts) {
  ClaimsAdvertisement claims;
  claims.iss = "A";
  claims.sub = "M";
  claims.wascap.emplace();
  claims.wascap->caps = {{"wasmcloud:keyvalue", "wasmcloud:httpserver"}};
  claims.wascap->rev = 2;
  EXPECT_EQ((claims_values(claims).values),
            (codec::StringMap{{"iss", "A"},
                              {"sub", "M"},
                              {"caps", "wasmcloud:keyvalue,wasmcloud:httpserver"},
                              {"rev", "2"},
                              {"version", ""}}));
}

TEST(Subjects, NamesThatBreakSubjectsAreRefused) {
  for (const std::string bad : {"", " ", "a b", "a*", ">", "a\tb", "a\nb", "a.b", "\x7f", "ä"}) {
    EXPECT_FALSE(Subjects::make(bad)) << bad;
  }
  EXPECT_TRUE(Subjects::make("default"));
  for (const std::string bad : {"", "a b", "*", "a>", ".a", "a.", "a..b", "\r"}) {
    EXPECT_FALSE(usable_in_subject(bad)) << bad;
  }
  EXPECT_TRUE(usable_in_subject("a.b"));
  EXPECT_TRUE(usable_in_subject("__wasmcloud_lattice_cache"));
}

TEST(Subjects, ProvidersAreAddressedByKeyAndLinkName) {
  const auto subjects = Subjects::make("ns1");
  ASSERT_TRUE(subjects);
  EXPECT_EQ(subjects->entity(Entity::provider("VX", "wasmcloud:keyvalue", "Back End")),
            "wasmbus.rpc.ns1.VX.Back End");
  EXPECT_EQ(subjects->events(), "wasmbus.ctl.ns1.events");
}

}  // namespace
}  // namespace trellis::lattice
