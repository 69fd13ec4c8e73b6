#include "cli/summary.hpp"

#include <gtest/gtest.h>

#include "cli/context_fixture.hpp"

namespace trellis::cli {
namespace {

Inventory with_health(std::string message) {
  Inventory inventory;
  inventory.host_id = "NHOST";
  inventory.providers.resize(1);
  inventory.providers[0].health.reason = std::move(message);
  return inventory;
}

TEST(Summary, FindsTheAddressesOfHttpServers) {
  EXPECT_EQ(
      http_urls(with_health("listening on http://0.0.0.0:8081, https://[::]:8443 and 3 more")),
      (std::vector<std::string>{"http://127.0.0.1:8081", "https://[::1]:8443"}));
  EXPECT_TRUE(http_urls(with_health("no actor is linked")).empty());
  EXPECT_TRUE(http_urls(with_health("http httpx http:/")).empty());
  EXPECT_TRUE(http_urls(with_health("")).empty());
}

TEST(Summary, ShowsWhatRunsByName) {
  auto inventory = with_health("listening on http://127.0.0.1:1");
  inventory.actors.resize(1);
  inventory.actors[0].identity.key = "MKEY";
  inventory.actors[0].identity.name = "Evil\x1b[2J";
  LinkInfo link;
  link.link = {"MKEY", "wasmcloud:httpserver", "default", "V", {}};
  link.state = LinkState::bound;
  const auto text = summary(inventory, {link}, "127.0.0.1:9");
  for (const char* part : {"NHOST", "MKEY", "Evil?[2J", "bound", "http://127.0.0.1:1",
                           "http://127.0.0.1:9/readyz", "Ctrl-C"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(Summary, PeopleSeeNamesInOrderAndFilesWithoutTheirFolders) {
  auto inventory = with_health("");
  inventory.actors.resize(2);
  inventory.actors[0].identity.key = "MA";
  inventory.actors[0].identity.name = "zebra";
  inventory.actors[0].source = "/somewhere/far/from/here/zebra.wasm";
  inventory.actors[1].identity.key = "MB";
  inventory.actors[1].identity.name = "ant";
  LinkInfo first;
  first.link = {"MA", "wasmcloud:keyvalue", "default", "V", {}};
  auto second = first;
  second.link.actor = "MB";
  Display people;
  people.people = true;
  const auto text = summary(inventory, {first, second}, "", people);
  EXPECT_EQ(text.find("/somewhere"), std::string::npos) << text;
  const auto actors = text.find("zebra.wasm");
  ASSERT_NE(actors, std::string::npos) << text;
  EXPECT_LT(text.find("ant"), actors);
  EXPECT_LT(text.rfind("ant  "), text.rfind("zebra  ")) << text;
  EXPECT_NE(summary(inventory, {}, "").find("/somewhere/far/from/here/zebra.wasm"),
            std::string::npos);
}

TEST(Summary, SaysWhatIsBoundAndToWhom) {
  const auto text = summary(
      with_health("listening on http://0.0.0.0:8081, http://127.0.0.1:8082, http://[::]:8083"), {},
      "");
  EXPECT_NE(text.find("\n  http://0.0.0.0:8081  (every interface; here http://127.0.0.1:8081)\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\n  http://127.0.0.1:8082\n"), std::string::npos) << text;
  EXPECT_NE(text.find("http://[::]:8083  (every interface; here http://[::1]:8083)"),
            std::string::npos);
}

TEST(Summary, SaysHowTheHostStandsWithItsLattice) {
  auto inventory = with_health("");
  EXPECT_EQ(summary(inventory, {}, "").find("Lattice"), std::string::npos);
  inventory.lattice.ns = "plant";
  inventory.lattice.rpc = ConnectionState::connected;
  inventory.lattice.control = ConnectionState::disconnected;
  EXPECT_NE(
      summary(inventory, {}, "")
          .find("Lattice plant\n  calls connected, control disconnected, cache of this host alone"),
      std::string::npos);
}

TEST(Summary, NamesFileAndLineOfFailures) {
  apply::ApplyReport report;
  report.items.push_back({.what = "a.wasm", .where = "demo.yaml:3:5"});
  report.items.push_back(
      {.what = "b.wasm", .where = "demo.yaml:4:5", .problem = "no signature", .remedy = "sign it"});
  ContextFixture quiet;
  quiet.context.quiet = true;
  print_failures(quiet.context, report);
  EXPECT_EQ(quiet.err.str(), "Error: demo.yaml:4:5: actor b.wasm: no signature\n");
  ContextFixture told;
  print_failures(told.context, report);
  EXPECT_EQ(told.err.str(), quiet.err.str() + "Hint: sign it\n");
}

}  // namespace
}  // namespace trellis::cli
