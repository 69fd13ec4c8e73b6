#include "host/state/secrets.hpp"

#include <gtest/gtest.h>

namespace trellis::host {
namespace {

Result<std::string> source(std::string_view name) {
  if (name == "known") return "s3cret";
  return fail(ErrorCode::not_found, "there is no secret " + std::string(name));
}

TEST(LinkSecrets, StandInPlaceOfTheirNames) {
  const auto values = with_secrets({{"A", "secret:known"}, {"B", "plain secret:known"}}, source);
  ASSERT_TRUE(values);
  EXPECT_EQ(*values, (codec::StringMap{{"A", "s3cret"}, {"B", "plain secret:known"}}));
}

TEST(LinkSecrets, ThoseThatAreMissingAreNamed) {
  EXPECT_EQ(with_secrets({{"URL", "secret:x"}}, source).error().message,
            "link value URL: there is no secret x");
  EXPECT_EQ(with_secrets({{"URL", "secret:x"}}, nullptr).error().message,
            "link value URL is a secret, and this host has none");
  EXPECT_TRUE(with_secrets({{"URL", "x"}}, nullptr));
}

}  // namespace
}  // namespace trellis::host
