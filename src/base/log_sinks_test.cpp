#include "base/log_sinks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "base/files.hpp"
#include "base/log.hpp"
#include "base/rate_limit.hpp"
#include "base/text.hpp"
#include "support/capture_log.hpp"
#include "support/temp_dir.hpp"

namespace trellis {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::Pair;

/// 2026-01-31T08:15:00.123Z
class FixedClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime steady() const noexcept override { return {}; }
  [[nodiscard]] WallTime wall() const noexcept override {
    return WallTime(std::chrono::milliseconds(1769847300123));
  }
};

/// A sink into a file, and what came out.
class LogFile {
 public:
  explicit LogFile(LogFormat format, std::string_view filter = "trace") {
    LogSinkOptions options;
    options.format = format;
    options.filter = LogFilter::parse(filter).value();
    options.file = path_;
    sink_ = make_log_sink(options, std::make_shared<FixedClock>()).value();
  }
  [[nodiscard]] Log log(std::string_view target) const { return {sink_, target}; }
  [[nodiscard]] std::string content() const { return read_file(path_, 1 << 20).value(); }

 private:
  test::TempDir dir_;
  std::filesystem::path path_ = dir_.path() / "logs" / "host.log";
  std::shared_ptr<LogSink> sink_;
};

TEST(LogSinks, PeopleReadNamesAndMachinesWholeKeys) {
  constexpr std::string_view actor = "MBST246TWSKMFNGIPTECKMIX6W2GIZT33OFKZTS2D652VKRBALQF4ANP";
  const LogField fields[] = {{"actor", actor}, {"actor_name", "kvcounter"}, {"link", "default"}};
  const LogRecord record{
      LogLevel::info, "host", "stopped MBST246TWSKMFNGIPTECKMIX6W2GIZT33OFKZTS2D652VKRBALQF4ANP",
      fields,         "kind", {}};
  const LogFile text(LogFormat::text);
  text.log("host").sink()->write(record);
  EXPECT_EQ(text.content(),
            "2026-01-31T08:15:00.123Z info  host: stopped kvcounter (MBST246T) link=default\n");
  const LogFile json(LogFormat::json);
  json.log("host").sink()->write(record);
  const auto line = nlohmann::json::parse(json.content());
  EXPECT_EQ(line["text"], record.text);
  EXPECT_EQ(line["fields"]["actor"], actor);
  EXPECT_EQ(line["fields"]["actor_name"], "kvcounter");
}

TEST(LogSinks, NobodyHidesWhoSpeaksByAKeyInItsText) {
  const LogFile file(LogFormat::text);
  file.log("actor").write(LogLevel::info, "MKEY67890 is innocent",
                          {{"actor", "MKEY67890"}, {"actor_name", "evil"}});
  EXPECT_EQ(
      file.content(),
      "2026-01-31T08:15:00.123Z info  actor: MKEY67890 is innocent actor=\"evil (MKEY6789)\"\n");
}

TEST(LogSinks, SaysTheNameInAProvidersLineAndWhoseLineItIs) {
  constexpr std::string_view actor = "MBST246TWSKMFNGIPTECKMIX6W2GIZT33OFKZTS2D652VKRBALQF4ANP";
  const LogFile file(LogFormat::text);
  file.log("provider")
      .write(LogLevel::info,
             "listening for MBST246TWSKMFNGIPTECKMIX6W2GIZT33OFKZTS2D652VKRBALQF4ANP",
             {{"provider", "HTTP"}, {"actor", actor}, {"actor_name", "kvcounter"}});
  EXPECT_EQ(file.content(),
            "2026-01-31T08:15:00.123Z info  provider: listening for kvcounter (MBST246T) "
            "provider=HTTP\n");
}

TEST(LogSinks, TextLine) {
  const LogFile file(LogFormat::text);
  file.log("actor").write(LogLevel::warn, "st\x1b[2Jarted\nforged",
                          {{"key", "MB"}, {"name", "two \"words\""}, {"none", ""}, {"nl", "a\nb"}});
  EXPECT_EQ(file.content(),
            "2026-01-31T08:15:00.123Z warn  actor: st\\x1b[2Jarted\\nforged key=MB "
            "name=\"two \\\"words\\\"\" none=\"\" nl=a\\nb\n");
}

TEST(LogSinks, JsonLineIsAlwaysJson) {
  const LogFile file(LogFormat::json);
  file.log("actor").write(LogLevel::error, "bad \xff \x01 \x7f \"quoted\"\n",
                          {{"key", "MB"}, {"text", "clash"}, {"\n", "\xc2\x9b"}});
  file.log("host").info("plain");
  std::istringstream lines(file.content());
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  for (const char c : line) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << line;
  const auto first = nlohmann::json::parse(line);
  EXPECT_EQ(first["time"], "2026-01-31T08:15:00.123Z");
  EXPECT_EQ(first["level"], "error");
  EXPECT_EQ(first["target"], "actor");
  EXPECT_EQ(first["text"], "bad \xef\xbf\xbd \x01 \x7f \"quoted\"\n");
  EXPECT_EQ(first["fields"]["text"], "clash");
  EXPECT_EQ(first["fields"]["\n"], "\xc2\x9b");
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(line,
            R"({"time":"2026-01-31T08:15:00.123Z","level":"info","target":"host","text":"plain"})");
  EXPECT_FALSE(std::getline(lines, line));
}

TEST(LogSinks, FilterIsApplied) {
  const LogFile file(LogFormat::text, "warn,actor=debug");
  file.log("host").info("hidden");
  file.log("actor").debug("shown");
  file.log("host").error("shown");
  EXPECT_EQ(split(file.content(), '\n').size(), 3U) << file.content();
}

TEST(LogSinks, ConcurrentRecordsStayWhole) {
  const LogFile file(LogFormat::json);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 200; ++n) file.log("host").info("{:<200}", n);
    });
  }
  for (auto& thread : threads) thread.join();
  std::istringstream lines(file.content());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_TRUE(nlohmann::json::accept(line)) << line;
  }
  EXPECT_EQ(count, 800);
}

TEST(LogSinks, FileThatCannotBeOpenedIsAnError) {
  const test::TempDir dir;
  LogSinkOptions options;
  options.file = dir.path();  // a folder
  const auto sink = make_log_sink(options, std::make_shared<FixedClock>());
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().code, ErrorCode::unavailable);
  EXPECT_FALSE(sink.error().remedy.empty());
}

TEST(LogSinks, StderrWithoutTerminalHasNoColour) {
  testing::internal::CaptureStderr();
  const auto sink = make_log_sink({}, std::make_shared<FixedClock>());
  Log(*sink, "host").warn("hello");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "2026-01-31T08:15:00.123Z warn  host: hello\n");
}

TEST(LogFilter, LongestTargetWins) {
  const auto filter = LogFilter::parse("provider=warn, provider.http=trace ,error,quiet=OFF");
  ASSERT_TRUE(filter);
  EXPECT_TRUE(filter->enabled(LogLevel::trace, "provider.http"));
  EXPECT_TRUE(filter->enabled(LogLevel::trace, "provider.http.x"));
  EXPECT_FALSE(filter->enabled(LogLevel::info, "provider.kv"));
  EXPECT_TRUE(filter->enabled(LogLevel::warn, "provider"));
  EXPECT_FALSE(filter->enabled(LogLevel::warn, "providers"));
  EXPECT_FALSE(filter->enabled(LogLevel::error, "quiet"));
  EXPECT_FALSE(filter->enabled(LogLevel::off, "provider.http"));
}

TEST(LogFilter, DefaultIsInfo) {
  const auto filter = LogFilter::parse("actor=debug");
  ASSERT_TRUE(filter);
  EXPECT_TRUE(filter->enabled(LogLevel::info, "host"));
  EXPECT_FALSE(filter->enabled(LogLevel::debug, "host"));
}

TEST(LogFilter, MistakesAreRefused) {
  for (const auto* text : {"", "loud", "info,", "=debug", "actor=", "actor=loud", "info,,debug"}) {
    const auto filter = LogFilter::parse(text);
    ASSERT_FALSE(filter) << text;
    EXPECT_FALSE(filter.error().remedy.empty());
  }
}

TEST(RateLimit, OncePerKindAndIntervalTheRestCounted) {
  enum class Kind { late, lost };
  RateLimit<Kind, 2> limit{seconds(10)};
  const SteadyTime start{};
  EXPECT_EQ(limit.admit(Kind::late, start), 0U);
  EXPECT_EQ(limit.admit(Kind::late, start + seconds(1)), std::nullopt);
  EXPECT_EQ(limit.admit(Kind::lost, start + seconds(1)), 0U);
  EXPECT_EQ(limit.admit(Kind::late, start + seconds(9)), std::nullopt);
  EXPECT_EQ(limit.admit(Kind::late, start + seconds(10)), 2U);
  EXPECT_EQ(limit.admit(Kind::late, start + seconds(19)), std::nullopt);
}

TEST(RateLimit, OfManyThreadsOneSpeaks) {
  enum class Kind { only };
  RateLimit<Kind, 1> limit{seconds(10)};
  std::atomic<int> spoke{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 100; ++n) spoke += limit.admit(Kind::only, SteadyTime{}) ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(spoke, 1);
  EXPECT_EQ(limit.admit(Kind::only, SteadyTime{} + seconds(10)), 399U);
}

TEST(CaptureLog, KeepsRecords) {
  const auto sink = std::make_shared<test::CaptureLog>();
  Log(sink, "host").write(LogLevel::info, "started", {{"key", "N"}});
  ASSERT_EQ(sink->records().size(), 1U);
  EXPECT_EQ(sink->records()[0].target, "host");
  EXPECT_THAT(sink->records()[0].fields, ElementsAre(Pair("key", "N")));
  EXPECT_EQ(sink->count("start"), 1U);
}

}  // namespace
}  // namespace trellis
