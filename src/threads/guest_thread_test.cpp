#include "threads/guest_thread.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <utility>

#include "base/call_limits.hpp"

namespace trellis {
namespace {

TEST(GuestThread, KnowsItsStack) {
  StackBounds bounds;
  std::uintptr_t inside = 0;
  {
    auto thread = GuestThread::start("a name that is too long", [&] {
      bounds = guest_stack().value();
      inside = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    });
    ASSERT_TRUE(thread.has_value());
  }
  EXPECT_GE(bounds.highest - bounds.lowest, 8 * limits::mib - 64 * limits::kib);
  EXPECT_GT(inside, bounds.lowest);
  EXPECT_LT(inside, bounds.highest);
}

TEST(GuestThread, OtherThreadsHaveNoGuestStack) {
  EXPECT_FALSE(guest_stack().has_value());
}

TEST(GuestThread, JoinsWhenDestroyedOrReplaced) {
  std::atomic<int> done = 0;
  const auto work = [&] { ++done; };
  auto first = GuestThread::start("one", work).value();
  first = GuestThread::start("two", work).value();
  EXPECT_GE(done, 1);
  GuestThread moved = std::move(first);
  EXPECT_FALSE(first.joinable());  // NOLINT(bugprone-use-after-move): specified
  moved.join();
  EXPECT_FALSE(moved.joinable());
  moved.join();
  EXPECT_EQ(done, 2);
}

}  // namespace
}  // namespace trellis
