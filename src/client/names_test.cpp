#include "client/names.hpp"

#include <gtest/gtest.h>

namespace trellis::client {
namespace {

const std::vector<Named> actors = {
    {"MAAA1KEYOFECHO", "Echo", "demo/echo", "/a/echo.wasm", "", "", "NHOSTA"},
    {"MAAA1KEYOFECHO", "Echo", "demo/echo", "/a/echo.wasm", "", "", "NHOSTB"},
    {"MAAB2KEYOFCOUNTER", "Counter", "", "registry/demo/kvcounter:1", "", "", "NHOSTA"},
    {"MBBB3KEYOFCOUNTER", "Counter", "", "", "", "", ""}};
const std::vector<Named> providers = {
    {"VHTTPKEY", "HTTP server", "", "builtin:httpserver", "wasmcloud:httpserver", "default", ""},
    {"VHTTPKEY", "HTTP server", "", "builtin:httpserver", "wasmcloud:httpserver", "second", ""},
    {"VSTOREKEY", "Store", "", "/p/store.par.gz", "example:store", "default", ""}};

std::string key_of(std::span<const Named> all, std::string_view wanted) {
  const auto found = resolve(all, "actor", wanted, "here");
  return found ? (*found)->key : found.error().message + " | " + found.error().remedy;
}

TEST(Names, FindByEachOfThem) {
  for (const char* wanted :
       {"MAAA1KEYOFECHO", "demo/echo", "Echo", "echo", "ECHO", "/a/echo.wasm", "MAAA", "MAAA1K"}) {
    EXPECT_EQ(key_of(actors, wanted), "MAAA1KEYOFECHO") << wanted;
  }
  for (const char* wanted : {"registry/demo/kvcounter:1", "kvcounter", "MAAB"}) {
    EXPECT_EQ(key_of(actors, wanted), "MAAB2KEYOFCOUNTER") << wanted;
  }
  for (const char* wanted : {"Store", "store", "/p/store.par.gz", "example:store", "VST"}) {
    EXPECT_EQ(key_of(providers, wanted), "VSTOREKEY") << wanted;
  }
  const std::vector<Named> one(providers.begin(), providers.begin() + 1);
  for (const char* wanted : {"httpserver", "builtin:httpserver", "wasmcloud:httpserver"}) {
    EXPECT_EQ(key_of(one, wanted), "VHTTPKEY") << wanted;
  }
}

TEST(Names, RefuseToGuessAndTellTheCandidates) {
  EXPECT_EQ(key_of(actors, "Counter"),
            "'Counter' fits 2 actors here | give the key, or its beginning: MAAB2KEY Counter "
            "(registry/demo/kvcounter:1, on NHOSTA); MBBB3KEY Counter");
  EXPECT_EQ(key_of(providers, "httpserver"),
            "'httpserver' fits 2 actors here | give the key, or its beginning: VHTTPKEY HTTP "
            "server (builtin:httpserver, wasmcloud:httpserver); VHTTPKEY HTTP server "
            "(builtin:httpserver, wasmcloud:httpserver, link name second)");
  EXPECT_EQ(key_of(actors, "MAA").substr(0, 9), "'MAA' fit");
}

TEST(Names, TellWhatThereIsWhenNothingFits) {
  for (const char* wanted : {"", "M", "MX", "ec", "wasm"}) {
    const auto text = key_of(actors, wanted);
    EXPECT_NE(text.find("runs here | there are: MAAA1KEY Echo"), std::string::npos) << text;
  }
  EXPECT_EQ(key_of({}, "x"), "no actor 'x' runs here | no actor runs there");
}

TEST(Names, HostsHaveNamesAndLabels) {
  const std::vector<NamedHost> hosts = {
      {"NAAAKEY", {{"hostcore.hostname", "kitchen"}, {"zone", "a"}}},
      {"NAABKEY", {{"hostcore.hostname", "cellar"}, {"zone", "b"}}},
      {"NCCCKEY", {{"zone", "b"}}}};
  const auto id_of = [&](std::string_view wanted) {
    const auto found = resolve_host(hosts, wanted);
    return found ? (*found)->id : found.error().message + " | " + found.error().remedy;
  };
  for (const char* wanted : {"NAAAKEY", "kitchen", "zone=a", "NAAA", "hostcore.hostname=kitchen"}) {
    EXPECT_EQ(id_of(wanted), "NAAAKEY") << wanted;
  }
  EXPECT_EQ(id_of("zone=b"),
            "'zone=b' fits 2 hosts | give the id, or its beginning: NAABKEY "
            "(hostcore.hostname=cellar, zone=b); NCCCKEY (zone=b)");
  EXPECT_EQ(id_of("attic").substr(0, 50), "no host 'attic' is among the 3 that answer | there");
  EXPECT_EQ(id_of("NA").substr(0, 13), "no host 'NA' ");
}

TEST(Names, SourcesHaveShortOnes) {
  EXPECT_EQ(short_source("/srv/kvcounter.wasm"), "kvcounter");
  EXPECT_EQ(short_source("localhost:5000/demo/kvcounter:1.2"), "kvcounter");
  EXPECT_EQ(short_source("r/x@sha256:00"), "x");
  EXPECT_EQ(short_source("builtin:keyvalue"), "");
  EXPECT_EQ(short_source(""), "");
}

}  // namespace
}  // namespace trellis::client
