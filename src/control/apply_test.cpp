#include "control/apply.hpp"

#include <gtest/gtest.h>

#include <fstream>

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
    return "KEY-" + path.stem().string();
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
  Result<void> set_link(Link link) override {
    log.push_back("link " + link.actor + " " + fs::path(link.provider_id).filename().string());
    links.push_back(std::move(link));
    return {};
  }
  Result<Inventory> inventory() const override { return running; }

  std::vector<std::string> log;
  std::vector<Link> links;
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
  ApplyReport apply_text(std::string_view text, std::function<bool()> cancelled = {}) {
    const auto parsed = manifest::parse(text, manifest::Format::yaml, {.file = "demo.yaml"});
    EXPECT_TRUE(parsed) << parsed.error().message;
    return apply(target_, *parsed,
                 {{temp_.path() / "cwd", temp_.path() / "manifest"}, std::move(cancelled)});
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
  ASSERT_EQ(target_.links.size(), 2U);
  EXPECT_EQ(target_.links[0].values.at("PORT"), "1");
  EXPECT_EQ(target_.links[1].link_name, "second");
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
  EXPECT_EQ(report.items[0].where, "demo.yaml:2");
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
  EXPECT_TRUE(same.items[0].was_running);
  EXPECT_EQ(same.items[0].key, claims.sub);
  target_.running.actors[0].identity.revision = 2;
  EXPECT_FALSE(apply_text("actors: [a.wasm]").items[0].ok());
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
