#include "cli/show_payload.hpp"

#include <gtest/gtest.h>

#include "codec/json_msgpack.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

json shown(const json& value, BinaryForm form) {
  return show_payload(*codec::json_to_msgpack(value), form);
}

TEST(ShowPayload, DecodesMessagePack) {
  const json value{{"body", {104, 105}}, {"n", -1}, {"s", "x"}, {"e", json::array()}};
  EXPECT_EQ(shown(value, BinaryForm::bytes), value);
}

TEST(ShowPayload, SpellsOutReadableBytesAtAnyDepth) {
  const json value{{"a", {{{"body", {104, 105, 10}}}}}, {"odd", {1, 2}}, {"big", {104, 300}}};
  const auto text = shown(value, BinaryForm::text);
  EXPECT_EQ(text["a"][0]["body"], "hi\n");
  EXPECT_EQ(text["odd"], json({1, 2})) << "control characters are no text";
  EXPECT_EQ(text["big"], json({104, 300}));
  const auto both = shown(value, BinaryForm::both);
  EXPECT_EQ(both["a"][0]["body"], json({{"bytes", {104, 105, 10}}, {"text", "hi\n"}}));
}

TEST(ShowPayload, TreatsBinAsItIsAskedTo) {
  const Bytes bin{0xc4, 2, 'h', 'i'};
  EXPECT_EQ(show_payload(bin, BinaryForm::as_sent), "hi");
  EXPECT_EQ(show_payload(bin, BinaryForm::text), "hi");
  EXPECT_EQ(show_payload(bin, BinaryForm::bytes), json({104, 105}));
  EXPECT_EQ(show_payload(bin, BinaryForm::both)["text"], "hi");
}

TEST(ShowPayload, ShowsTheRestAsText) {
  EXPECT_EQ(show_payload({}, BinaryForm::bytes), json());
  EXPECT_EQ(show_payload(as_bytes("hello"), BinaryForm::bytes), json("hello"))
      << "the first letter alone would be a MessagePack number";
  EXPECT_EQ(show_payload(as_bytes("\x81"), BinaryForm::bytes), json("\xEF\xBF\xBD"));
}

}  // namespace
}  // namespace trellis::cli
