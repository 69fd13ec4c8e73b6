#include "codec/message.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "codec/messages/core.hpp"
#include "codec/messages/extras.hpp"
#include "codec/messages/httpserver.hpp"
#include "codec/messages/keyvalue.hpp"
#include "codec/messages/logging.hpp"

namespace trellis::codec {
namespace {

/// One of everything a field may be.
struct Inner {
  std::uint8_t small = 0;
  static constexpr auto describe() {
    return describe_struct("Inner", field("small", &Inner::small));
  }
};
struct Capability {
  std::string id;
  std::string link;
  static constexpr auto describe() {
    return describe_struct("Capability", field("id", &Capability::id),
                           field("link", &Capability::link));
  }
};
struct Entity {
  std::variant<std::string, Capability, std::tuple<std::string, std::int32_t>> value;
  static constexpr auto describe_variants() {
    return EnumDescription<3>{"Entity", {"Actor", "Capability", "Pair"}};
  }
};
struct Everything {
  bool yes = false;
  double ratio = 0;
  std::optional<std::string> note;
  std::optional<std::string> rare;
  Bytes msg;
  std::vector<Inner> inner;
  std::map<std::string, std::int64_t> numbers;
  Entity who;
  std::uint32_t late = 7;
  static constexpr auto describe() {
    return describe_struct(
        "Everything", field("yes", &Everything::yes), field("ratio", &Everything::ratio),
        field("note", &Everything::note), field("rare", &Everything::rare).skip_when_absent(),
        field("msg", &Everything::msg).as_integers(), field("inner", &Everything::inner),
        field("numbers", &Everything::numbers), field("who", &Everything::who),
        field("late", &Everything::late).or_default());
  }
};

Bytes hex(std::string_view text) {
  return from_hex(text).value();
}

template <class T>
std::string error_of(std::string_view text) {
  const auto decoded = decode<T>(hex(text));
  return decoded ? "" : decoded.error().message;
}

template <class T>
std::string again(std::string_view text) {
  const auto decoded = decode<T>(hex(text));
  return decoded ? to_hex_lower(encode(*decoded)) : decoded.error().message;
}

TEST(Message, EveryKindOfFieldSurvivesTheWayThere) {
  Everything in;
  in.yes = true;
  in.ratio = 0.5;
  in.rare = "r";
  in.msg = {0x01, 0x80};
  in.inner = {{3}, {200}};
  in.numbers = {{"a", -5}, {"b", 1LL << 40}};
  in.who.value = Capability{"V", "default"};
  in.late = 9;
  const auto out = decode<Everything>(encode(in)).value();
  EXPECT_TRUE(out.yes);
  EXPECT_EQ(out.ratio, 0.5);
  EXPECT_FALSE(out.note);
  EXPECT_EQ(out.rare, "r");
  EXPECT_EQ(out.msg, in.msg);
  ASSERT_EQ(out.inner.size(), 2U);
  EXPECT_EQ(out.inner[1].small, 200);
  EXPECT_EQ(out.numbers, in.numbers);
  EXPECT_EQ(std::get<Capability>(out.who.value).link, "default");
  EXPECT_EQ(out.late, 9U);
}

TEST(Message, AbsentOptionalsAreNilOrLeftOutAsDeclared) {
  const std::string text = to_hex_lower(encode(Everything{}));
  EXPECT_TRUE(text.starts_with("88a3796573c2")) << text;            // eight of nine fields
  EXPECT_NE(text.find("a46e6f7465c0"), std::string::npos) << text;  // "note": nil
  EXPECT_EQ(text.find("a472617265"), std::string::npos) << text;    // no "rare"
}

TEST(Message, EnumerationsAreIndexedAndReadByIndexOrName) {
  EXPECT_EQ(to_hex_lower(encode(Entity{"x"})), "8100a178");
  EXPECT_EQ(to_hex_lower(encode(Entity{Capability{"V", "d"}})), "810182a26964a156a46c696e6ba164");
  EXPECT_EQ(to_hex_lower(encode(Entity{std::tuple(std::string("k"), 200)})), "810292a16bccc8");
  for (const char* same : {"8100a178", "81cc00a178", "81ce00000000a178", "81a54163746f72a178",
                           "81c4054163746f72a178", "81d000a178"}) {
    EXPECT_EQ(again<Entity>(same), "8100a178") << same;
  }
  EXPECT_EQ(again<Entity>("810192a156a164"), "810182a26964a156a46c696e6ba164");  // struct as array
  EXPECT_EQ(again<Entity>("810293a16b05a178"), "810292a16b05");                  // surplus element
  EXPECT_EQ(
      error_of<Entity>("8103a178"),
      "Failed to de-serialize: invalid value: integer `3`, expected variant index 0 <= i < 3");
  for (const char* bad : {"81ffa178", "9200a178", "a178", "00", "80", "8200a178c0c0", "810091a178",
                          "81a14ea178", "810291a16b", "8101a178"}) {
    EXPECT_NE(error_of<Entity>(bad), "") << bad;
  }
}

TEST(Message, StructsAreReadWithTolerance) {
  const char* reference = "83a36b6579a16ba576616c7565a176a76578706972657305";
  using keyvalue::SetArgs;
  for (const char* same : {
           reference,
           "83a76578706972657305a576616c7565a176a36b6579a16b",        // other order
           "93a16ba17605",                                            // positional
           "94a16ba17605c0",                                          // positional, surplus
           "8300a16b01a1760205",                                      // keyed by index
           "83c4036b6579a16bc40576616c7565a176c4076578706972657305",  // keys as bin
           "83a36b6579c4016bd90576616c7565db0000000176a765787069726573d30000000000000005",
           "df00000003a36b6579a16ba576616c7565a176a76578706972657305",
           "84a36b6579a16ba178928192c0c0c0c0a576616c7565a176a76578706972657305",  // unknown key
           "83a36b6579a16ba576616c7565a176a76578706972657305ffff",                // trailing bytes
       }) {
    EXPECT_EQ(again<SetArgs>(same), reference) << same;
  }
}

TEST(Message, FieldsWithADefaultMayBeMissing) {
  const std::string zero = "83a36b6579a16ba576616c7565a176a76578706972657300";
  EXPECT_EQ(again<keyvalue::SetArgs>("82a36b6579a16ba576616c7565a176"), zero);
  EXPECT_EQ(again<keyvalue::SetArgs>("92a16ba176"), zero);
  EXPECT_EQ(again<core::CapabilityConfiguration>("81a66d6f64756c65a14d"),
            "82a66d6f64756c65a14da676616c75657380");
  EXPECT_EQ(again<core::CapabilityConfiguration>("91a14d"), "82a66d6f64756c65a14da676616c75657380");
}

TEST(Message, ErrorsAreThoseOfTheFirstParty) {
  const std::string prefix = "Failed to de-serialize: ";
  using keyvalue::GetArgs;
  EXPECT_EQ(error_of<GetArgs>(""),
            prefix + "IO error while reading marker: failed to fill whole buffer");
  EXPECT_EQ(error_of<GetArgs>("c0"), prefix + "invalid type: unit value, expected struct GetArgs");
  EXPECT_EQ(error_of<GetArgs>("a178"),
            prefix + "invalid type: string \"x\", expected struct GetArgs");
  EXPECT_EQ(error_of<GetArgs>("80"), prefix + "missing field `key`");
  EXPECT_EQ(error_of<GetArgs>("82a36b6579a16ba36b6579a16b"), prefix + "duplicate field `key`");
  EXPECT_EQ(error_of<GetArgs>("81a36b657901"),
            prefix + "invalid type: integer `1`, expected a string");
  EXPECT_EQ(error_of<GetArgs>("90"),
            prefix + "invalid length 0, expected struct GetArgs with 1 element");
  EXPECT_EQ(error_of<GetArgs>("81a36b6579a1ff"), prefix + "string found to be invalid utf8");
  EXPECT_EQ(error_of<GetArgs>("81c0a16b"),
            prefix + "invalid type: unit value, expected field identifier");
  EXPECT_EQ(error_of<keyvalue::AddArgs>("82a36b6579a16ba576616c7565ce80000000"),
            prefix + "invalid value: integer `2147483648`, expected i32");
  EXPECT_EQ(error_of<keyvalue::AddArgs>("82a36b6579a16ba576616c7565cb3ff0000000000000"),
            prefix + "invalid type: floating point `1`, expected i32");
  EXPECT_EQ(error_of<core::HealthResponse>("82a76865616c74687901a76d657373616765a0"),
            prefix + "invalid type: integer `1`, expected a boolean");
  EXPECT_EQ(error_of<core::CapabilityConfiguration>("92a14d90"),
            prefix + "invalid type: sequence, expected a map");
  EXPECT_EQ(error_of<core::CapabilityConfiguration>("92a14d82a161a162a161a163"),
            prefix + "duplicate key in a map");
  EXPECT_EQ(error_of<keyvalue::SetUnionArgs>("81a46b657973a161"),
            prefix + "invalid type: string \"a\", expected a sequence");
}

TEST(Message, BytesAreReadInAllThreeForms) {
  for (const char* body : {"c4020180", "9201cc80", "92cd0001d200000080"}) {
    const auto decoded = decode<httpserver::Response>(hex(std::string("94ccc8a080") + body));
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(to_hex_lower(decoded->body), "0180");
  }
  EXPECT_EQ(as_text(decode<httpserver::Response>(hex("94ccc8a080a26869"))->body), "hi");
  EXPECT_EQ(error_of<httpserver::Response>("94ccc8a080c0"),
            "Failed to de-serialize: invalid type: unit value, expected byte array");
}

TEST(Message, ListsBeyondTheLimitAreRefused) {
  Bytes bytes = hex("81a46b657973dd00100000");
  bytes.resize(bytes.size() + 0x100000, 0xa0);
  const auto decoded = decode<keyvalue::SetUnionArgs>(bytes);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, ErrorCode::limit);
}

TEST(Message, BareValuesAreMessagesToo) {
  EXPECT_EQ(to_hex_lower(encode(std::uint32_t{300})), "cd012c");
  EXPECT_EQ(decode<std::uint64_t>(hex("cd012c")).value(), 300U);
  EXPECT_EQ(decode<std::string>(hex("a26869")).value(), "hi");
}

// The examples of contracts.md 2 and 3, written there by hand.
TEST(Message, ExamplesOfTheContracts) {
  EXPECT_EQ(to_hex_lower(encode(core::HealthRequest{})), "81ab706c616365686f6c646572c3");
  EXPECT_EQ(to_hex_lower(encode(core::HealthResponse{true, ""})),
            "82a76865616c746879c3a76d657373616765a0");
  EXPECT_EQ(to_hex_lower(encode(core::HealthResponse{false, "db down"})),
            "82a76865616c746879c2a76d657373616765a7646220646f776e");
  EXPECT_EQ(to_hex_lower(encode(core::CapabilityConfiguration{
                "MBCFOPM6JW2APJLXJD3Z5O4CN7CPYJ2B4FTKLJUR5YR5MITIU7HD3WD5", {{"PORT", "8080"}}})),
            "82a66d6f64756c65d9384d4243464f504d364a573241504a4c584a44335a354f34434e374350594a324234"
            "46544b4c4a5552355952354d4954495537484433574435a676616c75657381a4504f5254a438303830");
  EXPECT_EQ(
      to_hex_lower(encode(httpserver::Request{"GET", "/a", "x=1", {{"h", "v"}}, {1, 2}})),
      "85a66d6574686f64a3474554a470617468a22f61ab7175657279537472696e67a3783d31a66865616465728"
      "1a168a176a4626f6479c4020102");
  EXPECT_EQ(to_hex_lower(encode(httpserver::Response{200, "OK", {}, to_bytes("hi")})),
            "84aa737461747573436f6465ccc8a6737461747573a24f4ba668656164657280a4626f6479c4026869");
  EXPECT_EQ(to_hex_lower(encode(keyvalue::AddArgs{":a", 1})), "82a36b6579a23a61a576616c756501");
  EXPECT_EQ(to_hex_lower(encode(keyvalue::AddResponse{7})), "81a576616c756507");
  EXPECT_EQ(to_hex_lower(encode(keyvalue::GetArgs{"k"})), "81a36b6579a16b");
  EXPECT_EQ(to_hex_lower(encode(keyvalue::GetResponse{"v", true})),
            "82a576616c7565a176a6657869737473c3");
  EXPECT_EQ(to_hex_lower(encode(keyvalue::SetArgs{"k", "v", 0})),
            "83a36b6579a16ba576616c7565a176a76578706972657300");
  EXPECT_EQ(to_hex_lower(encode(keyvalue::AddArgs{"k", -1})), "82a36b6579a16ba576616c7565ff");
  EXPECT_EQ(to_hex_lower(encode(keyvalue::AddResponse{300})), "81a576616c7565cd012c");
  EXPECT_EQ(to_hex_lower(encode(keyvalue::RangeArgs{"k", 0, -1})),
            "83a36b6579a16ba5737461727400a473746f70ff");
  EXPECT_EQ(to_hex_lower(encode(keyvalue::ListRangeResponse{{"a", "b"}})),
            "81a676616c75657392a161a162");
  EXPECT_EQ(to_hex_lower(encode(keyvalue::ListResponse{1})), "81a86e6577436f756e7401");
  EXPECT_EQ(to_hex_lower(encode(keyvalue::SetOperationResponse{1})), "81a96e65775f636f756e7401");
  EXPECT_EQ(to_hex_lower(encode(keyvalue::SetUnionArgs{{"a", "b"}})), "81a46b65797392a161a162");
  EXPECT_EQ(to_hex_lower(encode(logging::WriteLogArgs{"", "info", "hi"})),
            "83a6746172676574a0a56c6576656ca4696e666fa474657874a26869");
  EXPECT_EQ(to_hex_lower(encode(extras::GeneratorRequest{false, false, true, 0, 100})),
            "85a467756964c2a873657175656e6365c2a672616e646f6dc3a36d696e00a36d617864");
  EXPECT_EQ(to_hex_lower(encode(extras::GeneratorRequest{true, false, false, 0, 0})),
            "85a467756964c3a873657175656e6365c2a672616e646f6dc2a36d696e00a36d617800");
  EXPECT_EQ(to_hex_lower(encode(extras::GeneratorRequest{false, true, false, 0, 0})),
            "85a467756964c2a873657175656e6365c3a672616e646f6dc2a36d696e00a36d617800");
  EXPECT_EQ(to_hex_lower(encode(extras::GeneratorResult{{}, 0, 42})),
            "83a467756964c0ae73657175656e63654e756d62657200ad72616e646f6d5f6e756d6265722a");
}

}  // namespace
}  // namespace trellis::codec
