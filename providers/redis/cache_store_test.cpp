// The lattice's cache in a real Redis server: our hosts and, by plain commands, others (lattice.md
// 8.10). Rounds are made by the tests, one at a time, but for the last ones.
#include "providers/redis/cache_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "identity/keys.hpp"
#include "lattice/cache/mirror.hpp"
#include "support/capture_log.hpp"
#include "support/host_fixture.hpp"
#include "support/redis_server.hpp"
#include "support/temp_dir.hpp"
#include "support/test_clock.hpp"

namespace trellis::providers::redis {
namespace {

using lattice::CacheMirror;
using lattice::LinkDefinition;
using test::eventually;
using test::RedisServer;
using Strings = std::vector<std::string>;
using namespace std::chrono_literals;

// The vectors of tests/vectors/cache.json and lattice.md 8.3.
constexpr auto golden_actor = "MAU2ZOXBIG6MV4FSFYNJJU2NBPDTMHSSNUF74EWIS6KLZEZCSZW5PMMJ";
constexpr auto golden_provider = "VASUHOJP6EEVKEKHNLOIG2O3NXOJGNTFUEMXRXNBIBHOCBTMVFKZ3YXJ";
constexpr auto golden_hash = "3873525090728279130";
constexpr auto golden_link =
    R"({"actor_id":"MAU2ZOXBIG6MV4FSFYNJJU2NBPDTMHSSNUF74EWIS6KLZEZCSZW5PMMJ",)"
    R"("provider_id":"VASUHOJP6EEVKEKHNLOIG2O3NXOJGNTFUEMXRXNBIBHOCBTMVFKZ3YXJ",)"
    R"("contract_id":"wasmcloud:keyvalue","link_name":"default","values":{"PORT":"8080"}})";

LinkDefinition link_of(const std::string& actor, const std::string& port = "8080") {
  return {actor, golden_provider, "default", "wasmcloud:keyvalue", {{"PORT", port}}};
}

std::string new_actor() {
  SystemRandom random;
  return std::string(
      identity::KeyPair::generate(identity::KeyType::module, random).public_key().text());
}

identity::ActorClaims claims_of(const std::string& actor, const std::string& alias = "") {
  identity::ActorClaims claims;
  claims.sub = actor;
  claims.iss = "ABKAGWDHVAQNLRMLK3SUN3RAVQY4MLHZCGB2IA4Z74YPKJBYLBHXWQFV";
  claims.jti = "GoldenClaimsNuid000001";
  claims.iat = 1621000000;
  claims.name = "Golden";
  if (!alias.empty()) claims.call_alias = alias;
  return claims;
}

/// Cache and mirror, as a host has them.
struct Member {
  explicit Member(const RedisServer& server, std::chrono::milliseconds poll = 10ms)
      : cache(
            nullptr,
            {.events_subject = {},
             .replay_subject = {},
             .on_write = [this](const lattice::CacheEvent& event) { mirror.wrote(event); }},
            clock, [this](const lattice::EntryChange& change) { note(change); },
            [](const std::function<void()>&) { return false; }, Log(log, "test")),
        mirror(std::move(*make_cache_store({server.url("1"), poll})), cache, poll, clock,
               Log(log, "test")) {}

  void note(const lattice::EntryChange& change) {
    using Kind = lattice::EntryChange::Kind;
    if (change.kind == Kind::link) told.push_back("+" + change.link.values.at("PORT"));
    if (change.kind == Kind::link_removed) told.push_back("-" + change.link.values.at("PORT"));
    if (change.kind == Kind::claims) told.push_back("claims");
    if (change.kind == Kind::alias) told.push_back(change.name + "=" + change.key);
    if (change.kind == Kind::reference) told.push_back(change.name);
  }
  /// A round; why it failed, or nothing.
  std::string look() {
    const auto done = mirror.look(std::chrono::steady_clock::now() + 20s);
    return done ? std::string() : done.error().message;
  }
  Strings take_told() { return std::exchange(told, {}); }
  [[nodiscard]] Strings ports() const {
    Strings all;
    for (const auto& link : cache.links()) all.push_back(link.values.at("PORT"));
    std::ranges::sort(all);
    return all;
  }

  Strings told;
  std::shared_ptr<test::TestClock> clock = std::make_shared<test::TestClock>();
  std::shared_ptr<test::CaptureLog> log = std::make_shared<test::CaptureLog>();
  lattice::Replicator cache;
  CacheMirror mirror;
};

struct RedisCache : testing::Test {
  RedisServer server;

  /// One after the other; why one failed, or nothing.
  static std::string look(std::initializer_list<Member*> members) {
    std::string problems;
    for (auto* each : members) problems += each->look();
    return problems;
  }
  Reply ask(std::initializer_list<std::string_view> command) const {
    return server.ask(command, 1);
  }
  [[nodiscard]] std::string get(std::string_view key) const { return ask({"GET", key}).text; }
  [[nodiscard]] Strings members(std::string_view key) const {
    Strings all;
    for (const auto& each : ask({"SMEMBERS", key}).elements) all.push_back(each.text);
    std::ranges::sort(all);
    return all;
  }
  /// As a first-party host writes it.
  void put(const LinkDefinition& link) const {
    const auto hash = lattice::hash_text(link);
    ask({"SET", "wclc:link_" + hash, lattice::to_cache_json(link)});
    ask({"SADD", "wclc:links", hash});
  }
  void remove(const LinkDefinition& link) const {
    const auto hash = lattice::hash_text(link);
    ask({"DEL", "wclc:link_" + hash});
    ask({"SREM", "wclc:links", hash});
  }
};

TEST_F(RedisCache, WhatIsWrittenHereIsThereAsOthersWriteIt) {
  Member host(server);
  const auto claims = claims_of(golden_actor, "golden");
  host.cache.put_claims(claims);
  host.cache.put_reference("registry.example/golden:1", golden_actor);
  EXPECT_TRUE(host.cache.register_alias("golden", golden_actor));
  host.cache.put_link(link_of(golden_actor));
  ASSERT_EQ(host.look(), "");
  EXPECT_EQ(get("wclc:link_3873525090728279130"), golden_link);
  EXPECT_EQ(members("wclc:links"), Strings{golden_hash});
  EXPECT_EQ(get(std::string("wclc:claims_") + golden_actor), identity::to_json(claims));
  EXPECT_EQ(members("wclc:claims"), Strings{golden_actor});
  EXPECT_EQ(get("wclc:oci_registry.example/golden:1"), golden_actor);
  EXPECT_EQ(members("wclc:ocis"), Strings{"registry.example/golden:1"});
  EXPECT_EQ(get("wclc:call_golden"), golden_actor);
  EXPECT_EQ(ask({"DBSIZE"}).integer, 7);
  EXPECT_EQ(server.ask({"DBSIZE"}).integer, 0) << "the database of the URL, and no other";
  EXPECT_TRUE(host.told.empty()) << "what was written here comes back as news";
  host.cache.remove_link(link_of(golden_actor));
  ASSERT_EQ(host.look(), "");
  EXPECT_EQ(ask({"EXISTS", "wclc:links", "wclc:link_3873525090728279130"}).integer, 0);
}

TEST_F(RedisCache, WhatIsThereAndWhatOthersWriteIsSeen) {
  put(link_of(golden_actor, "1"));
  Member host(server);
  ASSERT_EQ(host.look(), "");
  EXPECT_EQ(host.take_told(), Strings{"+1"});
  EXPECT_EQ(host.mirror.state(), CacheMirror::State::connected);
  put(link_of(golden_actor, "2"));
  const auto claims = claims_of(golden_actor, "golden");
  ask({"SET", std::string("wclc:claims_") + golden_actor, identity::to_json(claims)});
  ask({"SADD", "wclc:claims", golden_actor});
  ask({"SET", "wclc:call_golden", golden_actor});
  ask({"SET", "wclc:oci_r.example/a:1", golden_actor});
  ask({"SADD", "wclc:ocis", "r.example/a:1"});
  ASSERT_EQ(host.look(), "");
  EXPECT_EQ(host.take_told(),
            (Strings{"claims", "r.example/a:1", "+2", std::string("golden=") + golden_actor}));
  remove(link_of(golden_actor));
  ASSERT_EQ(host.look(), "");
  EXPECT_EQ(host.take_told(), Strings{"-2"});
  EXPECT_EQ(host.cache.key_of_reference("r.example/a:1"), golden_actor);
  EXPECT_EQ(host.cache.key_of_alias("golden"), golden_actor);
  EXPECT_EQ(members("wclc:links"), Strings()) << "a removed link was written again";
}

TEST_F(RedisCache, HostsOfOursShareIt) {
  Member a(server);
  Member b(server);
  ASSERT_EQ(look({&a, &b}), "");
  a.cache.put_link(link_of(golden_actor));
  ASSERT_EQ(look({&a, &b, &a}), "");
  EXPECT_EQ(b.take_told(), Strings{"+8080"});
  b.cache.remove_link(link_of(golden_actor));
  ASSERT_EQ(look({&b, &a, &b}), "");
  EXPECT_EQ(a.take_told(), Strings{"-8080"});
  EXPECT_TRUE(a.ports().empty() && b.ports().empty() && members("wclc:links").empty());
}

TEST_F(RedisCache, AnAliasBelongsToWhoClaimedItFirst) {
  Member a(server);
  Member b(server);
  const auto other = new_actor();
  ASSERT_EQ(look({&a, &b}), "");
  a.cache.put_claims(claims_of(golden_actor, "same"));
  b.cache.put_claims(claims_of(other, "same"));
  ASSERT_TRUE(a.cache.register_alias("same", golden_actor));
  ASSERT_TRUE(b.cache.register_alias("same", other));
  ASSERT_EQ(look({&a, &b, &a}), "");
  EXPECT_EQ(get("wclc:call_same"), golden_actor);
  EXPECT_EQ(a.cache.key_of_alias("same"), golden_actor);
  EXPECT_EQ(b.cache.key_of_alias("same"), golden_actor);
}

TEST_F(RedisCache, NothingIsReadWhileNothingChanges) {
  put(link_of(golden_actor));
  Member host(server);
  const auto reads = [&] {
    const auto all = server.ask({"INFO", "commandstats"}).text;
    return all.substr(all.find("cmdstat_smembers:calls="), 26);
  };
  ASSERT_EQ(look({&host, &host}), "");
  const auto before = reads();
  ASSERT_NE(before.find("calls=3"), std::string::npos) << before;
  for (int i = 0; i < 5; ++i) ASSERT_EQ(host.look(), "");
  EXPECT_EQ(reads(), before);
  host.clock->advance(61s);  // not for ever
  ASSERT_EQ(host.look(), "");
  EXPECT_NE(reads(), before);
}

TEST_F(RedisCache, AUserWhoMayNotAskForChangesReadsEachTime) {
  server.ask({"ACL", "SETUSER", "lattice", "on", ">se%cret", "~wclc:*", "+get", "+mget", "+strlen",
              "+scard", "+smembers", "+set", "+del", "+sadd", "+srem", "+select"});
  Member host(server);
  auto store = make_cache_store({server.url_of("lattice", "se%25cret") + "/1"});
  ASSERT_TRUE(store);
  EXPECT_EQ((*store)->name(), "Redis at " + server.address() + ", database 1");
  CacheMirror mirror(std::move(*store), host.cache, 10ms, host.clock, Log(host.log, "test"));
  const auto look = [&] {
    const auto done = mirror.look(std::chrono::steady_clock::now() + 20s);
    return done ? std::string() : done.error().message;
  };
  ASSERT_EQ(look(), "");
  put(link_of(golden_actor));
  ASSERT_EQ(look(), "");
  EXPECT_EQ(host.take_told(), Strings{"+8080"});
  remove(link_of(golden_actor));
  ASSERT_EQ(look(), "");
  EXPECT_EQ(host.take_told(), Strings{"-8080"});
}

TEST_F(RedisCache, WhatHappensWhileItIsAwayIsWrittenAfterwards) {
  Member host(server);
  const auto gone = new_actor();
  const auto later = new_actor();
  host.cache.put_claims(claims_of(golden_actor));
  host.cache.put_link(link_of(golden_actor, "1"));
  host.cache.put_link(link_of(gone, "2"));
  ASSERT_EQ(host.look(), "");
  server.kill();
  host.cache.put_link(link_of(later, "3"));
  host.cache.remove_link(link_of(gone));
  EXPECT_NE(host.look(), "");
  EXPECT_NE(host.look(), "");
  EXPECT_EQ(host.mirror.state(), CacheMirror::State::disconnected);
  EXPECT_EQ(host.log->count("goes on with what it knows"), 1U);
  EXPECT_EQ(host.log->count(server.address() + ":"), 1U) << "which server";
  EXPECT_EQ(host.ports(), (Strings{"1", "3"}));
  server.start();  // it has kept nothing
  ASSERT_TRUE(eventually([&] { return host.look().empty(); }));
  EXPECT_EQ(host.mirror.state(), CacheMirror::State::connected);
  EXPECT_EQ(host.ports(), (Strings{"1", "3"}));
  auto hashes = Strings{golden_hash, lattice::hash_text(link_of(later))};
  std::ranges::sort(hashes);
  EXPECT_EQ(members("wclc:links"), hashes);
  EXPECT_EQ(get("wclc:link_3873525090728279130"),
            lattice::to_cache_json(link_of(golden_actor, "1")));
  EXPECT_EQ(members("wclc:claims"), Strings{golden_actor});
}

TEST_F(RedisCache, WhatAnEarlierSaveLacksIsWrittenAgain) {
  Member host(server);
  const auto other = new_actor();
  host.cache.put_link(link_of(golden_actor, "1"));
  ASSERT_EQ(host.look(), "");
  server.ask({"SAVE"});
  host.cache.put_link(link_of(golden_actor, "2"));
  host.cache.put_link(link_of(other, "3"));
  ASSERT_EQ(host.look(), "");
  server.restart();
  ASSERT_EQ(get("wclc:link_3873525090728279130"),
            lattice::to_cache_json(link_of(golden_actor, "1")));
  ASSERT_TRUE(eventually([&] { return host.look().empty(); }));
  EXPECT_EQ(host.ports(), (Strings{"2", "3"}));
  EXPECT_EQ(get("wclc:link_3873525090728279130"),
            lattice::to_cache_json(link_of(golden_actor, "2")));
  EXPECT_EQ(members("wclc:links").size(), 2U);
  // The server is the one it was from now on: what is removed is removed.
  remove(link_of(other));
  ASSERT_EQ(host.look(), "");
  EXPECT_EQ(host.ports(), Strings{"2"});
}

TEST_F(RedisCache, AnEmptiedDatabaseIsFilledAgain) {
  Member host(server);
  host.cache.put_claims(claims_of(golden_actor, "golden"));
  ASSERT_TRUE(host.cache.register_alias("golden", golden_actor));
  host.cache.put_link(link_of(golden_actor));
  ASSERT_EQ(host.look(), "");
  ask({"FLUSHDB"});
  ASSERT_EQ(host.look(), "");
  EXPECT_EQ(get("wclc:link_3873525090728279130"), golden_link);
  EXPECT_EQ(members("wclc:claims"), Strings{golden_actor});
  EXPECT_EQ(get("wclc:call_golden"), golden_actor);
}

TEST_F(RedisCache, HostileContentIsLeftOutEntryByEntry) {
  const auto good = link_of(golden_actor, "good");
  const auto large = new_actor();
  const auto list = new_actor();
  put(good);
  put(link_of(list));
  const auto list_key = "wclc:link_" + lattice::hash_text(link_of(list));
  ask({"DEL", list_key});
  ask({"RPUSH", list_key, "x"});
  ask({"SADD", "wclc:links", "1", "nothing there", std::string("\xff\0\r\n", 4)});
  ask({"SADD", "wclc:links", std::string(100'000, 'x')});
  ask({"SET", "wclc:link_1", lattice::to_cache_json(link_of(new_actor(), "misfiled"))});
  ask({"SET", "wclc:link_2", lattice::to_cache_json(link_of(new_actor(), "unlisted"))});
  ask({"SADD", "wclc:links", lattice::hash_text(link_of(large))});
  ask({"SETRANGE", "wclc:link_" + lattice::hash_text(link_of(large)), "200000000", "x"});
  ask({"SET", "wclc:claims", "no set at all"});
  ask({"SADD", "wclc:ocis", "r.example/a:1", "r.example/b:1"});
  ask({"SET", "wclc:oci_r.example/a:1", "no key"});
  ask({"SET", "wclc:oci_r.example/b:1", golden_provider});
  Member host(server);
  ASSERT_EQ(host.look(), "");
  EXPECT_EQ(host.take_told(), (Strings{"r.example/b:1", "+good"}));
  EXPECT_EQ(host.mirror.refused(), 3U);  // the large text, the long name, and what is no set
  EXPECT_EQ(host.log->count("is left out"), 1U) << "of a kind, in ten seconds";
  host.clock->advance(61s);
  ASSERT_EQ(host.look(), "");
  EXPECT_EQ(host.mirror.refused(), 3U) << "counted again";
  // Text that was too large is taken when it no longer is.
  put(link_of(large, "small"));
  ASSERT_EQ(host.look(), "");
  EXPECT_EQ(host.take_told(), Strings{"+small"});
}

TEST_F(RedisCache, ManyLinksComeInParts) {
  Member a(server);
  Member b(server);
  ASSERT_EQ(a.look(), "");
  for (int i = 0; i < 1000; ++i) a.cache.put_link(link_of(new_actor(), std::to_string(i)));
  ASSERT_EQ(look({&a, &b}), "");
  EXPECT_EQ(b.cache.links().size(), 1000U);
  EXPECT_EQ(members("wclc:links").size(), 1000U);
}

TEST_F(RedisCache, AnAddressThatCannotWorkIsRefusedWithoutItsSecrets) {
  for (const auto* url : {"redis://u:pass@h:99999/1", "nats://u:pass@h", "redis://u:pass@h/one"}) {
    const auto store = make_cache_store({url});
    ASSERT_FALSE(store) << url;
    EXPECT_EQ(store.error().message.find("pass"), std::string::npos) << store.error().message;
  }
  EXPECT_FALSE(make_cache_store({server.url("1"), 0ms}));
}

/// Hosts as a whole, which look on their own.
struct RedisHosts : RedisCache {
  std::vector<std::unique_ptr<Host>> hosts;

  Host& start(const std::function<void(HostOptions&)>& change = {}) {
    HostOptions options = test::usual_options();
    options.lattice.cache.redis = {server.url("1"), 20ms};
    if (change) change(options);
    hosts.push_back(HostBuilder(test::engine()).options(std::move(options)).build());
    const auto started = hosts.back()->start();
    EXPECT_TRUE(started) << started.error().message;
    return *hosts.back();
  }
  static bool has_links(const Host& host, std::size_t count) {
    return eventually([&] { return host.links().size() == count; });
  }
  static LatticeInfo info(const Host& host) {
    const auto inventory = host.inventory();
    return inventory ? inventory->lattice : LatticeInfo{};
  }
  static Link link(const std::string& actor) {
    return {actor, "wasmcloud:keyvalue", "default", golden_provider, {{"PORT", "8080"}}};
  }
  void TearDown() override {
    for (auto& host : hosts) host->stop();
  }
};

TEST_F(RedisHosts, LinksGoFromHostToHostAndBackToOthers) {
  auto& a = start();
  auto& b = start();
  EXPECT_EQ(info(a).cache, ConnectionState::connected);
  ASSERT_TRUE(a.set_link(link(golden_actor)));
  ASSERT_TRUE(has_links(b, 1));
  EXPECT_EQ(get("wclc:link_3873525090728279130"), golden_link);
  remove(link_of(golden_actor));
  EXPECT_TRUE(has_links(a, 0));
  EXPECT_TRUE(has_links(b, 0));
}

TEST_F(RedisHosts, AHostStartsWithoutTheServerAndStopsWithItsLastWordWritten) {
  server.kill();
  auto& host = start();
  EXPECT_EQ(info(host).cache, ConnectionState::disconnected);
  ASSERT_TRUE(host.set_link(link(golden_actor)));
  server.start();
  ASSERT_TRUE(eventually([&] { return members("wclc:links") == Strings{golden_hash}; }));
  ASSERT_TRUE(eventually([&] { return info(host).cache == ConnectionState::connected; }));
  ASSERT_TRUE(host.set_link(link(new_actor())));
  host.stop();
  EXPECT_EQ(members("wclc:links").size(), 2U);
}

TEST_F(RedisHosts, SavedLinksCountOnlyWhereTheDatabaseKnowsNone) {
  const test::TempDir folder;
  const auto state = [&](HostOptions& options) {
    options.lattice.cache.state_dir = folder.path() / "s";
  };
  auto& first = start(state);
  const auto removed = new_actor();
  ASSERT_TRUE(first.set_link(link(golden_actor)));
  ASSERT_TRUE(first.set_link(link(removed)));
  first.stop();
  remove(link_of(removed));
  server.freeze();  // it comes later than the host
  auto& second = start(state);
  EXPECT_EQ(second.links().size(), 2U);
  server.thaw();
  EXPECT_TRUE(has_links(second, 1));
  EXPECT_EQ(members("wclc:links"), Strings{golden_hash});
  second.stop();
  ask({"FLUSHDB"});
  auto& third = start(state);
  EXPECT_TRUE(has_links(third, 1));
  EXPECT_TRUE(eventually([&] { return members("wclc:links") == Strings{golden_hash}; }));
}

TEST_F(RedisHosts, AnAddressThatCannotWorkEndsTheStart) {
  HostOptions options = test::usual_options();
  options.lattice.cache.redis = {"redis://u:pass@h/one"};
  const auto host = HostBuilder(test::engine()).options(std::move(options)).build();
  const auto started = host->start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().message.find("pass"), std::string::npos) << started.error().message;
}

}  // namespace
}  // namespace trellis::providers::redis
