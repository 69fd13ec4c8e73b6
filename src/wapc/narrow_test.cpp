// A process whose addresses end before its memory does: only where they have 32 bits.
#if !defined(__LP64__)
#include <gmock/gmock.h>

#include <iostream>

#include "wapc/test_support.hpp"

namespace trellis::wapc {
namespace {

using namespace testing;
using ::testing::HasSubstr;

TEST(NarrowAddresses, RefuseTheGuestThatDoesNotFitAndServeTheOthers) {
  const auto module = compile("echo");
  RecordingHost host;
  on_guest_thread([&] {
    std::vector<std::unique_ptr<Guest>> all;
    Result<std::unique_ptr<Guest>> next;
    while ((next = module->instantiate(host))) {
      all.push_back(std::move(*next));
      ASSERT_LT(all.size(), 100U) << "128 MiB of memory each do not fit a hundred times";
    }
    EXPECT_EQ(next.error().code, ErrorCode::unavailable);
    EXPECT_THAT(next.error().message, HasSubstr("no address space for another guest"));
    EXPECT_FALSE(next.error().remedy.empty());
    EXPECT_GE(all.size(), 8U);
    for (auto& guest : all) {
      EXPECT_TRUE(guest->call("x", as_bytes("hi"), host, in(seconds(20))).has_value());
    }
    // What one of them had is enough for another.
    all.pop_back();
    EXPECT_TRUE(module->instantiate(host).has_value());
    std::cout << "guests that fit: " << all.size() + 1 << "\n";
  });
}

}  // namespace
}  // namespace trellis::wapc
#endif
