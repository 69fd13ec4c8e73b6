#include "cli/summary.hpp"

#include <gtest/gtest.h>

#include <sstream>

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
  control::ApplyReport report;
  report.items.push_back(
      {control::ItemKind::actor, "a.wasm", "demo.yaml:3", "M", control::Deed::started, "", ""});
  report.items.push_back({control::ItemKind::actor, "b.wasm", "demo.yaml:4", "",
                          control::Deed::started, "no signature", "sign it"});
  std::ostringstream err;
  print_failures(err, report);
  EXPECT_EQ(err.str(), "Error: demo.yaml:4: actor b.wasm: no signature\nHint: sign it\n");
}

}  // namespace
}  // namespace trellis::cli
