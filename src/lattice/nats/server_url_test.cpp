#include "lattice/nats/server_url.hpp"

#include <gtest/gtest.h>

namespace trellis::lattice::nats {
namespace {

TEST(ServerUrl, FormsUsersWrite) {
  const auto check = [](std::string_view text, std::string_view shown, bool tls = false) {
    const auto url = parse_server_url(text);
    ASSERT_TRUE(url) << text;
    EXPECT_EQ(url->shown, shown);
    EXPECT_EQ(url->tls, tls);
  };
  check("localhost", "localhost:4222");
  check("127.0.0.1:4223", "127.0.0.1:4223");
  check(" nats://demo.example:1 \n", "demo.example:1");
  check("NATS://demo/", "demo:4222");
  check("tls://demo:2", "demo:2", true);
  check("[::1]:4222", "[::1]:4222");
  check("[::1]", "[::1]:4222");
  check("nats://user:p@ss:word@h:1", "h:1");
}

TEST(ServerUrl, WhatIsNone) {
  for (const std::string_view bad :
       {"", "nats://", "http://a", "a:0", "a:65536", "a:x", "a:1:2", "a b", "a\"b", "a\\b", "[::1",
        "nats://us er@h", "nats://u\"x@h", "h/path", ":4222", "a:-1", "a\nb"}) {
    const auto url = parse_server_url(bad);
    ASSERT_FALSE(url) << bad;
    EXPECT_EQ(url.error().code, ErrorCode::invalid_argument);
    EXPECT_FALSE(url.error().remedy.empty());
  }
  EXPECT_FALSE(parse_server_urls({}));
}

TEST(ServerUrl, ErrorsDoNotShowPasswords) {
  const auto url = parse_server_url("nats://user:secret@bad host");
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().message.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace trellis::lattice::nats
