// Compiled modules are shared by what was started from the same bytes, and by nothing else.
#include "host/state/modules.hpp"

#include <gtest/gtest.h>

#include "support/host_fixture.hpp"

namespace trellis::host {
namespace {

TEST(Modules, AreCompiledOnceForAHash) {
  ModuleCache cache(test::engine());
  const auto relay = test::guest_module("relay");
  const auto first = cache.get("relay", relay, {});
  ASSERT_TRUE(first) << first.error().message;
  // What is there already is not even looked at: the bytes of a hash were verified before.
  const auto again = cache.get("relay", {}, {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(first->get(), again->get());
  const auto other = cache.get("sleeper", test::guest_module("sleeper"), {});
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_NE(first->get(), other->get());
}

TEST(Modules, GoWithTheirLastUser) {
  ModuleCache cache(test::engine());
  std::weak_ptr<const wapc::GuestModule> kept;
  {
    const auto module = cache.get("relay", test::guest_module("relay"), {});
    ASSERT_TRUE(module) << module.error().message;
    kept = *module;
    EXPECT_FALSE(kept.expired());
  }
  EXPECT_TRUE(kept.expired());
  EXPECT_FALSE(cache.get("relay", {}, {})) << "no module, and none is left of before";
  EXPECT_TRUE(cache.get("relay", test::guest_module("relay"), {}));
}

}  // namespace
}  // namespace trellis::host
