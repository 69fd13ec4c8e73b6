#include "nats/server_url.hpp"

#include <gtest/gtest.h>

namespace trellis::nats {
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
  check("::1", "[::1]:4222");
  check("nats://fe80::1%eth0", "[fe80::1%eth0]:4222");
  check("nats://user:p@ss:word@h:1", "h:1");
}

TEST(ServerUrl, LoginsArePercentEncoded) {
  const auto login = [](std::string_view text) {
    const auto url = parse_server_url(text);
    if (!url || !url->login) return std::string("none");
    EXPECT_FALSE((url->host + url->shown).contains("@")) << "a login would be shown";
    return url->login->user + "|" + url->login->password.value_or("(token)");
  };
  EXPECT_EQ(login("h"), "none");
  EXPECT_EQ(login("nats://ann:p%40ss%2f%3a@h"), "ann|p@ss/:");
  EXPECT_EQ(login("nats://ann:@h"), "ann|");
  EXPECT_EQ(login("tls://t%22oken@h:1"), "t\"oken|(token)");
  EXPECT_EQ(login("nats://a\\n\"n:p@h"), "a\\n\"n|p");
  for (const auto* bad : {"nats://a%:b@h", "nats://a:b%4@h", "nats://a%zz@h"}) {
    EXPECT_FALSE(parse_server_url(bad)) << bad;
  }
}

TEST(ServerUrl, SeveralMayStandInOneText) {
  const auto urls = parse_server_urls({"a:1, nats://b , tls://c:3", "::1"});
  ASSERT_TRUE(urls) << urls.error().message;
  EXPECT_EQ(shown(*urls), "a:1, b:4222, c:3, [::1]:4222");
  EXPECT_TRUE((*urls)[2].tls);
  EXPECT_FALSE(parse_server_urls({" , "}));
}

TEST(ServerUrl, WhatIsNone) {
  for (const std::string_view bad :
       {"", "nats://", "http://a", "a:0", "a:65536", "a:x", "a:1:2", "a b", "a\"b", "a\\b", "[::1",
        "nats://us er@h", "h/path", ":4222", "a:-1", "a\nb"}) {
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
}  // namespace trellis::nats
