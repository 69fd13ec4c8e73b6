#include "providers/logging/logging.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "codec/messages/logging.hpp"
#include "support/provider_harness.hpp"

namespace trellis::providers {
namespace {

using codec::logging::WriteLogArgs;

class LoggingConformance : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(log_.bind("MA")); }
  void TearDown() override { EXPECT_EQ(host_.bad_completions(), 0); }

  Result<Bytes> write(std::string target, std::string level, std::string text) {
    return log_.call(
        "MA", "WriteLog",
        codec::encode(WriteLogArgs{std::move(target), std::move(level), std::move(text)}));
  }

  test::FakeHost host_;
  test::ProviderInstance log_{host_, *logging::table()};
};

TEST_F(LoggingConformance, WritesWithLevelTargetAndActor) {
  const std::pair<const char*, trellis_log_level> levels[] = {{"error", TRELLIS_LOG_ERROR},
                                                              {"warn", TRELLIS_LOG_WARN},
                                                              {"info", TRELLIS_LOG_INFO},
                                                              {"debug", TRELLIS_LOG_DEBUG},
                                                              {"trace", TRELLIS_LOG_TRACE}};
  for (const auto& [name, level] : levels) {
    const auto answer = write("target", name, "hello");
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->empty());
    EXPECT_EQ(host_.logs().back().level, level);
    EXPECT_EQ(host_.logs().back().target, "target");
    EXPECT_EQ(host_.logs().back().text, "[MA] hello");
  }
  ASSERT_TRUE(
      log_.call("MA", "WriteLog",
                from_hex("83a6746172676574a0a56c6576656ca4696e666fa474657874a26869").value()));
  EXPECT_EQ(host_.logs().back().target, "");
  EXPECT_EQ(host_.logs().back().text, "[MA] hi");
}

TEST_F(LoggingConformance, AnUnknownLevelIsAnErrorAndTheTextIsKept) {
  for (const char* level : {"INFO", "warning", "", "off"}) {
    EXPECT_EQ(write("t", level, "precious").error().message,
              std::string("Unknown log level: ") + level);
    EXPECT_EQ(host_.logs().back().text, "[MA] precious");
    EXPECT_EQ(host_.logs().back().level, TRELLIS_LOG_INFO);
  }
}

TEST_F(LoggingConformance, AnEndlessTargetIsLeftOut) {
  const std::string longest(256, 't');
  ASSERT_TRUE(write(longest, "info", "x"));
  EXPECT_EQ(host_.logs().back().target, longest);
  ASSERT_TRUE(write(std::string(100000, 't'), "info", "x"));
  EXPECT_EQ(host_.logs().back().target, "");
}

TEST_F(LoggingConformance, RefusesWhatItMust) {
  EXPECT_EQ(log_.call("MA", "Nope", {}).error().message, "Unknown operation: Nope");
  EXPECT_EQ(log_.call("MA", "WriteLog", from_hex("80").value()).error().message,
            "Failed to de-serialize: missing field `target`");
  EXPECT_EQ(log_.call("MB", "WriteLog", {}).error().message,
            "actor MB is not linked to this provider");
  EXPECT_TRUE(host_.logs().empty());
}

TEST_F(LoggingConformance, BindsAgainRemovesAndIsHealthy) {
  EXPECT_TRUE(log_.bind("MA"));
  EXPECT_TRUE(log_.bind("MA", {{"x", "y"}}));
  EXPECT_TRUE(log_.call("system", "HealthRequest", {}));
  EXPECT_TRUE(log_.remove("MA"));
  EXPECT_FALSE(write("t", "info", "x"));
}

}  // namespace
}  // namespace trellis::providers
