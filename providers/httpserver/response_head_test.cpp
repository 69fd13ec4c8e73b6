#include "providers/httpserver/response_head.hpp"

#include <gtest/gtest.h>

namespace trellis::providers::httpserver {
namespace {

constexpr std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";

struct Written {
  std::string text;
  ResponseOutcome outcome;
};

Written write(const codec::httpserver::Response& response, const ResponseTerms& terms = {}) {
  Written written;
  written.outcome = write_response_head(response, terms, date, written.text);
  return written;
}

TEST(ResponseHead, Plain) {
  const auto [text, outcome] = write({201, "ignored", {{"X-A", "b"}}, to_bytes("hello")});
  EXPECT_EQ(text,
            "HTTP/1.1 201 Created\r\nX-A: b\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "content-length: 5\r\n\r\n");
  EXPECT_TRUE(outcome.send_body);
  EXPECT_TRUE(outcome.keep_alive);
}

TEST(ResponseHead, UnknownStatusKeepsItsNumber) {
  EXPECT_TRUE(write({799, "", {}, {}}).text.starts_with("HTTP/1.1 799 "));
  EXPECT_TRUE(write({799, "", {}, {}}).text.starts_with("HTTP/1.1 799 \r\n"));
  EXPECT_TRUE(write({799, "Mine", {}, {}}).text.starts_with("HTTP/1.1 799 Mine\r\n"));
  EXPECT_TRUE(write({799, "No\r\nX: y", {}, {}}).text.starts_with("HTTP/1.1 799 \r\n"));
  EXPECT_TRUE(write({200, "Mine", {}, {}}).text.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(is_final_status(999));
  EXPECT_FALSE(is_final_status(101));
}

TEST(ResponseHead, NothingAnActorSaysCanBeginAHeader) {
  const codec::StringMap header = {
      {"good", "value"},
      {"a", "b\r\nSet-Cookie: evil=1"},
      {"b\r\nX-Evil", "1"},
      {"c", "x\ny"},
      {"d", std::string("x\0y", 3)},
      {"e e", "1"},
      {"", "1"},
      {"f:", "1"},
      {"g", "del\x7f"},
      {"tab", "a\tb"},
      {"utf", "\xc3\xa4"},
      {"h\xc3\xa4", "1"},
  };
  const auto [text, outcome] = write({200, "", header, {}});
  EXPECT_EQ(outcome.dropped_headers, 9U);
  EXPECT_EQ(text.find("vil"), std::string::npos);
  EXPECT_NE(text.find("good: value\r\n"), std::string::npos);
  EXPECT_NE(text.find("tab: a\tb\r\n"), std::string::npos);
  EXPECT_NE(text.find("utf: \xc3\xa4\r\n"), std::string::npos);
  EXPECT_EQ(text.find("\r\n\r\n"), text.size() - 4);
}

TEST(ResponseHead, LengthAndConnectionAreOurs) {
  const codec::StringMap header = {{"Content-Length", "99"},    {"Transfer-Encoding", "chunked"},
                                   {"Connection", "upgrade"},   {"Upgrade", "h2c"},
                                   {"Keep-Alive", "timeout=5"}, {"TE", "x"}};
  const auto [text, outcome] = write({200, "", header, to_bytes("ab")});
  EXPECT_EQ(text,
            "HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 2\r\n\r\n");
  EXPECT_EQ(outcome.dropped_headers, 0U);
}

TEST(ResponseHead, TheActorMayCloseAndDate) {
  const auto [text, outcome] =
      write({200, "", {{"connection", "foo, Close"}, {"Date", "then"}}, {}});
  EXPECT_FALSE(outcome.keep_alive);
  EXPECT_EQ(text,
            "HTTP/1.1 200 OK\r\nDate: then\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
}

TEST(ResponseHead, NoBodyWhereHttpHasNone) {
  for (const std::uint32_t status : {204U, 304U}) {
    const auto [text, outcome] = write({status, "", {{"content-length", "5"}}, to_bytes("hello")});
    EXPECT_FALSE(outcome.send_body);
    EXPECT_EQ(text.find("content-length"), std::string::npos);
  }
}

TEST(ResponseHead, HeadStatesTheLengthOfGet) {
  const ResponseTerms head{true, true, false};
  const auto length_of = [&](std::string stated, std::string_view body) {
    return write({200, "", {{"content-length", std::move(stated)}}, to_bytes(body)}, head).text;
  };
  EXPECT_NE(length_of("123", "").find("content-length: 123\r\n"), std::string::npos);
  EXPECT_NE(length_of("123", "four").find("content-length: 4\r\n"), std::string::npos);
  EXPECT_NE(length_of("12x", "").find("content-length: 0\r\n"), std::string::npos);
  EXPECT_FALSE(write({200, "", {}, to_bytes("x")}, head).outcome.send_body);
}

TEST(ResponseHead, Http10IsToldThatTheConnectionStays) {
  EXPECT_NE(write({200, "", {}, {}}, {false, true, true}).text.find("connection: keep-alive\r\n"),
            std::string::npos);
  EXPECT_NE(write({200, "", {}, {}}, {false, false, true}).text.find("connection: close\r\n"),
            std::string::npos);
}

TEST(DateText, IsThatOfHttp) {
  DateText text;
  EXPECT_EQ(text.at(784111777), date);
  EXPECT_EQ(text.at(784111777), date);
  EXPECT_EQ(text.at(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
}

}  // namespace
}  // namespace trellis::providers::httpserver
