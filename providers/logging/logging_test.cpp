#include "providers/logging/logging.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "codec/messages/logging.hpp"
#include "support/provider_forms.hpp"
#include "support/server_process.hpp"

namespace trellis::providers {
namespace {

using codec::logging::WriteLogArgs;

class LoggingConformance : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { ASSERT_TRUE(log_.bind("MA")); }
  void TearDown() override { EXPECT_EQ(host_.bad_completions(), 0); }

  Result<Bytes> write(std::string target, std::string level, std::string text) {
    return log_.call(
        "MA", "WriteLog",
        codec::encode(WriteLogArgs{std::move(target), std::move(level), std::move(text)}));
  }

  /// The next line; that of a process may come after the answer.
  test::FakeHost::LogLine next_line() {
    if (!test::eventually([&] { return host_.logs().size() > seen_; })) return {};
    return host_.logs()[seen_++];
  }

  test::FakeHost host_;
  const test::ProviderForm form_{GetParam(), *logging::table(), "logging"};
  test::ProviderInstance log_{host_, form_.table()};

 private:
  std::size_t seen_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Providers, LoggingConformance, test::provider_forms(), test::name_of_form);

TEST_P(LoggingConformance, WritesWithLevelTargetAndActor) {
  const std::pair<const char*, trellis_log_level> levels[] = {{"error", TRELLIS_LOG_ERROR},
                                                              {"warn", TRELLIS_LOG_WARN},
                                                              {"info", TRELLIS_LOG_INFO},
                                                              {"debug", TRELLIS_LOG_DEBUG},
                                                              {"trace", TRELLIS_LOG_TRACE}};
  for (const auto& [name, level] : levels) {
    const auto answer = write("target", name, "hello");
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->empty());
    const auto line = next_line();
    EXPECT_EQ(line.level, level);
    EXPECT_EQ(line.target, "target");
    EXPECT_EQ(line.text, "[MA] hello");
  }
  ASSERT_TRUE(
      log_.call("MA", "WriteLog",
                from_hex("83a6746172676574a0a56c6576656ca4696e666fa474657874a26869").value()));
  const auto line = next_line();
  EXPECT_EQ(line.target, "");
  EXPECT_EQ(line.text, "[MA] hi");
}

TEST_P(LoggingConformance, AnUnknownLevelIsAnErrorAndTheTextIsKept) {
  for (const char* level : {"INFO", "warning", "", "off"}) {
    EXPECT_EQ(write("t", level, "precious").error().message,
              std::string("Unknown log level: ") + level);
    const auto line = next_line();
    EXPECT_EQ(line.text, "[MA] precious");
    EXPECT_EQ(line.level, TRELLIS_LOG_INFO);
  }
}

TEST_P(LoggingConformance, AnEndlessTargetIsLeftOut) {
  const std::string longest(256, 't');
  ASSERT_TRUE(write(longest, "info", "x"));
  EXPECT_EQ(next_line().target, longest);
  ASSERT_TRUE(write(std::string(100000, 't'), "info", "x"));
  EXPECT_EQ(next_line().target, "");
}

TEST_P(LoggingConformance, RefusesWhatItMust) {
  EXPECT_EQ(log_.call("MA", "Nope", {}).error().message, "Unknown operation: Nope");
  EXPECT_EQ(log_.call("MA", "WriteLog", from_hex("80").value()).error().message,
            "Failed to de-serialize: missing field `target`");
  EXPECT_EQ(log_.call("MB", "WriteLog", {}).error().message,
            "actor MB is not linked to this provider");
  EXPECT_TRUE(host_.logs().empty());
}

TEST_P(LoggingConformance, BindsAgainRemovesAndIsHealthy) {
  EXPECT_TRUE(log_.bind("MA"));
  EXPECT_TRUE(log_.bind("MA", {{"x", "y"}}));
  EXPECT_TRUE(log_.call("system", "HealthRequest", {}));
  EXPECT_TRUE(log_.remove("MA"));
  EXPECT_FALSE(write("t", "info", "x"));
}

}  // namespace
}  // namespace trellis::providers
