#include "providers/builtin.hpp"

#include <gtest/gtest.h>

#include <string>

#include "trellis/provider.h"

namespace trellis::providers {
namespace {

TEST(Builtin, AllAreFoundByName) {
  for (const BuiltinProvider& each : builtins()) {
    EXPECT_TRUE(each.name.starts_with("builtin:"));
    EXPECT_EQ(find_builtin(each.name), each.table);
    // "builtin:keyvalue-redis" is the contract's name and what it is done with.
    const auto contract = each.name.substr(8, each.name.find('-') - 8);
    EXPECT_EQ(std::string(each.table->contract_id), "wasmcloud:" + std::string(contract));
  }
  EXPECT_EQ(find_builtin("builtin:none"), nullptr);
}

}  // namespace
}  // namespace trellis::providers
