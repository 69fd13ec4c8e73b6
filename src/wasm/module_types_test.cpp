#include "wasm/module_types.hpp"

#include <gtest/gtest.h>

#include <string>

namespace trellis::wasm {
namespace {

TEST(Signatures, AreDescribed) {
  EXPECT_EQ(describe_signature("ii:i"), "(i32, i32) -> (i32)");
  EXPECT_EQ(describe_signature(":"), "() -> ()");
  EXPECT_EQ(describe_signature("IfFvr:"), "(i64, f32, f64, v128, ref) -> ()");
  EXPECT_LT(describe_signature(std::string(1000, 'i') + ":").size(), 300U);
}

}  // namespace
}  // namespace trellis::wasm
