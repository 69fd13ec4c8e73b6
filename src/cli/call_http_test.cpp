#include "cli/call_http.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "codec/messages/httpserver.hpp"

namespace trellis::cli {
namespace {

using codec::httpserver::Request;
using codec::httpserver::Response;

Result<Request> made_of(const CallData& data) {
  const auto bytes = http_request(data);
  if (!bytes) return pass(bytes);
  return codec::decode<Request>(*bytes);
}

CallData get(std::string target) {
  CallData data;
  data.operation = "GET";
  data.words = {std::move(target)};
  return data;
}

TEST(CallHttp, IsAMethodAndAPath) {
  EXPECT_TRUE(is_http(get("/")));
  EXPECT_FALSE(is_http(get("{}")));
  auto other = get("/x");
  other.operation = "HandleRequest";
  EXPECT_FALSE(is_http(other));
  other.operation = "GET";
  other.words.clear();
  EXPECT_FALSE(is_http(other));
}

TEST(CallHttp, MakesTheRequestThatAServerWouldMake) {
  auto data = get("/a%20b?x=1?2");
  data.headers = {"Accept: text/plain", "X-One:1", "accept: a/b"};
  data.data_file = "body";
  const auto request = made_of(data);
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->method, "GET");
  EXPECT_EQ(request->path, "/a%20b");
  EXPECT_EQ(request->query_string, "x=1?2");
  EXPECT_EQ(request->header.at("accept"), "text/plain, a/b");
  EXPECT_EQ(request->header.at("x-one"), "1");
  EXPECT_EQ(as_text(request->body), "body");
}

TEST(CallHttp, RefusesWhatNoRequestHas) {
  for (const auto* target : {"/a b", "/a\nb", "/a#b"}) EXPECT_FALSE(made_of(get(target))) << target;
  for (const auto* header : {"nothing", ": x", "a b: c", "a: b\r\nc: d"}) {
    auto data = get("/");
    data.headers = {header};
    EXPECT_FALSE(made_of(data)) << header;
  }
  auto two = get("/");
  two.words.emplace_back("/x");
  EXPECT_FALSE(made_of(two));
}

struct ShownHttp : testing::Test {
  void show(const Response& response) { show_http(context, output, data, codec::encode(response)); }
  static Response response(std::uint32_t code, std::string_view body) {
    Response made{.status_code = code, .status = "Said", .header = {{"k", "v\x1b"}}, .body = {}};
    const auto bytes = as_bytes(body);
    made.body.assign(bytes.begin(), bytes.end());
    return made;
  }
  SystemClock clock;
  SystemRandom random;
  std::ostringstream out;
  std::ostringstream err;
  Context context{clock, random, [](const char*) { return std::optional<std::string>(); }, out,
                  err};
  OutputOptions output;
  CallData data = get("/");
};

TEST_F(ShownHttp, StatusAndBodyAreApart) {
  show(response(200, "hello"));
  EXPECT_EQ(out.str(), "hello");
  EXPECT_EQ(err.str(), "200 Said\n");
  EXPECT_EQ(context.exit_code, 0);
}

TEST_F(ShownHttp, HeadersAreThereWhenAskedForAndCannotSteerATerminal) {
  data.include = true;
  context.out_is_terminal = true;
  show(response(404, "a\x1b[2J"));
  EXPECT_EQ(out.str(), "404 Said\nk: v?\n\na?[2J\n");
  EXPECT_EQ(context.exit_code, 1);
}

TEST_F(ShownHttp, JsonHasEverything) {
  output.json = true;
  output.strict = false;
  show(response(500, "\xff"));
  EXPECT_NE(out.str().find(R"("body_base64":"/w==")"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find(R"("status":500)"), std::string::npos);
  EXPECT_EQ(context.exit_code, 0);
}

TEST_F(ShownHttp, WhatIsNoResponseIsAnError) {
  show_http(context, output, data, Bytes{0xc0});
  EXPECT_EQ(context.exit_code, 1);
  EXPECT_NE(err.str().find("no HTTP response"), std::string::npos);
}

}  // namespace
}  // namespace trellis::cli
