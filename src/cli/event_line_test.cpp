#include "cli/event_line.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace trellis::cli {
namespace {

TEST(EventLine, TellsTimeHostAndContent) {
  EXPECT_EQ(event_line({"ActorStopped", "NX", 1'620'000'000, R"({"actor":"MX"})"}, false),
            R"(2021-05-03T00:00:00Z NX ActorStopped {"actor":"MX"})");
  EXPECT_EQ(event_line({"HostStopped", "NX", 0, "null"}, false),
            "1970-01-01T00:00:00Z NX HostStopped");
  EXPECT_EQ(event_line({"ActorStopped", "NX", 7, R"({"actor":"MX"})"}, true),
            R"({"content":{"actor":"MX"},"event":"ActorStopped","host_id":"NX","timestamp":7})");
}

TEST(EventLine, TimesBeyondTheCalendarAreNumbers) {
  EXPECT_EQ(event_line({"HostStopped", "NX", 253'402'300'799, "null"}, false),
            "9999-12-31T23:59:59Z NX HostStopped");
  EXPECT_EQ(event_line({"HostStopped", "NX", 9'000'000'000'000'000'000, "null"}, false),
            "@9000000000000000000 NX HostStopped");
  EXPECT_EQ(
      event_line({"HostStopped", "NX", std::numeric_limits<std::uint64_t>::max(), "null"}, false),
      "@18446744073709551615 NX HostStopped");
}

TEST(EventLine, NothingInItSteersTheTerminal) {
  EXPECT_EQ(event_line({"HostStopped", "N\x1b[2J", 0, "null"}, false),
            "1970-01-01T00:00:00Z N?[2J HostStopped");
}

TEST(EventLine, LinksAreNamedByWhatTheyLink) {
  OutcomeRecord bound{"", "NX", "bind_link", "VX", "MX", std::nullopt, "wasmcloud:keyvalue", "b"};
  EXPECT_EQ(outcome_line(bound, WallTime(), false),
            "1970-01-01T00:00:00Z NX bind_link MX to VX (wasmcloud:keyvalue, link name b): done");
  bound.failure = "port taken";
  EXPECT_EQ(outcome_line(bound, WallTime(), false),
            "1970-01-01T00:00:00Z NX bind_link MX to VX (wasmcloud:keyvalue, link name b): failed: "
            "port taken");
  const auto json = outcome_line(bound, WallTime(), true);
  for (const char* part : {R"("contract_id":"wasmcloud:keyvalue")", R"("link_name":"b")"}) {
    EXPECT_NE(json.find(part), std::string::npos) << json;
  }
}

TEST(EventLine, OutcomesTellTheReasonOfAFailure) {
  const OutcomeRecord done{"id-1", "NX", "start_actor", "echo.wasm", "MX", std::nullopt, {}, {}};
  EXPECT_EQ(outcome_line(done, WallTime(), false),
            "1970-01-01T00:00:00Z NX start_actor echo.wasm done (operation id-1)");
  auto failed = done;
  failed.failure = "not a module";
  EXPECT_EQ(outcome_line(failed, WallTime(), false),
            "1970-01-01T00:00:00Z NX start_actor echo.wasm failed: not a module (operation id-1)");
  EXPECT_EQ(outcome_line(failed, WallTime(), true),
            R"({"failure":"not a module","host_id":"NX","id":"MX","operation_id":"id-1",)"
            R"("outcome":"start_actor","reference":"echo.wasm"})");
}

}  // namespace
}  // namespace trellis::cli
