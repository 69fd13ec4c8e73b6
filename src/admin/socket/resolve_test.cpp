#include "admin/socket/resolve.hpp"

#include <gtest/gtest.h>

namespace trellis::admin {
namespace {

ActorInfo actor(std::string key, std::string name, std::string alias, std::string source) {
  ActorInfo info;
  info.identity.key = std::move(key);
  info.identity.name = std::move(name);
  info.identity.call_alias = std::move(alias);
  info.source = std::move(source);
  return info;
}

Inventory inventory() {
  Inventory made;
  made.actors = {actor("MAAA1", "Echo", "demo/echo", "/a/echo.wasm"),
                 actor("MAAB2", "Counter", "", "/a/counter.wasm"),
                 actor("MBBB3", "Counter", "", "")};
  ProviderInfo http;
  http.key = "VHTTP";
  http.link_name = "default";
  http.contract_id = "wasmcloud:httpserver";
  http.source = "builtin:httpserver";
  http.name = "HTTP server";
  ProviderInfo second = http;
  second.link_name = "second";
  made.providers = {http, second};
  return made;
}

TEST(ResolveActor, ByEachOfItsNames) {
  for (const char* wanted : {"MAAA1", "demo/echo", "Echo", "/a/echo.wasm", "MAAA"}) {
    const auto key = resolve_actor(inventory(), wanted);
    ASSERT_TRUE(key) << wanted << ": " << key.error().message;
    EXPECT_EQ(*key, "MAAA1") << wanted;
  }
}

TEST(ResolveActor, RefusesToGuess) {
  for (const char* wanted : {"Counter", "MAA"}) {
    const auto refused = resolve_actor(inventory(), wanted);
    ASSERT_FALSE(refused) << wanted;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(refused.error().remedy.find("MAAB2"), std::string::npos);
  }
}

TEST(ResolveActor, SaysWhatRunsWhenNothingFits) {
  for (const char* wanted : {"", "M", "MX", "nobody"}) {
    const auto refused = resolve_actor(inventory(), wanted);
    ASSERT_FALSE(refused) << wanted;
    EXPECT_EQ(refused.error().code, ErrorCode::not_found);
    EXPECT_NE(refused.error().remedy.find("MAAA1 Echo"), std::string::npos);
  }
}

TEST(ResolveProvider, WithinTheLinkName) {
  const auto all = inventory();
  for (const char* wanted :
       {"VHTTP", "builtin:httpserver", "wasmcloud:httpserver", "HTTP server", "VHT"}) {
    const auto found = resolve_provider(all, wanted, "second");
    ASSERT_TRUE(found) << wanted;
    EXPECT_EQ(*found, &all.providers[1]) << wanted;
  }
  EXPECT_FALSE(resolve_provider(all, "VHTTP", "third"));
}

}  // namespace
}  // namespace trellis::admin
