#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "codec/msgpack_reader.hpp"
#include "codec/msgpack_writer.hpp"
#include "json/json.hpp"

namespace trellis::codec {
namespace {

using nlohmann::json;

template <class Write>
std::string hex_of(Write write) {
  Bytes out;
  MsgpackWriter writer(out);
  write(writer);
  return to_hex_lower(out);
}

Bytes hex_bytes(std::string_view text) {
  return from_hex(text).value();
}

std::string error_of_skip(std::string_view text) {
  const Bytes bytes = hex_bytes(text);
  MsgpackReader reader(bytes);
  if (reader.skip()) return "";
  return reader.error().message;
}

TEST(MsgpackWriter, IntegersTakeTheShortestForm) {
  const std::pair<std::int64_t, const char*> cases[] = {
      {0, "00"},
      {127, "7f"},
      {128, "cc80"},
      {255, "ccff"},
      {256, "cd0100"},
      {65535, "cdffff"},
      {65536, "ce00010000"},
      {-1, "ff"},
      {-32, "e0"},
      {-33, "d0df"},
      {-128, "d080"},
      {-129, "d1ff7f"},
      {-32768, "d18000"},
      {-32769, "d2ffff7fff"},
      {std::numeric_limits<std::int32_t>::min(), "d280000000"},
      {std::int64_t{1} << 32, "cf0000000100000000"},
      {std::numeric_limits<std::int64_t>::min(), "d38000000000000000"},
      {std::numeric_limits<std::int64_t>::max(), "cf7fffffffffffffff"}};
  for (const auto& [value, expected] : cases) {
    EXPECT_EQ(hex_of([v = value](MsgpackWriter& w) { w.signed_integer(v); }), expected);
  }
  EXPECT_EQ(hex_of([](MsgpackWriter& w) { w.unsigned_integer(~std::uint64_t{0}); }),
            "cfffffffffffffffff");
}

TEST(MsgpackWriter, LengthsTakeTheShortestForm) {
  const std::pair<std::size_t, std::array<std::string_view, 4>> cases[] = {
      {0, {"a0", "c400", "90", "80"}},
      {15, {"af", "c40f", "9f", "8f"}},
      {16, {"b0", "c410", "dc0010", "de0010"}},
      {31, {"bf", "c41f", "dc001f", "de001f"}},
      {32, {"d920", "c420", "dc0020", "de0020"}},
      {255, {"d9ff", "c4ff", "dc00ff", "de00ff"}},
      {256, {"da0100", "c50100", "dc0100", "de0100"}},
      {65535, {"daffff", "c5ffff", "dcffff", "deffff"}},
      {65536, {"db00010000", "c600010000", "dd00010000", "df00010000"}}};
  for (const auto& [size, heads] : cases) {
    const std::string text(size, 'x');
    const auto starts = [](const std::string& all, std::string_view head) {
      return all.starts_with(head);
    };
    EXPECT_TRUE(starts(hex_of([&](auto& w) { w.string(text); }), heads[0])) << size;
    EXPECT_TRUE(starts(hex_of([&](auto& w) { w.binary(as_bytes(text)); }), heads[1])) << size;
    EXPECT_EQ(hex_of([&](auto& w) { w.array(text.size()); }), heads[2]);
    EXPECT_EQ(hex_of([&](auto& w) { w.map(text.size()); }), heads[3]);
  }
}

TEST(MsgpackWriter, ByteArrayIsOneIntegerPerByte) {
  const Bytes bytes = hex_bytes("00007f80ff81a36b");
  EXPECT_EQ(hex_of([&](auto& w) { w.byte_array(bytes); }), "9800007fcc80ccffcc81cca36b");
  EXPECT_EQ(hex_of([&](auto& w) { w.byte_array({}); }), "90");
}

TEST(MsgpackReader, ByteArrayReadsEveryIntegerForm) {
  const Bytes input = hex_bytes("96007fcc80cd0081ce00000082d30000000000000083");
  MsgpackReader reader(input);
  Token token;
  Bytes out;
  ASSERT_TRUE(reader.next(token));
  ASSERT_TRUE(reader.byte_array(token.count, out));
  EXPECT_EQ(to_hex_lower(out), "007f80818283");
  EXPECT_EQ(reader.remaining(), 0U);
}

TEST(MsgpackReader, ByteArrayRefusesWhatIsNoByte) {
  const std::pair<const char*, const char*> cases[] = {{"91ff", "integer `-1`, expected u8"},
                                                       {"91cd0100", "integer `256`, expected u8"},
                                                       {"91c0", "unit value, expected u8"},
                                                       {"91cc", "failed to fill whole buffer"}};
  for (const auto& [text, expected] : cases) {
    const Bytes input = hex_bytes(text);
    MsgpackReader reader(input);
    Token token;
    Bytes out;
    ASSERT_TRUE(reader.next(token));
    EXPECT_FALSE(reader.byte_array(token.count, out));
    EXPECT_NE(reader.error().message.find(expected), std::string::npos) << reader.error().message;
  }
}

TEST(MsgpackReader, LengthsBeyondTheInputAreRefusedBeforeAnythingIsReserved) {
  for (const char* text : {"a2",         "a261",
                           "d902",       "d90261",
                           "da",         "dbffffffff",
                           "c4ff",       "c6ffffffff",
                           "c7",         "c701",
                           "d4",         "d800",
                           "91",         "81",
                           "8101",       "dcffff",
                           "ddffffffff", "dfffffffff",
                           "df80000000", "cc",
                           "cd00",       "cf00000000000000",
                           "ca000000",   "cb",
                           "d3ff"}) {
    EXPECT_NE(error_of_skip(text).find("failed to fill whole buffer"), std::string::npos) << text;
  }
  EXPECT_EQ(error_of_skip(""),
            "Failed to de-serialize: IO error while reading marker: failed to fill whole buffer");
  EXPECT_EQ(error_of_skip("c1"), "Failed to de-serialize: wrong msgpack marker Reserved");
}

TEST(MsgpackReader, SkipPassesOverOneValueOfAnyShape) {
  for (const char* text :
       {"c0", "c2", "05", "ff", "cb3ff0000000000000", "ca3f800000", "a161", "c40161", "d40561",
        "c7020561ff", "90", "80", "93019202c0a0", "8201920203a161c0"}) {
    const Bytes bytes = hex_bytes(std::string(text) + "2a");
    MsgpackReader reader(bytes);
    EXPECT_TRUE(reader.skip()) << text;
    EXPECT_EQ(reader.remaining(), 1U) << text;
  }
}

TEST(MsgpackReader, DepthEndsAtTheLimit) {
  const auto nested = [](std::size_t depth) {
    Bytes bytes(depth, 0x91);
    bytes.push_back(0xc0);
    return bytes;
  };
  const Bytes deepest = nested(limits::msgpack_depth);
  EXPECT_TRUE(MsgpackReader(deepest).skip());
  const Bytes deeper = nested(limits::msgpack_depth + 1);
  MsgpackReader reader(deeper);
  EXPECT_FALSE(reader.skip());
  EXPECT_EQ(reader.error().code, ErrorCode::limit);
  EXPECT_EQ(reader.error().message, "Failed to de-serialize: depth limit exceeded");
}

TEST(MsgpackReader, TheFirstFailureStays) {
  const Bytes bytes = hex_bytes("c101");
  MsgpackReader reader(bytes);
  Token token;
  EXPECT_FALSE(reader.next(token));
  EXPECT_FALSE(reader.next(token));
  EXPECT_FALSE(reader.fail("later"));
  EXPECT_EQ(reader.error().message, "Failed to de-serialize: wrong msgpack marker Reserved");
}

TEST(MsgpackReader, QuotedTextInErrorsIsCutAndClean) {
  Bytes bytes;
  MsgpackWriter(bytes).string(std::string(1000, 'x'));
  MsgpackReader reader(bytes);
  Token token;
  ASSERT_TRUE(reader.next(token));
  reader.invalid_type(token, "u8");
  EXPECT_LT(reader.error().message.size(), 200U);
}

/// Random trees, written by the other implementation and read by ours, and the other way round.
class RandomValues {
 public:
  json make(int depth) {
    switch (pick(depth > 3 ? 6 : 8)) {
      case 0: return nullptr;
      case 1: return pick(2) == 1;
      case 2: return bits() >> pick(64);
      case 3: return static_cast<std::int64_t>(bits()) >> pick(64);
      case 4: return text();
      case 5: return json::binary(bytes());
      case 6: return array(depth);
      default: return object(depth);
    }
  }

 private:
  std::uint64_t bits() { return random_(); }
  unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }
  std::size_t length() { return pick(20) == 0 ? pick(70000) : pick(40); }
  std::string text() { return std::string(length(), static_cast<char>('a' + pick(26))); }
  Bytes bytes() { return Bytes(length(), static_cast<std::uint8_t>(pick(256))); }
  json array(int depth) {
    json out = json::array();
    for (unsigned i = pick(20); i > 0; --i) out.push_back(make(depth + 1));
    return out;
  }
  json object(int depth) {
    json out = json::object();
    for (unsigned i = pick(20); i > 0; --i) out[std::to_string(pick(1000))] = make(depth + 1);
    return out;
  }

  std::mt19937_64 random_{20210518};
};

void write(const json& value, MsgpackWriter& out) {
  if (value.is_null()) return out.nil();
  if (value.is_boolean()) return out.boolean(value.get<bool>());
  if (value.is_number_unsigned()) return out.unsigned_integer(value.get<std::uint64_t>());
  if (value.is_number_integer()) return out.signed_integer(value.get<std::int64_t>());
  if (value.is_string()) return out.string(value.get_ref<const std::string&>());
  if (value.is_binary()) return out.binary(value.get_binary());
  if (value.is_array()) {
    out.array(value.size());
    for (const json& element : value) write(element, out);
    return;
  }
  out.map(value.size());
  for (const auto& [key, element] : value.items()) {
    out.string(key);
    write(element, out);
  }
}

TEST(Msgpack, WritesAndReadsWhatNlohmannDoes) {
  RandomValues random;
  for (int i = 0; i < 300; ++i) {
    const json value = random.make(0);
    const Bytes theirs = json::to_msgpack(value);
    Bytes ours;
    MsgpackWriter writer(ours);
    write(value, writer);
    ASSERT_EQ(ours, theirs);
    MsgpackReader reader(theirs);
    ASSERT_TRUE(reader.skip());
    ASSERT_EQ(reader.remaining(), 0U);
  }
}

TEST(Msgpack, EveryTruncationOfAValueIsRefused) {
  RandomValues random;
  for (int i = 0; i < 50; ++i) {
    const Bytes whole = json::to_msgpack(random.make(2));
    for (std::size_t size = 0; size < std::min<std::size_t>(whole.size(), 300); ++size) {
      MsgpackReader reader(ByteView(whole).first(size));
      ASSERT_FALSE(reader.skip());
    }
  }
}

}  // namespace
}  // namespace trellis::codec
