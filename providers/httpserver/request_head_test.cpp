// The head of a request as a value: its target taken apart, its headers found and joined.
#include "providers/httpserver/request_head.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>
#include <vector>

namespace trellis::providers::httpserver {
namespace {

TEST(SplitTarget, TakesEachFormApart) {
  const std::vector<std::array<std::string_view, 5>> cases = {
      {"GET", "/", "", "/", ""},
      {"GET", "/a/b?c=d", "", "/a/b", "c=d"},
      {"GET", "/a?b?c", "", "/a", "b?c"},
      {"GET", "/?", "", "/", ""},
      {"GET", "http://a.example:1/p?q", "a.example:1", "/p", "q"},
      {"GET", "HTTPS://a", "a", "/", ""},
      {"GET", "http://a?q", "a", "/", "q"},
      {"GET", "http://user:word@a/p", "a", "/p", ""},
      {"OPTIONS", "*", "", "*", ""},
      {"GET", "//a/b", "", "//a/b", ""},
  };
  for (const auto& [method, target, authority, path, query] : cases) {
    const auto parts = split_target(target, method);
    ASSERT_TRUE(parts) << target;
    EXPECT_EQ(parts->authority, authority) << target;
    EXPECT_EQ(parts->path, path) << target;
    EXPECT_EQ(parts->query, query) << target;
  }
}

TEST(SplitTarget, RefusesWhatIsNoPath) {
  for (const auto* target :
       {"", "a", "a/b", "*", "?x", "ftp://a/b", "http:/a", "/a#b", "http//a"}) {
    EXPECT_FALSE(split_target(target, "GET")) << target;
  }
}

std::map<std::string, std::string> all_headers(const RequestHead& head) {
  std::map<std::string, std::string> found;
  head.each([&](std::string_view name, std::string_view value) {
    EXPECT_TRUE(found.emplace(name, value).second) << name;
  });
  EXPECT_EQ(found.size(), head.names());
  return found;
}

TEST(RequestHead, RepeatedHeadersAreOne) {
  RequestHead head;
  for (const auto& [name, value] :
       std::vector<std::pair<std::string_view, std::string_view>>{{"X-A", "1"},
                                                                  {"Cookie", "a=1"},
                                                                  {"x-a", "2"},
                                                                  {"B", ""},
                                                                  {"COOKIE", "b=2"},
                                                                  {"X-a", "3"}}) {
    head.add(name, value);
  }
  head.finish({});
  EXPECT_EQ(head.lines(), 6U);
  EXPECT_EQ(all_headers(head), (std::map<std::string, std::string>{
                                   {"x-a", "1, 2, 3"}, {"cookie", "a=1; b=2"}, {"b", ""}}));
  EXPECT_EQ(head.find("x-a"), "1, 2, 3");
  EXPECT_EQ(head.find("b"), "");
  EXPECT_EQ(head.find("c"), std::nullopt);
}

TEST(RequestHead, WhatIsNoTextIsMended) {
  RequestHead head;
  ASSERT_TRUE(head.set_request_line("GET", "/\xc3\xa4?\xff", 11));
  EXPECT_EQ(head.target().path, "/%C3%A4");
  EXPECT_EQ(head.target().query, "%FF");
  head.add("utf", "\xc3\xa4");
  head.add("latin", "\xe4!");
  head.finish({});
  EXPECT_EQ(head.find("utf"), "\xc3\xa4");
  EXPECT_EQ(head.find("latin"), "\xef\xbf\xbd!");
}

TEST(RequestHead, NothingOfTheRequestBeforeIsLeft) {
  RequestHead head;
  ASSERT_TRUE(head.set_request_line("HEAD", "http://host/long/path?query", 10));
  head.add("a", "1");
  head.add("a", "2");
  head.finish({.length = 3, .chunked = true, .keep_alive = true, .expects_continue = true});
  EXPECT_TRUE(head.has_body() && head.is_head() && head.is_http_10());
  head.clear();
  EXPECT_FALSE(head.has_body() || head.is_head() || head.framing().keep_alive);
  ASSERT_TRUE(head.set_request_line("GET", "/b", 11));
  head.add("b", "3");
  head.finish({});
  EXPECT_EQ(head.method(), "GET");
  EXPECT_EQ(head.target().authority, "");
  EXPECT_EQ(head.target().path, "/b");
  EXPECT_EQ(head.target().query, "");
  EXPECT_FALSE(head.is_http_10());
  EXPECT_EQ(all_headers(head), (std::map<std::string, std::string>{{"b", "3"}}));
}

}  // namespace
}  // namespace trellis::providers::httpserver
