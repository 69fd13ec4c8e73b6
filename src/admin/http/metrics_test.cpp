#include "admin/http/metrics.hpp"

#include <gtest/gtest.h>

namespace trellis::admin {
namespace {

TEST(Metrics, AreUniformOverActorsAndProviders) {
  Inventory inventory;
  inventory.uptime = std::chrono::seconds(7);
  inventory.actors.resize(1);
  inventory.actors[0].identity.key = "MA";
  inventory.actors[0].identity.name = "an \"odd\"\nname\\";
  inventory.actors[0].calls = 3;
  inventory.providers.resize(2);
  inventory.providers[0].key = "VA";
  inventory.providers[0].contract_id = "wasmcloud:keyvalue";
  inventory.providers[0].link_name = "default";
  inventory.providers[0].name = "Store";
  inventory.providers[0].errors = 2;
  inventory.providers[0].health.state = HealthState::unhealthy;
  inventory.providers[1].key = "VB";
  inventory.providers[1].health.state = HealthState::healthy;
  const auto text = metrics_text(inventory);
  for (const std::string_view line :
       {"trellis_uptime_seconds 7\n", "# TYPE trellis_actor_calls_total counter\n",
        "trellis_actor_calls_total{actor=\"MA\",name=\"an \\\"odd\\\"\\nname\\\\\"} 3\n",
        "trellis_provider_errors_total{provider=\"VA\",contract=\"wasmcloud:keyvalue\","
        "link_name=\"default\",name=\"Store\"} 2\n",
        "trellis_provider_healthy{provider=\"VA\",contract=\"wasmcloud:keyvalue\","
        "link_name=\"default\",name=\"Store\"} 0\n",
        "trellis_lattice_calls_out_total 0\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  EXPECT_EQ(text.find("trellis_actor_healthy{"), std::string::npos) << "nobody has asked it";
}

}  // namespace
}  // namespace trellis::admin
