// The example that docs/providers.md shows does what is said of it.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "support/provider_harness.hpp"
#include "trellis/guest/msgpack_reader.hpp"

namespace trellis::test {
namespace {

class TickerExample : public ::testing::Test {
 protected:
  std::uint32_t count() {
    const auto answer = ticker_.call("MA", "Count", {});
    if (!answer) return 0;
    guest::Reader in(as_text(*answer));
    EXPECT_EQ(in.map(), 1U);
    EXPECT_EQ(in.string(), "number");
    return in.integer<std::uint32_t>();
  }

  FakeHost host_;
  ProviderInstance ticker_{host_, open_module(TRELLIS_EXAMPLE_TICKER)};
};

TEST_F(TickerExample, CallsItsActorsUntilTheirLinksGo) {
  std::atomic<int> ticks{0};
  host_.set_actor([&](std::string_view actor, std::string_view operation, ByteView) {
    if (actor == "MA" && operation == "Tick") ++ticks;
    return FakeHost::Reply{TRELLIS_OK, {}};
  });
  ASSERT_TRUE(ticker_.bind("MA", {{"PERIOD_MS", "1"}}));
  while (ticks < 3) std::this_thread::yield();
  EXPECT_GE(count(), 3U);
  ASSERT_TRUE(ticker_.remove("MA"));
  EXPECT_FALSE(ticker_.call("MA", "Count", {}));
  ticker_.stop();
  host_.join_threads();
  EXPECT_EQ(host_.live_buffers(), 0);
}

TEST_F(TickerExample, BadValuesAndActorsThatFailAreTold) {
  EXPECT_EQ(ticker_.bind("MA", {{"PERIOD_MS", "0x"}}).error().message,
            "link value PERIOD_MS is '0x', expected a number above 0");
  ASSERT_TRUE(ticker_.bind("MA", {{"PERIOD_MS", "1"}}));
  while (host_.logs().empty()) std::this_thread::yield();
  ticker_.stop();
  EXPECT_EQ(host_.logs()[0].target, "ticker");
  EXPECT_EQ(host_.logs()[0].text, "MA: no such actor");
}

}  // namespace
}  // namespace trellis::test
