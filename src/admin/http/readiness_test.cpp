// When a host is ready, and the reasons when it is not.
#include "admin/http/readiness.hpp"

#include <gtest/gtest.h>

namespace trellis::admin {
namespace {

TEST(Readiness, NamesWhatIsMissing) {
  Inventory inventory;
  ActorInfo actor;
  actor.identity.key = "MA";
  inventory.actors.push_back(actor);
  ProviderInfo provider;
  provider.key = "VA";
  inventory.providers.push_back(provider);
  EXPECT_TRUE(readiness_of(inventory, {}).ready()) << "not asked yet is not unhealthy";
  LinkInfo link;
  link.link = {"MA", "wasmcloud:keyvalue", "default", "VA", {}};
  link.state = LinkState::bound;
  EXPECT_TRUE(readiness_of(inventory, {link}).ready());
  link.state = LinkState::failed;
  link.problem = "port in use";
  inventory.providers[0].health = {HealthState::unhealthy, "stuck", {}, {}};
  inventory.actors[0].health = {HealthState::unhealthy, "silent", {}, {}};
  const auto state = readiness_of(inventory, {link});
  ASSERT_EQ(state.reasons.size(), 3U);
  EXPECT_EQ(state.reasons[0], "actor MA is unhealthy: silent");
  EXPECT_NE(state.reasons[2].find("port in use"), std::string::npos);
}

}  // namespace
}  // namespace trellis::admin
