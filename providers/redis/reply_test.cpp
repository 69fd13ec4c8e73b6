#include "providers/redis/reply.hpp"

#include <gtest/gtest.h>

#include "providers/redis/values.hpp"

namespace trellis::providers::redis {
namespace {

using Kind = Reply::Kind;

/// The one answer in the text, or the error.
Result<Reply> read(std::string_view text, ReplyBounds bounds = {}) {
  ReplyReader reader(bounds);
  if (auto fed = reader.feed(as_bytes(text)); !fed) return pass(fed);
  auto reply = reader.next();
  if (!reply) return pass(reply);
  if (!*reply) return fail(ErrorCode::not_found, "incomplete");
  return std::move(**reply);
}

TEST(RedisReply, ReadsEachKind) {
  EXPECT_EQ(read("$-1\r\n")->kind, Kind::nil);
  EXPECT_EQ(read("*-1\r\n")->kind, Kind::nil);
  EXPECT_EQ(read(":-9223372036854775808\r\n")->integer, INT64_MIN);
  EXPECT_EQ(read("+OK\r\n")->text, "OK");
  EXPECT_EQ(read("-ERR no\r\n")->kind, Kind::error);
  EXPECT_EQ(read(std::string_view("$4\r\na\0\r\n\r\n", 10))->text, std::string_view("a\0\r\n", 4));
  const auto list = read("*3\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n*0\r\n");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->elements.size(), 3U);
  EXPECT_EQ(list->elements[0].text, "a");
  EXPECT_EQ(list->elements[1].elements[0].integer, 1);
  EXPECT_EQ(list->elements[1].elements[1].kind, Kind::nil);
  EXPECT_EQ(list->elements[2].kind, Kind::list);
}

TEST(RedisReply, NoCutMakesADifference) {
  const std::string text = "*2\r\n*2\r\n$3\r\nabc\r\n:12\r\n$-1\r\n+OK\r\n";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    ReplyReader reader;
    ASSERT_TRUE(reader.feed(as_bytes(text.substr(0, cut))));
    auto first = reader.next();
    ASSERT_TRUE(first);
    ASSERT_TRUE(reader.feed(as_bytes(text.substr(cut))));
    if (!*first) first = reader.next();
    ASSERT_TRUE(first && *first) << cut;
    EXPECT_EQ((*first)->elements[0].elements[0].text, "abc");
    EXPECT_TRUE(reader.has_rest());
    EXPECT_EQ((*reader.next())->text, "OK");
    EXPECT_FALSE(reader.has_rest());
  }
}

TEST(RedisReply, PromisesAreNotBelieved) {
  EXPECT_EQ(read("*2147483647\r\n").error().code, ErrorCode::limit);
  EXPECT_EQ(read("*9223372036854775807\r\n").error().code, ErrorCode::malformed);
  EXPECT_EQ(read("*3\r\n*3\r\n", {1000, 5}).error().code, ErrorCode::limit);
  EXPECT_EQ(read("*3\r\n*2\r\n", {1000, 5}).error().message, "incomplete");
  EXPECT_EQ(read("$2147483647\r\n").error().message, "incomplete") << "no memory is taken for it";
}

TEST(RedisReply, BoundsHoldForOneAnswerAndNotForAll) {
  ReplyReader reader({16, 2});
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(reader.feed(as_bytes("*2\r\n:1\r\n:2\r\n")));
    ASSERT_TRUE(*reader.next());
  }
  ASSERT_TRUE(reader.feed(as_bytes("$20\r\n12345678901")));
  ASSERT_FALSE(*reader.next());
  EXPECT_EQ(reader.feed(as_bytes("2")).error().code, ErrorCode::limit);
}

TEST(RedisReply, OtherProtocolsAreRefused) {
  for (const char* text : {"HTTP/1.1 400 Bad Request\r\n", "%1\r\n", ":x\r\n", ":\r\n", "$x\r\n",
                           "*x\r\n", "\r\n", "$-2\r\n", "*-2\r\n", ":99999999999999999999\r\n"}) {
    EXPECT_EQ(read(text).error().code, ErrorCode::malformed) << text;
  }
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "*1\r\n";
  EXPECT_EQ(read(deep).error().code, ErrorCode::malformed);
}

TEST(RedisReply, AnErrorEndsTheReading) {
  ReplyReader reader;
  ASSERT_TRUE(reader.feed(as_bytes("?")));
  EXPECT_FALSE(reader.next());
  static_cast<void>(reader.feed(as_bytes("+OK\r\n")));
  EXPECT_FALSE(reader.next());
}

TEST(RedisValues, ConvertWhatFits) {
  EXPECT_EQ(to_integer(*read(":7\r\n")), 7);
  EXPECT_EQ(to_count(*read(":7\r\n")), 7U);
  EXPECT_EQ(to_flag(*read(":1\r\n")), true);
  EXPECT_EQ(to_text(*read("$1\r\na\r\n"))->value(), "a");
  EXPECT_EQ(to_text(*read("$-1\r\n")).value(), std::nullopt);
  EXPECT_EQ(to_texts(*read("*2\r\n$1\r\na\r\n$0\r\n\r\n")).value(),
            (std::vector<std::string>{"a", ""}));
  EXPECT_TRUE(done(*read("+OK\r\n")));
}

TEST(RedisValues, AnythingElseIsAnError) {
  const std::string error = "-NOAUTH \x1b[2J Authentication required.\r\n";
  EXPECT_EQ(done(*read(error)).error().message, "Redis: NOAUTH \\x1b[2J Authentication required.");
  EXPECT_EQ(to_integer(*read(error)).error().code, ErrorCode::provider_failed);
  EXPECT_EQ(to_texts(*read("*1\r\n" + error)).error().code, ErrorCode::provider_failed);
  for (const char* text : {"+OK\r\n", "$-1\r\n", "*0\r\n", "$1\r\n1\r\n"}) {
    EXPECT_EQ(to_integer(*read(text)).error().code, ErrorCode::malformed) << text;
  }
  EXPECT_FALSE(to_flag(*read(":2\r\n")));
  EXPECT_FALSE(to_count(*read(":-1\r\n")));
  EXPECT_EQ(to_count(*read(":2147483648\r\n")).error().code, ErrorCode::limit);
  EXPECT_FALSE(to_text(*read("+OK\r\n")));
  EXPECT_FALSE(to_text(*read("$1\r\n\xff\r\n"))) << "not UTF-8";
  EXPECT_FALSE(to_texts(*read("*1\r\n$1\r\n\xff\r\n")));
  EXPECT_FALSE(to_texts(*read("*1\r\n$-1\r\n")));
  EXPECT_FALSE(to_texts(*read("*1\r\n*0\r\n")));
  EXPECT_FALSE(to_texts(*read("$-1\r\n")));
}

}  // namespace
}  // namespace trellis::providers::redis
