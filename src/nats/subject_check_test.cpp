#include "nats/subject_check.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/limits.hpp"

namespace trellis::nats {
namespace {

TEST(SubjectCheck, LiteralSubjects) {
  for (const auto* good : {"a", "wasmbus.rpc.default.MABC", "a.b-c_d.$x", "ä.ö"}) {
    EXPECT_TRUE(check_subject(good)) << good;
  }
  for (const std::string_view bad : {"", ".", "a.", ".a", "a..b", "a b", "a\r\nPUB x 0\r\n\r\n",
                                     "a\tb", "a.*", "a.>", "*", ">", "a\x7f", "a*b"}) {
    const auto refused = check_subject(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  }
  EXPECT_FALSE(check_subject(std::string_view("a\0b", 3)));
}

TEST(SubjectCheck, Patterns) {
  for (const auto* good : {"a", "*", ">", "a.*", "a.>", "*.b", "a.*.c.>", "*.*"}) {
    EXPECT_TRUE(check_pattern(good)) << good;
  }
  for (const auto* bad :
       {"", "a*", "*a", "a.*b.c", ">.a", "a.>.b", "a>", "**", ">>", "a. *", "*.>x"}) {
    EXPECT_FALSE(check_pattern(bad)) << bad;
  }
}

TEST(SubjectCheck, Lengths) {
  EXPECT_TRUE(check_subject(std::string(limits::subject_bytes, 'a')));
  EXPECT_FALSE(check_subject(std::string(limits::subject_bytes + 1, 'a')));
  EXPECT_FALSE(check_queue_group(std::string(limits::subject_bytes + 1, 'a')));
}

TEST(SubjectCheck, QueueGroups) {
  EXPECT_TRUE(check_queue_group(""));
  EXPECT_TRUE(check_queue_group("a.b"));
  EXPECT_FALSE(check_queue_group("a b"));
}

}  // namespace
}  // namespace trellis::nats
