// The C++ guest SDK, compiled natively, against the bytes of first-party software
// (tests/vectors/core.json), and against bytes that nobody should send.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <type_traits>

#include "base/text.hpp"
#include "json/json.hpp"
#include "support/vectors.hpp"
#include "trellis/actor.hpp"

namespace trellis::guest {
namespace {

using nlohmann::json;

std::string bytes_of(const std::string& hex) {
  return std::string(as_text(test::from_hex_or_fail(hex)));
}
std::string hex_of(const std::string& bytes) {
  return to_hex_lower(as_bytes(bytes));
}

void set(const json& from, Blob& to) {
  to.data = bytes_of(from.get<std::string>());
}
template <class T>
void set(const json& from, std::optional<T>& to) {
  if (!from.is_null()) from.get_to(to.emplace());
}
template <class T>
void set(const json& from, T& to) {
  from.get_to(to);
}

/// The message whose fields are the members of those names; bytes are hex under `<name>_hex`.
template <class Message>
Message message_of(const json& input) {
  Message message;
  const auto fill = [&](const auto& field) {
    using Type = std::decay_t<decltype(message.*(field.member))>;
    const auto suffix = std::is_same_v<Type, Blob> ? "_hex" : "";
    set(input.at(std::string(field.name) + suffix), message.*(field.member));
  };
  std::apply([&](const auto&... field) { (fill(field), ...); }, Message::fields());
  return message;
}

struct Codec {
  std::function<std::string(const json&)> encode_input;
  std::function<std::string(const std::string&)> encode_decoded;  ///< hex, or the error
};

template <class Message>
Codec codec() {
  return {[](const json& input) { return hex_of(encode(message_of<Message>(input))); },
          [](const std::string& bytes) {
            const auto decoded = decode<Message>(bytes);
            return decoded ? hex_of(encode(*decoded)) : decoded.error().text;
          }};
}

const std::map<std::string, Codec>& codecs() {
  static const std::map<std::string, Codec> all = {
      {"HealthRequest", codec<health::Request>()},
      {"HealthResponse", codec<health::Response>()},
      {"GeneratorRequest", codec<extras::GeneratorRequest>()},
      {"GeneratorResult", codec<extras::GeneratorResult>()},
      {"GetArgs", codec<kv::KeyArgs>()},
      {"DelArgs", codec<kv::KeyArgs>()},
      {"ClearArgs", codec<kv::KeyArgs>()},
      {"SetQueryArgs", codec<kv::KeyArgs>()},
      {"KeyExistsArgs", codec<kv::KeyArgs>()},
      {"DelResponse", codec<kv::KeyArgs>()},
      {"AddArgs", codec<kv::AddArgs>()},
      {"SetArgs", codec<kv::SetArgs>()},
      {"RangeArgs", codec<kv::RangeArgs>()},
      {"PushArgs", codec<kv::ItemArgs>()},
      {"ListItemDeleteArgs", codec<kv::ItemArgs>()},
      {"SetAddArgs", codec<kv::ItemArgs>()},
      {"SetRemoveArgs", codec<kv::ItemArgs>()},
      {"SetUnionArgs", codec<kv::KeysArgs>()},
      {"SetIntersectionArgs", codec<kv::KeysArgs>()},
      {"GetResponse", codec<kv::Value>()},
      {"AddResponse", codec<kv::AddResponse>()},
      {"SetResponse", codec<kv::SetResponse>()},
      {"ListResponse", codec<kv::ListResponse>()},
      {"SetOperationResponse", codec<kv::SetOperationResponse>()},
      {"ListRangeResponse", codec<kv::ValuesResponse>()},
      {"SetQueryResponse", codec<kv::ValuesResponse>()},
      {"http::Request", codec<http::Request>()},
      {"http::Response", codec<http::Response>()},
  };
  return all;
}

const json& vectors() {
  static const json all = test::load_json("tests/vectors/core.json").at("cases");
  return all;
}

TEST(GuestEncoding, EveryVectorIsWrittenAndReadByteForByte) {
  std::size_t compared = 0;
  for (const auto& vector : vectors()) {
    const std::string type = vector.at("type");
    if (type == "CapabilityConfiguration") continue;  // never reaches an actor
    SCOPED_TRACE(vector.at("name").get<std::string>());
    const auto& tried = codecs().at(type);
    const std::string hex = vector.at("bytes_hex");
    EXPECT_EQ(tried.encode_input(vector.at("input")), hex);
    EXPECT_EQ(tried.encode_decoded(bytes_of(hex)), hex);
    ++compared;
  }
  EXPECT_EQ(compared, 33U);
}

TEST(GuestEncoding, TruncatedMessagesAreRefusedWithAReason) {
  for (const auto& vector : vectors()) {
    const std::string type = vector.at("type");
    if (!codecs().contains(type)) continue;
    const auto bytes = bytes_of(vector.at("bytes_hex"));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_TRUE(codecs()
                      .at(type)
                      .encode_decoded(bytes.substr(0, size))
                      .starts_with("Failed to de-serialize: "))
          << vector.at("name") << " cut after " << size;
    }
  }
}

/// contracts.md 3.2, 3.4, 3.6, 3.7: what the text gives bytes for.
TEST(GuestEncoding, TheOtherContractsAreAsTheSpecificationSays) {
  const auto same = [](const auto& message, const std::string& hex) {
    EXPECT_EQ(hex_of(encode(message)), hex);
    const auto again = decode<std::decay_t<decltype(message)>>(bytes_of(hex));
    ASSERT_TRUE(again) << again.error().text;
    EXPECT_EQ(hex_of(encode(*again)), hex);
  };
  same(httpclient::Request{"GET", "http://a/", {}, {}},
       "84a66d6574686f64a3474554a375726ca9687474703a2f2f612fa76865616465727380a4626f6479c400");
  same(messaging::Message{"t", "", "x"},
       "83a77375626a656374a174a77265706c79546fa0a4626f6479c40178");
  same(messaging::PublishResponse{true}, "81a97075626c6973686564c3");
  same(messaging::RequestArgs{"t", "x", 1000},
       "83a77375626a656374a174a4626f6479c40178a774696d656f7574cd03e8");
  const blobstore::Chunk chunk{1, {"c"}, "f", 3, 2, {}, "\1\2"};
  const std::string bare =
      "87aa73657175656e63654e6f01a9636f6e7461696e657281a26964a163a26964a166aa746f74616c427974657303"
      "a96368756e6b53697a6502a7636f6e74657874c0aa6368756e6b4279746573c4020102";
  same(chunk, bare);
  same(blobstore::ChunkArgs{chunk}, "81a56368756e6b" + bare);
  same(blobstore::Outcome{true, {}}, "82a773756363657373c3a56572726f72c0");
  same(
      blobstore::DownloadArgs{"f", "c", 524288, {}},
      "84a7626c6f625f6964a166ac636f6e7461696e65725f6964a163aa6368756e6b5f73697a65ce00080000a7636f6e"
      "74657874c0");
  same(blobstore::Object{"none", {"none"}, 0},
       "83a26964a46e6f6e65a9636f6e7461696e657281a26964a46e6f6e65a86279746553697a6500");
  same(
      blobstore::ObjectList{{{"a", {"c"}, 1}, {"b", {"c"}, 2}}},
      "81a5626c6f62739283a26964a161a9636f6e7461696e657281a26964a163a86279746553697a650183a26964a162"
      "a9636f6e7461696e657281a26964a163a86279746553697a6502");
  same(eventstreams::WriteEventArgs{"s", {{"a", "1"}}},
       "82a873747265616d4964a173a676616c75657381a161a131");
  same(eventstreams::EventAck{"1-0", {}}, "82a76576656e744964a3312d30a56572726f72c0");
  same(eventstreams::StreamQuery{"s", {}, 0},
       "83a873747265616d4964a173a572616e6765c0a5636f756e7400");
}

std::string problem(const std::string& hex) {
  return codecs().at("AddArgs").encode_decoded(bytes_of(hex));
}

TEST(GuestEncoding, ReasonsNameThePlace) {
  EXPECT_EQ(problem("c0"), "Failed to de-serialize: expected a map at byte 0, found marker c0");
  EXPECT_EQ(problem(""), "Failed to de-serialize: ends after 0 bytes");
  EXPECT_EQ(problem("81a36b6579a16b"), "Failed to de-serialize: missing field `value`");
  EXPECT_EQ(problem("82a36b6579a16ba36b6579a16b"), "Failed to de-serialize: duplicate field `key`");
  EXPECT_EQ(problem("82a36b6579a16ba576616c7565ce80000000"),
            "Failed to de-serialize: 2147483648 is out of range");
  EXPECT_EQ(problem("82a36b6579c0"),
            "Failed to de-serialize: expected text at byte 5, found marker c0");
  EXPECT_EQ(problem("dfffffffff"), "Failed to de-serialize: ends after 5 bytes");
}

TEST(GuestEncoding, NestingIsBounded) {
  const auto message = bytes_of("81a13f") + std::string(100000, '\x91');
  EXPECT_EQ(codecs().at("GetArgs").encode_decoded(message),
            "Failed to de-serialize: nested too deeply");
}

TEST(GuestEncoding, ExtensionTypesAndFloatsArePassedOver) {
  for (const char* odd : {"d40100", "c7020100ff", "c800010100", "ca00000000", "cb0000000000000000",
                          "cfffffffffffffffff", "9192c0c3", "81a0c2", "c40100"}) {
    EXPECT_EQ(codecs().at("GetArgs").encode_decoded(
                  bytes_of(std::string("82a13f") + odd + "a36b6579a16b")),
              "81a36b6579a16b")
        << odd;
  }
}

}  // namespace
}  // namespace trellis::guest
