#include "providers/redis/address.hpp"

#include <gtest/gtest.h>

namespace trellis::providers::redis {
namespace {

Address parsed(std::string_view url) {
  auto address = parse_address(url);
  EXPECT_TRUE(address) << url << ": " << (address ? "" : address.error().message);
  return address.value_or(Address{});
}

TEST(RedisAddress, ReadsEachPart) {
  EXPECT_EQ(parsed(default_url), (Address{"127.0.0.1", 6379, "", "", 0}));
  EXPECT_EQ(parsed("redis://cache"), (Address{"cache", 6379, "", "", 0}));
  EXPECT_EQ(parsed("REDIS://cache:1/"), (Address{"cache", 1, "", "", 0}));
  EXPECT_EQ(parsed("redis://:secret@cache:65535/15"), (Address{"cache", 65535, "", "secret", 15}));
  EXPECT_EQ(parsed("redis://ann:s%40%3a%2F:x@cache/2"),
            (Address{"cache", 6379, "ann", "s@:/:x", 2}));
  EXPECT_EQ(parsed("redis://a:b@c@cache").password, "b@c");
  EXPECT_EQ(parsed("redis://[::1]:7000/1"), (Address{"::1", 7000, "", "", 1}));
  EXPECT_EQ(parsed("redis://[::1]").host, "::1");
  EXPECT_EQ(parsed("redis://:@cache").password, "");
}

TEST(RedisAddress, TheWildcardIsTheMachineItself) {
  EXPECT_EQ(parsed("redis://0.0.0.0:6379/").host, "127.0.0.1");
}

TEST(RedisAddress, RefusesWhatIsNone) {
  for (const char* url : {"",
                          "redis",
                          "redis:",
                          "redis://",
                          "redis:///0",
                          "redis://:1",
                          "http://x",
                          "x:6379",
                          "redis://x:",
                          "redis://x:0",
                          "redis://x:65536",
                          "redis://x:1x",
                          "redis://x:-1",
                          "redis://x/-1",
                          "redis://x/1/2",
                          "redis://x/one",
                          "redis://x/2147483648",
                          "redis://x/1?a=b",
                          "redis://a@x",
                          "redis://a:@x",
                          "redis://a:%4@x",
                          "redis://a:%xx@x",
                          "redis://[::1",
                          "redis://[]",
                          "redis://[::1]6379",
                          "redis://x y",
                          "redis://x\n",
                          "redis://ü",
                          "redis://a/b@x"}) {
    const auto address = parse_address(url);
    ASSERT_FALSE(address) << url;
    EXPECT_EQ(address.error().code, ErrorCode::invalid_argument) << url;
    EXPECT_FALSE(address.error().remedy.empty());
  }
  EXPECT_FALSE(parse_address("redis://x" + std::string(5000, 'x')));
}

TEST(RedisAddress, TellsWhetherToEncrypt) {
  const auto encrypted = parse_address("rediss://cache:6380/2");
  ASSERT_TRUE(encrypted);
  EXPECT_TRUE(encrypted->tls);
  EXPECT_EQ(encrypted->port, 6380);
  EXPECT_FALSE(parse_address("redis://cache")->tls);
}

TEST(RedisAddress, NeverShowsThePassword) {
  EXPECT_EQ(parsed("redis://ann:secret@cache:1/2").shown(), "cache:1");
  EXPECT_EQ(parsed("redis://[::1]:1").shown(), "[::1]:1");
  for (const char* url : {"redis://ann:secret@", "redis://ann:secret@x:y", "http://ann:secret@x",
                          "redis://ann:secret%@x", "rediss://ann:secret@x:y"}) {
    EXPECT_FALSE(parse_address(url).error().message.contains("secret")) << url;
  }
}

}  // namespace
}  // namespace trellis::providers::redis
