#include "base/log_budget.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "support/capture_log.hpp"

namespace trellis {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class SettableClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime steady() const noexcept override { return now; }
  [[nodiscard]] WallTime wall() const noexcept override { return {}; }
  SteadyTime now{};
};

class LogBudgetTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::size_t lines() const { return sink_->records().size(); }

  std::shared_ptr<SettableClock> clock_ = std::make_shared<SettableClock>();
  std::shared_ptr<test::CaptureLog> sink_ = std::make_shared<test::CaptureLog>();
  Log log_{make_log_budget(sink_, clock_), "host"};
};

TEST_F(LogBudgetTest, EventsOfOneSourceAreFewAndCounted) {
  for (int i = 0; i < 1000; ++i) log_.event(LogLevel::warn, "refused", {{"origin", "MA"}});
  EXPECT_EQ(lines(), 20U);
  log_.event(LogLevel::warn, "refused", {{"origin", "MB"}});
  EXPECT_EQ(lines(), 21U) << "one source does not use up the lines of another";
  clock_->now += seconds(2);
  log_.event(LogLevel::warn, "refused", {{"origin", "MA"}});
  ASSERT_EQ(lines(), 23U);
  EXPECT_EQ(sink_->records()[21].text, "980 lines like this were left out: refused (MA)");
}

TEST_F(LogBudgetTest, KindsAreBoundedWhoeverCausesThem) {
  for (int i = 0; i < 10000; ++i) {
    log_.event(LogLevel::warn, "refused", {{"origin", std::to_string(i)}});
  }
  EXPECT_EQ(lines(), 2000U);
  log_.warn("something {}", "else");
  EXPECT_EQ(lines(), 2001U);
}

TEST_F(LogBudgetTest, TextsWithValuesAreOneKind) {
  for (int i = 0; i < 5000; ++i) log_.info("number {}", i);
  EXPECT_EQ(lines(), 2000U);
}

TEST_F(LogBudgetTest, VoicesHaveMoreAndLongLinesCountAsSeveral) {
  for (int i = 0; i < 1000; ++i) log_.write(LogLevel::info, "hello", {{"actor", "MA"}});
  EXPECT_EQ(lines(), 400U);
  const std::string text(limits::log_line_bytes, 'x');
  for (int i = 0; i < 1000; ++i) log_.write(LogLevel::info, text, {{"actor", "MB"}});
  EXPECT_LE(lines(), 400U + 400 / (limits::log_line_bytes / 256) + 1);
}

TEST_F(LogBudgetTest, TheSourceMayBeAnotherThanTheFirstField) {
  for (int i = 0; i < 1000; ++i) log_.write(LogLevel::info, "x", {{"provider", "VP"}}, "VP MA");
  for (int i = 0; i < 1000; ++i) log_.write(LogLevel::info, "x", {{"provider", "VP"}}, "VP MB");
  EXPECT_EQ(lines(), 800U);
}

TEST_F(LogBudgetTest, LongTextIsCut) {
  log_.write(LogLevel::info, std::string(1 << 20, 'x'), {{"actor", "MA"}});
  ASSERT_EQ(lines(), 1U);
  EXPECT_LT(sink_->records()[0].text.size(), limits::log_line_bytes + 100);
  EXPECT_THAT(sink_->records()[0].text, HasSubstr("1048576 bytes in all"));
}

TEST_F(LogBudgetTest, WhatWasLeftOutIsSaidByOtherLinesAndAtTheEnd) {
  for (int i = 0; i < 30; ++i) log_.event(LogLevel::warn, "refused", {{"origin", "MA"}});
  clock_->now += limits::log_sweep;
  log_.info("something else");
  EXPECT_EQ(sink_->count("10 lines like this were left out: refused (MA)"), 1U);
  for (int i = 0; i < 30; ++i) log_.event(LogLevel::warn, "refused", {{"origin", "MB"}});
  log_ = {};
  EXPECT_EQ(sink_->count("10 lines like this were left out: refused (MB)"), 1U);
}

TEST_F(LogBudgetTest, SourcesBeyondTheTableShare) {
  for (std::size_t i = 0; i < 2 * limits::log_accounts; ++i) {
    clock_->now += std::chrono::milliseconds(1);
    log_.event(LogLevel::warn, "refused", {{"origin", std::to_string(i)}});
  }
  EXPECT_LE(lines(), limits::log_accounts + 100);
}

}  // namespace
}  // namespace trellis
