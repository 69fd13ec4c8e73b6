#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <set>
#include <thread>

#include "cli/doctor_checks.hpp"
#include "cli/doctor_engine.hpp"

namespace trellis::cli {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr std::uint64_t gib = std::uint64_t{1} << 30U;

/// A machine in good health; tests poison one thing.
class FakeSystem final : public System {
 public:
  std::map<ResourceLimit, std::uint64_t> limits{{ResourceLimit::address_space, unlimited},
                                                {ResourceLimit::open_files, 20000},
                                                {ResourceLimit::stack, 8 << 20},
                                                {ResourceLimit::processes, unlimited}};
  std::map<std::string, std::uint64_t> settings{{"vm/overcommit_memory", 0},
                                                {"vm/max_map_count", 65530}};
  unsigned cpu_count = 2;
  bool reserves = true;
  Result<std::string> engine = "V8 1.2.3";
  Result<void> listens;
  Result<void> writes;
  Result<std::string> folder = "/run/user/7/trellis";
  WallTime time = std::chrono::sys_days(std::chrono::year(2026) / 5 / 4);
  uid_t user_id = 1000;

  std::uint64_t limit(ResourceLimit kind) const override { return limits.at(kind); }
  std::optional<std::uint64_t> kernel_setting(const std::string& name) const override {
    const auto found = settings.find(name);
    return found == settings.end() ? std::nullopt : std::optional(found->second);
  }
  unsigned cpus() const override { return cpu_count; }
  std::uint64_t reservation = 10 * gib;
  std::optional<std::uint64_t> fitting;
  std::uint64_t guest_reservation() const override { return reservation; }
  std::optional<std::uint64_t> guests_that_fit() const override { return fitting; }
  bool can_reserve(std::uint64_t bytes) const override { return reserves && bytes == reservation; }
  Result<std::string> try_engine() const override { return engine; }
  Result<void> try_listen(std::uint16_t) const override { return listens; }
  Result<void> try_write(const std::filesystem::path&) const override { return writes; }
  Result<std::string> state_folder() const override { return folder; }
  WallTime now() const override { return time; }
  uid_t user() const override { return user_id; }
  std::vector<std::string> names{"HOME", "WASH_KEYS", "WASMCLOUD_RPC_HOST", "RPC_TLS_CA"};
  std::vector<std::string> variables() const override { return names; }
};

void expect_problem(const Check& check, std::string_view finding, std::string_view remedy) {
  EXPECT_EQ(check.health, Health::problem) << check.name;
  EXPECT_THAT(check.finding, HasSubstr(std::string(finding)));
  EXPECT_THAT(check.remedy, HasSubstr(std::string(remedy)));
}

TEST(Doctor, NamesVariablesThatNothingReads) {
  FakeSystem system;
  system.names.insert(system.names.end(),
                      {"WASMCLOUD_RPC_HOTS", "WASH_CONTEXTS", "KVCACHE_URL", "KVCACHE_URI"});
  const auto check = check_variables(system);
  EXPECT_EQ(check.health, Health::warning);
  EXPECT_THAT(check.finding, HasSubstr(": WASMCLOUD_RPC_HOTS, WASH_CONTEXTS, KVCACHE_URI"));
  EXPECT_FALSE(check.remedy.empty());
}

TEST(Doctor, AHealthyMachineHasNoFindings) {
  std::set<std::string> names;
  for (const auto& check : run_checks(FakeSystem(), 8080)) {
    EXPECT_EQ(check.health, Health::ok) << check.name << ": " << check.finding;
    EXPECT_TRUE(check.remedy.empty()) << check.name;
    EXPECT_FALSE(check.finding.empty()) << check.name;
    EXPECT_TRUE(names.insert(check.name).second) << check.name << " comes twice";
  }
  EXPECT_EQ(names.size(), 14U);
}

TEST(Doctor, ASickMachineIsToldWhatToDoEachTime) {
  FakeSystem system;
  system.limits = {{ResourceLimit::address_space, gib},
                   {ResourceLimit::open_files, 64},
                   {ResourceLimit::stack, 64 << 10},
                   {ResourceLimit::processes, 10}};
  system.settings = {{"vm/overcommit_memory", 2}, {"vm/max_map_count", 1000}};
  system.cpu_count = 1;
  system.reserves = false;
  system.engine = fail(ErrorCode::unavailable, "no");
  system.listens = system.writes = fail(ErrorCode::unavailable, "no");
  system.folder = fail(ErrorCode::denied, "no");
  system.time = {};
  system.names = {"WASH_CONTEXTS"};
  for (const auto& check : run_checks(system, 8080)) {
    EXPECT_NE(check.health, Health::ok) << check.name;
    EXPECT_FALSE(check.remedy.empty()) << check.name;
  }
}

TEST(Doctor, AddressSpaceCountsGuests) {
  FakeSystem system;
  system.limits[ResourceLimit::address_space] = 8 * gib;
  expect_problem(check_address_space(system), "room for 0 guests", "ulimit -v");
  system.limits[ResourceLimit::address_space] = 1 << 20;
  expect_problem(check_address_space(system), "room for 0 guests", "ulimit -v");
  system.limits[ResourceLimit::address_space] = 52 * gib;  // one actor's default, no more
  EXPECT_EQ(check_address_space(system).health, Health::warning);
  EXPECT_THAT(check_address_space(system).finding, HasSubstr("room for 5 guests"));
  system.cpu_count = 4;
  EXPECT_EQ(check_address_space(system).health, Health::problem);
  system.limits[ResourceLimit::address_space] = 20000 * gib;
  EXPECT_EQ(check_address_space(system).health, Health::ok);
}

TEST(Doctor, AddressesOf32BitsAreCounted) {
  FakeSystem system;
  system.reservation = 192 << 20;
  system.fitting = 17;
  EXPECT_EQ(check_address_space(system).health, Health::ok);
  EXPECT_EQ(check_address_space(system).finding, "32 bits: room for 17 guests of 192 MiB each");
  EXPECT_EQ(check_reservation(system).finding, "192 MiB for a guest can be reserved");
  system.fitting = 3;
  expect_problem(check_address_space(system), "room for 3 guests", "64-bit system");
}

TEST(Doctor, KernelSettings) {
  FakeSystem system;
  system.settings["vm/max_map_count"] = 4096;
  expect_problem(check_map_count(system), "about 292 guests", "vm.max_map_count=65530");
  system.settings["vm/overcommit_memory"] = 2;
  EXPECT_EQ(check_overcommit(system).health, Health::warning);
  system.settings["vm/overcommit_memory"] = 1;
  EXPECT_EQ(check_overcommit(system).health, Health::ok);
  system.settings.clear();
  EXPECT_EQ(check_map_count(system).health, Health::ok);
  EXPECT_EQ(check_overcommit(system).health, Health::ok);
}

TEST(Doctor, LimitsOfTheProcess) {
  FakeSystem system;
  system.limits[ResourceLimit::open_files] = 1023;
  expect_problem(check_open_files(system), "1023", "LimitNOFILE");
  system.limits[ResourceLimit::open_files] = 1024;
  EXPECT_EQ(check_open_files(system).health, Health::warning);
  system.limits[ResourceLimit::stack] = 512 << 10;
  expect_problem(check_stack(system), "512 KiB", "ulimit -s");
  system.limits[ResourceLimit::processes] = 100;
  expect_problem(check_threads(system), "100", "ulimit -u");
  system.user_id = 0;  // the limit does not hold for root
  EXPECT_EQ(check_threads(system).health, Health::ok);
}

TEST(Doctor, ErrorsOfTheSystemBecomeFindings) {
  FakeSystem system;
  system.engine = fail(ErrorCode::unavailable, "the engine dies", "feed it");
  expect_problem(check_engine(system), "the engine dies", "feed it");
  system.listens = fail(ErrorCode::unavailable, "port 81: in use");
  const auto port = check_port(system, 81);
  EXPECT_EQ(port.health, Health::warning);
  EXPECT_THAT(port.finding, HasSubstr("in use"));
  EXPECT_THAT(port.remedy, HasSubstr(":81"));
  system.writes = fail(ErrorCode::unavailable, "read-only", "mount it");
  expect_problem(check_temporary_folder(system), "read-only", "mount it");
  system.folder = fail(ErrorCode::denied, "belongs to user 3", "remove it");
  expect_problem(check_state_folder(system), "belongs to user 3", "remove it");
}

TEST(Doctor, ClockMustBeInThisCentury) {
  FakeSystem system;
  EXPECT_EQ(check_clock(system).finding, "2026-05-04 (UTC)");
  system.time = {};
  expect_problem(check_clock(system), "1970-01-01", "timedatectl");
  system.time = std::chrono::sys_days(std::chrono::year(2150) / 1 / 1);
  expect_problem(check_clock(system), "2150-01-01", "timedatectl");
}

TEST(DoctorChild, HandsAnswersAndErrorsBack) {
  EXPECT_EQ(run_in_child([] { return Result<std::string>("fine"); }, milliseconds(20000)), "fine");
  const auto refused = run_in_child(
      []() -> Result<std::string> { return fail(ErrorCode::internal, "broken", "mend it"); },
      milliseconds(20000));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "broken");
  EXPECT_EQ(refused.error().remedy, "mend it");
}

TEST(DoctorChild, DeathAndSilenceAreErrors) {
  const auto killed = run_in_child(
      []() -> Result<std::string> {
        ::raise(SIGKILL);
        return "never";
      },
      milliseconds(20000));
  ASSERT_FALSE(killed);
  EXPECT_THAT(killed.error().message, HasSubstr("signal 9"));
  EXPECT_FALSE(killed.error().remedy.empty());
  const auto late = run_in_child(
      []() -> Result<std::string> {
        ::pause();
        return "never";
      },
      milliseconds(50));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::deadline);
}

}  // namespace
}  // namespace trellis::cli
