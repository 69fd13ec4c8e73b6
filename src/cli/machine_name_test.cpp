#include "cli/machine_name.hpp"

#include <gtest/gtest.h>

namespace trellis::cli {
namespace {

TEST(MachineName, NamesOfHostsAreWords) {
  EXPECT_EQ(check_host_name("cellar-1.plant_a"), "");
  for (const auto* bad : {"", "two words", "a=b", "a/b", "\x1b[2J", "k\xc3\xbc"}) {
    EXPECT_NE(check_host_name(bad), "") << bad;
  }
  EXPECT_EQ(check_host_name(std::string(63, 'a')), "");
  EXPECT_NE(check_host_name(std::string(64, 'a')), "");
}

TEST(MachineName, NamesAreNotTakenForProcessIdsOrKeys) {
  EXPECT_NE(check_host_name("4711"), "");
  EXPECT_EQ(check_host_name("4711a"), "");
  EXPECT_NE(check_host_name("VAHNM37G4ARHZ3CYHB3L34M6TYQWQR6IZ4QVYC4NYZWTJCJ2LWP7S6Z2"), "");
}

TEST(MachineName, TheWishComesBeforeTheMachine) {
  EXPECT_EQ(host_name("cellar", "machine"), "cellar");
  EXPECT_EQ(host_name("", "machine.example"), "machine.example");
  EXPECT_EQ(host_name("", "no name"), "");
  EXPECT_EQ(host_name("", "0"), "");
}

}  // namespace
}  // namespace trellis::cli
