#include "apply/resolve.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "apply/fake_target_fixture.hpp"
#include "support/temp_dir.hpp"

namespace trellis::apply {
namespace {

namespace fs = std::filesystem;

class Resolve : public testing::Test {
 protected:
  void write(const fs::path& path) const {
    fs::create_directories((temp_.path() / path).parent_path());
    std::ofstream(temp_.path() / path) << "x";
  }
  Resolved resolve_text(std::string_view text, bool inspect = false) {
    const auto parsed = manifest::parse(text, manifest::Format::yaml, {.file = "m.yaml"});
    EXPECT_TRUE(parsed) << parsed.error().message;
    return resolve(
        target_, *parsed,
        {.folders = {temp_.path() / "cwd", temp_.path() / "beside"}, .inspect_providers = inspect});
  }
  /// "m.yaml:1:2: text|remedy" of the only problem.
  static std::string only(const Resolved& resolved) {
    if (resolved.problems.size() != 1) return std::to_string(resolved.problems.size());
    const auto& one = resolved.problems[0];
    return one.where + ": " + one.problem + "|" + one.remedy;
  }
  static bool says(const Resolved& resolved, std::string_view part) {
    const auto text = only(resolved);
    EXPECT_TRUE(text.contains(part)) << text;
    return text.contains(part);
  }

  test::TempDir temp_;
  FakeTarget target_;
};

TEST_F(Resolve, FindsFilesHereAndBesideTheManifest) {
  write("cwd/a.wasm");
  write("beside/a.wasm");
  write("beside/b.wasm");
  const auto made = resolve_text(R"(labels: {zone: a}
actors: [./a.wasm, {ref: b.wasm, instances: serial, limits: {memory_mb: 8}}]
capabilities: ["builtin:httpserver"]
links:
  - {actor: a.wasm, contract_id: http, provider_id: "builtin:httpserver", values: {PORT: 1}}
  - {actor: ../beside/b.wasm, contract_id: http, provider_id: "builtin:httpserver"}
)");
  EXPECT_EQ(made.problems.size(), 0U) << only(made);
  ASSERT_EQ(made.desired.actors.size(), 2U);
  EXPECT_EQ(made.desired.actors[0].source, fs::canonical(temp_.path() / "cwd/a.wasm"));
  EXPECT_EQ(made.desired.actors[1].key, "KEY-b.wasm");
  EXPECT_EQ(made.desired.actors[1].options.max_instances, 1U);
  EXPECT_EQ(made.desired.actors[1].options.limits.memory_mb, 8U);
  EXPECT_EQ(made.desired.actors[1].where, "m.yaml:2:20");
  ASSERT_EQ(made.desired.links.size(), 2U);
  EXPECT_EQ(made.desired.links[0].link.actor, "KEY-a.wasm");
  EXPECT_EQ(made.desired.links[0].link.provider_id, "V-builtin:httpserver");
  EXPECT_EQ(made.desired.links[1].link.actor, "KEY-b.wasm");
}

TEST_F(Resolve, OneCauseIsOneProblem) {
  const auto made = resolve_text(R"(actors: [missing.wasm]
capabilities: ["builtin:httpserver"]
links:
  - {actor: missing.wasm, contract_id: http, provider_id: "builtin:httpserver"}
  - {actor: missing.wasm, contract_id: kv, provider_id: "builtin:keyvalue"}
)");
  says(made, "m.yaml:1:10: 'missing.wasm': no such file (looked in ");
  ASSERT_EQ(made.skipped.size(), 2U);
  EXPECT_EQ(made.skipped[0].deed, Deed::skipped);
  EXPECT_EQ(made.skipped[0].reason, "needs missing.wasm, which has a problem");
  EXPECT_EQ(made.desired.links.size(), 0U);
}

TEST_F(Resolve, WrongReferencesSayWhatWasExpectedWhere) {
  write("cwd/a.wasm");
  write("cwd/unlisted.wasm");
  write("cwd/lib.so");
  const auto link = [&](std::string_view actor, std::string_view provider) {
    return resolve_text(
        "actors: [a.wasm]\ncapabilities: [\"builtin:httpserver\"]\nlinks:\n- actor: " +
        std::string(actor) + "\n  contract_id: http\n  provider_id: " + std::string(provider) +
        "\n");
  };
  says(link("b.wasm", "builtin:httpserver"),
       "m.yaml:4:10: actor: expected one that is listed under `actors:`, or a key (M…), found "
       "'b.wasm'; did you mean a.wasm?");
  says(link("unlisted.wasm", "builtin:httpserver"), "list it under `actors:` as well");
  const auto provider = link("a.wasm", "builtin:httpsrver");
  says(provider, "m.yaml:6:16: provider: expected one that is listed under `capabilities:`");
  says(provider, "found 'builtin:httpsrver'; did you mean builtin:httpserver?");
  EXPECT_FALSE(only(provider).contains("actor")) << "it is not about actors";
  says(link("a.wasm", "lib.so"), "list it under `capabilities:` as well");
  says(link("a.wasm", "MBCFOPM6JW2APJLXJD3Z5O4CN7CPYJ2B4FTKLJUR5YR5MITIU7HD3WD5"), "provider: ");
  says(resolve_text("capabilities: [\"builtin:keyvlaue\"]\n"),
       "m.yaml:1:16: expected a built-in provider, found 'builtin:keyvlaue'; did you mean "
       "builtin:keyvalue?");
}

TEST_F(Resolve, WhatIsNotSignedIsAProblemOfItsItem) {
  write("cwd/a.wasm");
  target_.failures["inspect a.wasm"] = {ErrorCode::denied, "no signature", "sign it"};
  says(resolve_text("actors: [a.wasm]\n"), "m.yaml:1:10: no signature|sign it");
}

TEST_F(Resolve, TwoModulesOfOneKeyAreAProblem) {
  write("cwd/a.wasm");
  write("cwd/b.wasm");
  target_.keys = {{"a.wasm", "K"}, {"b.wasm", "K"}};
  says(resolve_text("actors: [a.wasm, b.wasm]\n"), "m.yaml:1:18: has the key K of a.wasm");
}

TEST_F(Resolve, ARunningImageIsNotFetchedAgain) {
  target_.running.actors.resize(1);
  target_.running.actors[0].source = "r.example/a:1";
  target_.running.actors[0].identity.key = "K";
  target_.failures["inspect a:1"] = {ErrorCode::unavailable, "out of reach", ""};
  const auto made = resolve_text("actors: [r.example/a:1]\n");
  ASSERT_EQ(made.desired.actors.size(), 1U) << only(made);
  EXPECT_EQ(made.desired.actors[0].key, "K");
  EXPECT_EQ(made.desired.actors[0].hash, "");
}

TEST_F(Resolve, ProvidersAreOpenedWhereTheyMustBeKnown) {
  write("cwd/lib.so");
  target_.failures["inspect lib.so"] = {ErrorCode::provider_failed, "no provider", ""};
  EXPECT_EQ(resolve_text("capabilities: [lib.so]\n").problems.size(), 0U);
  says(resolve_text("capabilities: [lib.so]\n", true), "m.yaml:1:16: no provider");
}

TEST_F(Resolve, ALinkWithoutProviderFindsOne) {
  write("cwd/a.wasm");
  write("cwd/lib.so");
  const auto alone = resolve_text("actors: [{ref: a.wasm, links: [keyvalue, httpserver]}]\n");
  ASSERT_EQ(alone.desired.providers.size(), 2U) << only(alone);
  EXPECT_EQ(alone.desired.providers[0].source, "builtin:keyvalue");
  EXPECT_EQ(alone.desired.links[1].link.provider_id, "V-builtin:httpserver");
  EXPECT_EQ(alone.desired.links[1].what, "a.wasm -> builtin:httpserver (wasmcloud:httpserver)");

  const auto listed = resolve_text(
      "actors: [{ref: a.wasm, links: [keyvalue]}]\ncapabilities: [\"builtin:keyvalue-redis\"]\n");
  ASSERT_EQ(listed.desired.providers.size(), 1U);
  EXPECT_EQ(listed.desired.links[0].link.provider_id, "V-builtin:keyvalue-redis");

  target_.contracts["lib.so"] = "wasmcloud:keyvalue";
  const auto library =
      resolve_text("actors: [{ref: a.wasm, links: [keyvalue]}]\ncapabilities: [lib.so]\n", true);
  ASSERT_EQ(library.desired.providers.size(), 1U) << only(library);
  EXPECT_EQ(library.desired.links[0].link.provider_id, "V-lib.so");

  says(resolve_text("actors: [{ref: a.wasm, links: [blobstore]}]\n"),
       "m.yaml:1:32: expected a provider, found none: 2 built-in ones serve "
       "wasmcloud:blobstore|name "
       "one: builtin:blobstore-fs, builtin:blobstore-s3");
  says(resolve_text("actors: [{ref: a.wasm, links: [keyvlaue]}]\n"),
       "no built-in one serves wasmcloud:keyvlaue; did you mean wasmcloud:keyvalue?");
  says(resolve_text("actors: [{ref: a.wasm, links: [keyvalue]}]\ncapabilities: "
                    "[\"builtin:keyvalue\", \"builtin:keyvalue-file\"]\n"),
       "expected one provider, found 2 that serve wasmcloud:keyvalue");
}

}  // namespace
}  // namespace trellis::apply
