#include "control/apply.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "base/random.hpp"
#include "identity/keys.hpp"
#include "identity/module_token.hpp"
#include "support/temp_dir.hpp"

namespace trellis::control {
namespace {

namespace fs = std::filesystem;

/// A host that notes what it is asked, and fails where the test says so.
class FakeTarget final : public ApplyTarget {
 public:
  void merge_labels(const std::map<std::string, std::string>& labels) override {
    log.push_back("labels " + std::to_string(labels.size()));
  }
  Result<std::string> start_actor(const std::string& reference, ActorOptions options) override {
    const fs::path path(reference);
    log.push_back("actor " + path.filename().string());
    last_options = options;
    if (const auto found = failures.find(path.filename()); found != failures.end()) {
      return std::unexpected(found->second);
    }
    auto key = "KEY-" + path.stem().string();
    if (keeps_running && !alive.insert(key).second) {
      return fail(ErrorCode::already_exists, "Cannot start already running actor " + key);
    }
    return key;
  }
  Result<std::string> start_provider(std::string_view reference,
                                     const ProviderOptions& options) override {
    const auto& name = options.link_name;
    log.push_back("provider " + fs::path(reference).filename().string() + " " + std::string(name));
    if (const auto found = failures.find(std::string(reference)); found != failures.end()) {
      return std::unexpected(found->second);
    }
    return "VKEY";
  }
  Result<void> update_actor(const std::string& key, const std::string& reference) override {
    log.push_back("update " + key + " " + fs::path(reference).filename().string());
    if (!updates) return fail(ErrorCode::denied, "updates are not enabled");
    return {};
  }
  Result<void> stop_actor(const std::string& key) override {
    log.push_back("stop actor " + key);
    alive.erase(key);
    return {};
  }
  Result<void> stop_provider(const std::string& key, const std::string& link_name) override {
    log.push_back("stop provider " + key + " " + link_name);
    return {};
  }
  Result<void> remove_link(const Link& link) override {
    log.push_back("unlink " + link.actor + " " + link.contract_id);
    return {};
  }
  Result<void> set_link(Link link) override {
    log.push_back("link " + link.actor + " " + fs::path(link.provider_id).filename().string());
    set_links.push_back(std::move(link));
    return {};
  }
  Result<Inventory> inventory() const override { return running; }
  std::vector<LinkInfo> links() const override {
    std::vector<LinkInfo> infos;
    for (auto link : set_links) {
      if (link.provider_id.starts_with("builtin:")) link.provider_id = "VKEY";
      infos.push_back({.link = std::move(link), .problem = {}, .since = {}});
    }
    return infos;
  }

  std::vector<std::string> log;
  std::vector<Link> set_links;
  bool updates = false;
  bool keeps_running = false;  ///< an actor that was started cannot be started again
  std::set<std::string> alive;
  std::map<std::string, Error> failures;
  ActorOptions last_options;
  Inventory running;
};

class Apply : public testing::Test {
 protected:
  void write(const fs::path& path, std::string_view content = "x") const {
    fs::create_directories((temp_.path() / path).parent_path());
    std::ofstream(temp_.path() / path) << content;
  }
  ApplyReport apply_text(std::string_view text, std::function<bool()> cancelled = {},
                         const Applied& before = {}) {
    const auto parsed = manifest::parse(text, manifest::Format::yaml, {.file = "demo.yaml"});
    EXPECT_TRUE(parsed) << parsed.error().message;
    return apply(target_, *parsed,
                 {{temp_.path() / "cwd", temp_.path() / "manifest"}, std::move(cancelled)}, before);
  }

  test::TempDir temp_;
  FakeTarget target_;
};

TEST_F(Apply, GoesInOrderAndResolvesActorsByFile) {
  write("cwd/echo.wasm");
  write("manifest/counter.wasm");
  write("manifest/echo.wasm", "the other one");
  write("cwd/lib.so");
  const auto report = apply_text(R"(
labels: {zone: a}
actors: [./echo.wasm, counter.wasm]
capabilities:
  - image_ref: "builtin:httpserver"
  - image_ref: lib.so
    link_name: second
links:
  - {actor: echo.wasm, contract_id: "wasmcloud:httpserver", provider_id: "builtin:httpserver", values: {PORT: 1}}
  - {actor: ../manifest/counter.wasm, contract_id: x, provider_id: ./lib.so, link_name: second}
)");
  EXPECT_EQ(target_.log, (std::vector<std::string>{
                             "labels 1", "actor echo.wasm", "actor counter.wasm",
                             "provider builtin:httpserver default", "provider lib.so second",
                             "link KEY-echo builtin:httpserver", "link KEY-counter lib.so"}));
  EXPECT_EQ(report.failures(), 0U);
  EXPECT_EQ(report.started(), 4U);
  ASSERT_EQ(target_.set_links.size(), 2U);
  EXPECT_EQ(target_.set_links[0].values.at("PORT"), "1");
  EXPECT_EQ(target_.set_links[1].link_name, "second");
  EXPECT_EQ(report.items[5].key, "KEY-counter");
}

TEST_F(Apply, GoesOnAfterFailuresAndSaysWhere) {
  write("cwd/bad.wasm");
  write("cwd/good.wasm");
  target_.failures["bad.wasm"] = {ErrorCode::denied, "no signature", "sign it"};
  target_.failures["builtin:nothing"] = {ErrorCode::not_found, "unknown", ""};
  const auto report = apply_text(R"(actors:
  - bad.wasm
  - missing.wasm
  - good.wasm
capabilities:
  - image_ref: "builtin:nothing"
links:
  - actor: bad.wasm
    contract_id: c
    provider_id: "builtin:nothing"
)");
  ASSERT_EQ(report.items.size(), 5U);
  EXPECT_EQ(report.failures(), 4U);
  EXPECT_EQ(report.started(), 1U);
  EXPECT_EQ(report.items[0].where, "demo.yaml:2:5");
  EXPECT_EQ(report.items[0].problem, "no signature");
  EXPECT_EQ(report.items[0].remedy, "sign it");
  EXPECT_NE(report.items[1].problem.find("missing.wasm"), std::string::npos);
  EXPECT_TRUE(report.items[2].ok());
  EXPECT_EQ(report.items[3].problem, "unknown");
  EXPECT_NE(report.items[4].problem.find("no actor was started from"), std::string::npos);
}

TEST_F(Apply, HandsInstanceOptionsOn) {
  write("cwd/a.wasm");
  (void)apply_text("actors: [{ref: a.wasm, instances: {min: 2, max: 5}}]");
  EXPECT_EQ(target_.last_options.min_instances, 2U);
  EXPECT_EQ(target_.last_options.max_instances, 5U);
  EXPECT_EQ(target_.last_options.source, fs::canonical(temp_.path() / "cwd/a.wasm"));
  (void)apply_text("actors: [{ref: a.wasm, instances: serial}]");
  EXPECT_EQ(target_.last_options.max_instances, 1U);
}

TEST_F(Apply, AlreadyRunningInTheSameRevisionIsAsGood) {
  SystemRandom random;
  using identity::KeyPair;
  using identity::KeyType;
  identity::ActorClaims claims;
  claims.sub = KeyPair::generate(KeyType::module, random).public_key().text();
  claims.rev = 3;
  const std::uint8_t empty_module[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
  const auto made =
      identity::sign_module(empty_module, claims, KeyPair::generate(KeyType::account, random));
  ASSERT_TRUE(made) << made.error().message;
  write("cwd/a.wasm", as_text(made->bytes));
  target_.failures["a.wasm"] = {ErrorCode::already_exists, "already running", ""};
  target_.running.actors.resize(1);
  target_.running.actors[0].identity.key = claims.sub;
  target_.running.actors[0].identity.revision = 3;
  const auto same = apply_text("actors: [a.wasm]");
  EXPECT_TRUE(same.items[0].ok()) << same.items[0].problem;
  EXPECT_EQ(same.items[0].deed, Deed::kept);
  EXPECT_EQ(same.items[0].key, claims.sub);
  target_.running.actors[0].identity.revision = 2;
  EXPECT_FALSE(apply_text("actors: [a.wasm]").items[0].ok());
}

class Reapply : public Apply {
 protected:
  /// Applies one version, then another; what was asked of the host for the second is in the log.
  ApplyReport change(std::string_view first, std::string_view second) {
    const auto before = apply_text(first).applied;
    target_.log.clear();
    return apply_text(second, {}, before);
  }
  static std::vector<std::string> deeds(const ApplyReport& report) {
    std::vector<std::string> texts;
    for (const auto& item : report.items) {
      const auto deed = item.ok() ? to_string(item.deed) : "failed";
      texts.push_back(std::string(deed) + " " + fs::path(item.what).filename().string());
    }
    return texts;
  }
};

constexpr std::string_view one_actor = R"(
actors: [a.wasm]
capabilities: [{image_ref: "builtin:httpserver"}]
links: [{actor: a.wasm, contract_id: http, provider_id: "builtin:httpserver", values: {PORT: 1}}]
)";

TEST_F(Reapply, StartsWhatIsNewAndStopsWhatIsGone) {
  for (const char* name : {"cwd/a.wasm", "cwd/b.wasm"}) write(name);
  const auto report = change(one_actor, R"(
actors: [b.wasm]
capabilities: [{image_ref: "builtin:keyvalue", link_name: other}]
links: [{actor: b.wasm, contract_id: keyvalue, provider_id: "builtin:keyvalue", link_name: other}]
)");
  EXPECT_EQ(target_.log,
            (std::vector<std::string>{"labels 0", "actor b.wasm", "provider builtin:keyvalue other",
                                      "unlink KEY-a http", "link KEY-b builtin:keyvalue",
                                      "stop provider VKEY default", "stop actor KEY-a"}));
  EXPECT_EQ(report.failures(), 0U);
  EXPECT_EQ(report.started(), 2U);
  ASSERT_EQ(report.applied.actors.size(), 1U);
  EXPECT_EQ(report.applied.actors[0].key, "KEY-b");
  EXPECT_EQ(report.items.back().deed, Deed::stopped);
}

TEST_F(Reapply, WhatIsTheSameIsLeftAlone) {
  write("cwd/a.wasm");
  target_.running.providers.resize(1);
  target_.running.providers[0].key = "VKEY";
  target_.running.providers[0].link_name = "default";
  const auto report = change(one_actor, one_actor);
  EXPECT_EQ(target_.log, (std::vector<std::string>{"labels 0", "actor a.wasm"}));
  EXPECT_EQ(report.items[1].deed, Deed::kept);
  EXPECT_EQ(report.items[2].deed, Deed::kept);
}

TEST_F(Reapply, ALinkWithOtherValuesIsSetAgain) {
  write("cwd/a.wasm");
  std::string other(one_actor);
  other.replace(other.find("PORT: 1"), 7, "PORT: 2");
  const auto report = change(one_actor, other);
  EXPECT_EQ(target_.log.back(), "link KEY-a builtin:httpserver");
  EXPECT_EQ(target_.set_links.back().values.at("PORT"), "2");
  EXPECT_EQ(report.items.back().deed, Deed::changed);
}

TEST_F(Reapply, NothingIsStoppedWhileSomethingNewFails) {
  write("cwd/a.wasm");
  const auto before = apply_text(one_actor).applied;
  target_.log.clear();
  const auto report = apply_text("actors: [missing.wasm]", {}, before);
  EXPECT_EQ(target_.log, (std::vector<std::string>{"labels 0"}));
  EXPECT_EQ(report.failures(), 4U);
  EXPECT_NE(report.items[1].remedy.find("reload"), std::string::npos);
  write("cwd/missing.wasm");
  const auto again = apply_text("actors: [missing.wasm]", {}, report.applied);
  EXPECT_EQ(again.failures(), 0U);
  EXPECT_EQ(target_.log.back(), "stop actor KEY-a") << "it was remembered";
}

TEST_F(Reapply, AFileThatVanishedRunsOnWithItsLinks) {
  write("cwd/a.wasm");
  const auto before = apply_text(one_actor).applied;
  fs::remove(temp_.path() / "cwd/a.wasm");
  target_.log.clear();
  const auto report = apply_text(one_actor, {}, before);
  EXPECT_EQ(deeds(report), (std::vector<std::string>{"failed a.wasm", "started builtin:httpserver",
                                                     "kept a.wasm -> builtin:httpserver (http)"}));
  EXPECT_EQ(report.applied.actors[0].key, "KEY-a");
}

TEST_F(Reapply, AnotherVersionTakesThePlaceOfTheRunningOne) {
  write("cwd/v1/a.wasm");
  write("cwd/v2/a.wasm");
  target_.keeps_running = true;
  const auto report = change("actors: [v1/a.wasm]", "actors: [v2/a.wasm]");
  EXPECT_EQ(target_.log,
            (std::vector<std::string>{"labels 0", "actor a.wasm", "update KEY-a a.wasm",
                                      "stop actor KEY-a", "actor a.wasm"}));
  EXPECT_EQ(deeds(report), (std::vector<std::string>{"changed a.wasm"}));
  EXPECT_TRUE(report.applied.actors[0].source.ends_with("v2/a.wasm"));
  target_.updates = true;
  target_.log.clear();
  (void)apply_text("actors: [v1/a.wasm]", {}, report.applied);
  EXPECT_EQ(target_.log.back(), "update KEY-a a.wasm") << "where updates are permitted";
}

TEST_F(Reapply, OtherSettingsOfAnActorStartItAgain) {
  write("cwd/a.wasm");
  target_.keeps_running = true;
  const auto report =
      change("actors: [a.wasm]", "actors: [{ref: a.wasm, limits: {memory_mb: 32}}]");
  EXPECT_EQ(target_.log,
            (std::vector<std::string>{"labels 0", "stop actor KEY-a", "actor a.wasm"}));
  EXPECT_EQ(target_.last_options.limits.memory_mb, 32U);
  EXPECT_EQ(report.items[0].deed, Deed::changed);
}

TEST_F(Reapply, WhatRanBeforeAnyManifestListedItStays) {
  target_.failures["builtin:extras"] = {ErrorCode::already_exists, "already running", ""};
  target_.running.providers.resize(1);
  target_.running.providers[0].key = "VKEY";
  target_.running.providers[0].source = "builtin:extras";
  target_.running.providers[0].link_name = "default";
  const auto report = change("capabilities: [{image_ref: \"builtin:extras\"}]", "{}");
  EXPECT_EQ(target_.log, (std::vector<std::string>{"labels 0"}));
  EXPECT_TRUE(report.items.empty());
}

TEST_F(Reapply, ALabelThatIsGoneNeedsARestart) {
  const auto report = change("labels: {zone: a, rack: b}", "labels: {zone: c}");
  ASSERT_EQ(report.items.size(), 1U);
  EXPECT_EQ(report.items[0].what, "rack");
  EXPECT_EQ(report.items[0].remedy, "restart the host");
}

TEST_F(Apply, CancellingLeavesTheRest) {
  write("cwd/a.wasm");
  int asked = 0;
  const auto report = apply_text("actors: [a.wasm, a.wasm, a.wasm]", [&] { return ++asked > 1; });
  EXPECT_TRUE(report.cancelled);
  EXPECT_EQ(report.items.size(), 1U);
}

}  // namespace
}  // namespace trellis::control
