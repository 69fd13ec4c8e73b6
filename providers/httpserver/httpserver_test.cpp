#include "providers/httpserver/http_fixture.hpp"

namespace trellis::test {
namespace {

TEST_F(HttpServerTest, AnswersGet) {
  const auto port = bind();
  const auto response = ask(port, "GET /a/b%20c?x=1&y HTTP/1.1\r\nHost: t\r\nX-One: a\r\n\r\n");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "GET /a/b%20c x=1&y\nhost=t\nx-one=a");
  EXPECT_EQ(response->header.at("x-echo"), "yes");
  EXPECT_TRUE(response->header.contains("date"));
}

TEST_F(HttpServerTest, AnswersPost) {
  const auto port = bind();
  const std::string body("\x00\xff\r\n\r\nGET", 9);
  const auto response = ask(
      port,
      fmt::format("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, body);
}

}  // namespace
}  // namespace trellis::test
