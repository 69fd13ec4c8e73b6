// The parser alone: a head is handed on before its body is read, and pieces of that as they come.
// Refusals are tested with the answers, in exchange_test.cpp.
#include "providers/httpserver/request_parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace trellis::providers::httpserver {
namespace {

struct BodyPieces final : BodySink {
  bool append(std::string_view piece) override {
    if (all.size() + piece.size() > room) return false;
    all += piece;
    return true;
  }
  std::string all;
  std::size_t room = 1'000'000;
};

struct RequestParserTest : ::testing::Test {
  /// Feeds until nothing moves; what is left of the input.
  std::string_view feed(std::string_view input) {
    while (!parser.complete() && !parser.refusal()) {
      const auto used = parser.feed(input);
      input.remove_prefix(used);
      if (used == 0 || input.empty()) break;
    }
    return input;
  }

  RequestHead head;
  BodyPieces body;
  RequestParser parser{head, body, {8192, 1024}};
};

TEST_F(RequestParserTest, StopsBehindTheHead) {
  constexpr std::string_view input =
      "POST /p?q HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello";
  const auto used = parser.feed(input);
  EXPECT_EQ(input.substr(used), "hello");
  ASSERT_TRUE(parser.has_head());
  EXPECT_FALSE(parser.complete());
  EXPECT_TRUE(parser.awaits_continue());
  EXPECT_EQ(head.method(), "POST");
  EXPECT_EQ(head.target().path, "/p");
  EXPECT_EQ(head.framing().length, 5U);
  EXPECT_TRUE(head.framing().keep_alive);
  EXPECT_EQ(body.all, "");
  EXPECT_EQ(parser.feed("hel"), 3U);
  EXPECT_FALSE(parser.awaits_continue());
  EXPECT_EQ(body.all, "hel") << "as it comes";
  EXPECT_EQ(parser.feed("lo and the next"), 2U);
  EXPECT_TRUE(parser.complete());
  EXPECT_EQ(body.all, "hello");
  EXPECT_EQ(parser.body_size(), 5U);
}

TEST_F(RequestParserTest, AHeadWithoutBodyIsAll) {
  EXPECT_EQ(feed("GET / HTTP/1.0\r\nA: b\r\n\r\nGET"), "GET");
  EXPECT_TRUE(parser.has_head() && parser.complete());
  EXPECT_TRUE(head.is_http_10());
  EXPECT_FALSE(head.framing().keep_alive);
  EXPECT_FALSE(head.has_body());
}

TEST_F(RequestParserTest, ChunksAreBodyAndTrailersAreNothing) {
  EXPECT_EQ(feed("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\nrest"),
            "rest");
  EXPECT_TRUE(parser.complete());
  EXPECT_TRUE(head.framing().chunked);
  EXPECT_EQ(body.all, "abcde");
  EXPECT_EQ(head.find("trailer"), std::nullopt);
}

TEST_F(RequestParserTest, ALimitSetBehindTheHeadCounts) {
  parser.feed("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_TRUE(parser.has_head());
  parser.limit_body(4);
  feed("3\r\nabc\r\n2\r\nde\r\n");
  ASSERT_TRUE(parser.refusal());
  EXPECT_EQ(parser.refusal()->status, 413U);
  EXPECT_EQ(body.all, "abc");
}

TEST_F(RequestParserTest, ASinkWithoutRoomEndsTheRequest) {
  body.room = 3;
  feed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
  ASSERT_TRUE(parser.refusal());
  EXPECT_EQ(parser.refusal()->status, 503U);
}

}  // namespace
}  // namespace trellis::providers::httpserver
