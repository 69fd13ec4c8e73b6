#include "base/rate_limited_log.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/capture_log.hpp"
#include "support/test_clock.hpp"

namespace trellis {
namespace {

using std::chrono::seconds;

enum class Complaint { late, lost, count };

struct RateLimitedLogTest : ::testing::Test {
  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const auto& record : sink->records()) all.push_back(record.text);
    return all;
  }

  std::shared_ptr<test::CaptureLog> sink = std::make_shared<test::CaptureLog>();
  test::TestClock clock;
  RateLimitedLog<Complaint> limited{Log(sink, "test"), clock, seconds(10)};
};

TEST_F(RateLimitedLogTest, OneLineForEachReasonAndInterval) {
  for (int i = 0; i < 4; ++i) limited.warn(Complaint::late, "late: {}{}", i);
  limited.error(Complaint::lost, "lost{}");
  EXPECT_EQ(texts(), (std::vector<std::string>{"late: 0", "lost"}));
  clock.advance(seconds(10));
  limited.warn(Complaint::late, "late: {}{}", 5);
  limited.error(Complaint::lost, "lost{}");
  EXPECT_EQ(texts(), (std::vector<std::string>{"late: 0", "lost", "late: 5 (3 more)", "lost"}));
  clock.advance(seconds(10));
  limited.debug(Complaint::late, "late{}");
  EXPECT_EQ(texts().back(), "late") << "what was told is not told again";
}

TEST_F(RateLimitedLogTest, FieldsAndAWordOfItsOwn) {
  RateLimitedLog<Complaint> reports(Log(sink, "test"), clock, seconds(10), "more reports");
  reports.write(Complaint::late, LogLevel::warn, "{} is text", {{"subject", "s"}});
  reports.write(Complaint::late, LogLevel::warn, "not written", {{"subject", "s"}});
  clock.advance(seconds(10));
  reports.write(Complaint::late, LogLevel::error, "again", {{"subject", "t"}});
  const auto records = sink->records();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].text, "{} is text");
  EXPECT_EQ(records[1].text, "again (1 more reports)");
  EXPECT_EQ(records[1].level, LogLevel::error);
  EXPECT_EQ(records[1].fields.at(0).second, "t");
}

}  // namespace
}  // namespace trellis
