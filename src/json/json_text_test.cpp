#include "json/json_text.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace trellis {
namespace {

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(JsonText, AcceptsTheDeepestAllowedAndRefusesOneMore) {
  EXPECT_TRUE(parse_json(nested(limits::json_depth), "x"));
  const auto refused = parse_json(nested(limits::json_depth + 1), "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::limit);
}

TEST(JsonText, BracketsInStringsDoNotCount) {
  const auto parsed =
      parse_json("\"" + std::string(100, '[') + "\\\"" + std::string(100, '{') + "\"", "x");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->get<std::string>().size(), 201U);
}

TEST(JsonText, RefusesMoreValuesThanTheLimit) {
  std::string text = "[0";
  for (std::size_t i = 0; i < limits::json_values; ++i) text += ",0";
  const auto refused = parse_json(text + "]", "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::limit);
}

TEST(JsonText, NamesWhatIsNotJson) {
  for (const char* text : {"", "{", "nul", "[1,]", "{\"a\":1} x", "\"\xff\""}) {
    const auto refused = parse_json(text, "request");
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::malformed);
    EXPECT_TRUE(refused.error().message.starts_with("request is not JSON")) << text;
  }
}

TEST(JsonText, DumpsBadUtf8WithoutThrowing) {
  EXPECT_EQ(dump_json("a\xff"), "\"a\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace trellis
