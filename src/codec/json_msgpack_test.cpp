#include "codec/json_msgpack.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "json/json.hpp"

namespace trellis::codec {
namespace {

using nlohmann::json;

std::string hex_of(std::string_view text) {
  const auto bytes = json_to_msgpack(json::parse(text));
  return bytes ? to_hex_lower(*bytes) : bytes.error().message;
}

std::string json_of(std::string_view hex) {
  const auto value = msgpack_to_json(from_hex(hex).value());
  return value ? value->dump() : value.error().message;
}

json nested(std::size_t depth) {
  json value = json::array();
  for (std::size_t i = 1; i < depth; ++i) value = json::array({value});
  return value;
}

TEST(JsonMsgpack, FollowsTheRulesOfCall) {
  EXPECT_EQ(hex_of(R"({"b":1,"a":[true,null,-1,300,"x"]})"), "82a16195c3c0ffcd012ca178a16201");
  EXPECT_EQ(hex_of("0.5"), "cb3fe0000000000000");
  EXPECT_EQ(hex_of("18446744073709551615"), "cfffffffffffffffff");
  EXPECT_EQ(hex_of("[]"), "90");
}

TEST(JsonMsgpack, ShowsEveryKindOfValue) {
  EXPECT_EQ(json_of("82a16195c3c0ffcd012ca178a16201"), R"({"a":[true,null,-1,300,"x"],"b":1})");
  EXPECT_EQ(json_of("c4026869"), R"("hi")");
  EXPECT_EQ(json_of("c402ff00"), "[255,0]");
  EXPECT_EQ(json_of("a1ff"), "[255]");
  EXPECT_EQ(json_of("8200a16101ff"), R"({"0":"a","1":-1})");
  EXPECT_EQ(json_of("d4ff05"), R"({"data":"\u0005","extension":-1})");
  EXPECT_EQ(json_of("cb3fe0000000000000"), "0.5");
  EXPECT_EQ(json_of("01ffff"), "1");  // trailing bytes
}

TEST(JsonMsgpack, RefusesWhatCannotBeShown) {
  EXPECT_EQ(json_of(""),
            "Failed to de-serialize: IO error while reading marker: failed to fill whole buffer");
  EXPECT_EQ(json_of("81c001"),
            "Failed to de-serialize: invalid type: unit value, expected a string");
  EXPECT_EQ(json_of("820001a13002"), "Failed to de-serialize: duplicate key in a map");
}

TEST(JsonMsgpack, BoundsDepthInBothDirections) {
  const auto deepest = json_to_msgpack(nested(limits::msgpack_depth));
  ASSERT_TRUE(deepest);
  EXPECT_EQ(msgpack_to_json(*deepest).value(), nested(limits::msgpack_depth));
  EXPECT_EQ(json_to_msgpack(nested(limits::msgpack_depth + 1)).error().code, ErrorCode::limit);
  Bytes deeper = *deepest;
  deeper.insert(deeper.begin(), 0x91);
  EXPECT_EQ(msgpack_to_json(deeper).error().code, ErrorCode::limit);
}

TEST(JsonMsgpack, BoundsSizeInBothDirections) {
  const json big = std::string(limits::payload_bytes, 'x');
  EXPECT_EQ(json_to_msgpack(big).error().code, ErrorCode::limit);
  Bytes wide = from_hex("dd00100000").value();
  wide.resize(wide.size() + 0x100000, 0xc0);
  EXPECT_EQ(msgpack_to_json(wide).error().code, ErrorCode::limit);
  Bytes blob = from_hex("c600100000").value();
  blob.resize(blob.size() + 0x100000, 0xff);
  EXPECT_EQ(msgpack_to_json(blob).error().code, ErrorCode::limit);
}

TEST(JsonMsgpack, RefusesTextThatIsNotUtf8) {
  EXPECT_EQ(json_to_msgpack(json(std::string("\xff"))).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace trellis::codec
