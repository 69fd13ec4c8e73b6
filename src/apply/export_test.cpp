#include "apply/export.hpp"

#include <gtest/gtest.h>

#include "manifest/manifest.hpp"

namespace trellis::apply {
namespace {

Inventory a_host() {
  Inventory inventory;
  inventory.labels = {{"hostcore.os", "linux"}, {"zone", "a: b"}};
  ActorInfo actor;
  actor.identity.key = "MA";
  actor.identity.name = "echo\nlinks: [${X}]";
  actor.source = "/srv/echo ${HOME}.wasm";
  actor.options.max_instances = 3;
  actor.options.limits.memory_mb = 32;
  inventory.actors.push_back(actor);
  actor.identity.key = "MB";
  actor.source.clear();
  inventory.actors.push_back(actor);
  ProviderInfo provider;
  provider.key = "VA";
  provider.link_name = "default";
  provider.source = "builtin:keyvalue-redis";
  inventory.providers.push_back(provider);
  provider.key = "VB";
  provider.link_name = "second";
  provider.source = "/srv/own.so";
  provider.mode = ProviderMode::process;
  inventory.providers.push_back(provider);
  provider.key = "VX";
  provider.of_host = true;
  inventory.providers.push_back(provider);
  return inventory;
}

std::vector<LinkInfo> its_links() {
  LinkInfo info;
  info.link = {"MA",
               "wasmcloud:keyvalue",
               "default",
               "VA",
               {{"URL", "redis://user:pass@h:1/0"}, {"NAME", "~"}, {"TEXT", "é\n\"$x\x7f"}}};
  return {info};
}

std::optional<std::string> none(std::string_view) {
  return std::nullopt;
}

TEST(Export, IsAManifestOfTheSame) {
  const auto made = export_manifest(a_host(), its_links(), {.show_secrets = true});
  const auto read = manifest::read(made.text, manifest::Format::yaml, none, {.file = "m"});
  ASSERT_TRUE(read) << read.error().message << "\n" << made.text;
  EXPECT_EQ(read->warnings.size(), 0U) << made.text;
  EXPECT_EQ(read->labels, (std::vector<std::pair<std::string, std::string>>{{"zone", "a: b"}}));
  ASSERT_EQ(read->actors.size(), 1U) << made.text;
  EXPECT_EQ(read->actors[0].ref, "/srv/echo ${HOME}.wasm");
  EXPECT_EQ(read->actors[0].instances->max, 3U);
  EXPECT_EQ(read->actors[0].memory_mb, 32U);
  ASSERT_EQ(read->capabilities.size(), 2U);
  EXPECT_EQ(read->capabilities[1].link_name, "second");
  EXPECT_EQ(read->capabilities[1].mode, "process");
  ASSERT_EQ(read->links.size(), 1U);
  EXPECT_EQ(read->links[0].actor, "/srv/echo ${HOME}.wasm");
  EXPECT_EQ(read->links[0].provider_id, "builtin:keyvalue-redis");
  EXPECT_EQ(read->links[0].values, its_links()[0].link.values);
  ASSERT_EQ(made.left_out.size(), 1U);
  EXPECT_TRUE(made.left_out[0].contains("MB"));
}

TEST(Export, SecretsAreVariablesThatMustBeSet) {
  const auto made = export_manifest(a_host(), its_links());
  EXPECT_FALSE(made.text.contains("pass@")) << made.text;
  const auto read = manifest::read(made.text, manifest::Format::yaml, none, {.file = "m"});
  ASSERT_FALSE(read) << made.text;
  EXPECT_TRUE(read.error().message.contains("${KEYVALUE_URL}")) << read.error().message;
  const auto set = manifest::read(
      made.text, manifest::Format::yaml,
      [](std::string_view name) { return std::optional("of " + std::string(name)); }, {});
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_EQ(set->links[0].values.at("URL"), "of KEYVALUE_URL");
}

TEST(Export, AnEmptyHostIsAnEmptyManifest) {
  EXPECT_EQ(export_manifest({}, {}).text, "");
}

}  // namespace
}  // namespace trellis::apply
