#include "threads/gate.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace trellis {
namespace {

using std::chrono::milliseconds;

SteadyTime in(milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

TEST(Gate, LetsInUntilItIsClosed) {
  Gate gate;
  EXPECT_TRUE(gate.enter());
  EXPECT_EQ(gate.inside(), 0U) << "the entry has ended";
  const auto entry = gate.enter();
  EXPECT_EQ(gate.inside(), 1U);
  gate.close();
  EXPECT_TRUE(gate.is_closed());
  EXPECT_FALSE(gate.enter());
  EXPECT_EQ(gate.inside(), 1U);
}

TEST(Gate, AnEmptyOneNeedsNoWaiting) {
  Gate gate;
  gate.close();
  gate.wait();
  EXPECT_TRUE(gate.wait_until(in(milliseconds(0))));
  gate.close();
}

TEST(Gate, WaitsForThoseInsideAndNoLonger) {
  Gate gate;
  std::optional<Gate::Entry> entry = gate.enter();
  gate.close();
  EXPECT_FALSE(gate.wait_until(in(milliseconds(1))));
  std::thread leaving([&] { entry.reset(); });
  gate.wait();
  EXPECT_EQ(gate.inside(), 0U);
  leaving.join();
}

TEST(Gate, CopiesAreInsideForThemselves) {
  Gate gate;
  std::optional<Gate::Entry> first = gate.enter();
  gate.close();
  std::optional<Gate::Entry> second = first;
  EXPECT_EQ(gate.inside(), 2U);
  first.reset();
  EXPECT_FALSE(gate.wait_until(in(milliseconds(0))));
  second.reset();
  EXPECT_TRUE(gate.wait_until(in(milliseconds(0))));
}

TEST(Gate, AnEntryCanBePassedOn) {
  Gate gate;
  auto first = gate.enter();
  auto second = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(second);
  EXPECT_EQ(gate.inside(), 1U);
}

// Who waits may take everything down: under the thread sanitizer this shows a leaver that is late.
TEST(Gate, MayGoAsSoonAsNobodyIsInside) {
  for (int round = 0; round < 200; ++round) {
    auto gate = std::make_unique<Gate>();
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([entry = gate->enter()] {});
    }
    gate->close();
    gate->wait();
    gate.reset();
  }
}

}  // namespace
}  // namespace trellis
