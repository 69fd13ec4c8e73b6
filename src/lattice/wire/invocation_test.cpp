#include "lattice/wire/invocation.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace trellis::lattice {
namespace {

Bytes all_bytes(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  return bytes;
}

Invocation sample(std::size_t msg, std::size_t text) {
  return {Entity::actor(std::string(text, 'M')),
          Entity::provider("V", std::string(text, 'c'), "default"),
          std::string(text, 'o'),
          all_bytes(msg),
          std::string(text, 'i'),
          std::string(text, 'e'),
          "N"};
}

TEST(Invocation, SizeIsKnownBeforeEncoding) {
  for (const std::size_t msg : {0, 1, 15, 16, 300, 65535, 65536, 70000}) {
    for (const std::size_t text : {0, 31, 32, 255, 256, 65535, 65536}) {
      const auto call = sample(msg, text);
      EXPECT_EQ(encoded_size(call), codec::encode(call).size()) << msg << " " << text;
      InvocationResponse response{call.msg, {}, call.id};
      EXPECT_EQ(encoded_size(response), codec::encode(response).size());
      response.error = call.operation;
      EXPECT_EQ(encoded_size(response), codec::encode(response).size());
    }
  }
}

TEST(Invocation, MessagesOfAllSizesComeBack) {
  for (const std::size_t msg : {0, 15, 16, 256, 65535, 65536}) {
    const auto call = sample(msg, 40);
    const auto bytes = codec::encode(call);
    const auto back = codec::decode<Invocation>(bytes);
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, call);
    // Cut anywhere near the ends, it is refused rather than read beyond.
    for (std::size_t cut = 1; cut < 60 && cut < bytes.size(); ++cut) {
      EXPECT_FALSE(codec::decode<Invocation>(ByteView(bytes).first(bytes.size() - cut)));
    }
  }
}

TEST(Invocation, MessageIsNeverWrittenAsBin) {
  const auto bytes = codec::encode(sample(4, 1));
  EXPECT_NE(to_hex_lower(bytes).find("a36d736794"), std::string::npos);
}

TEST(Invocation, HashCoversOriginTargetAndMessage) {
  // The two examples of lattice.md 3.2.
  const Bytes message = {1, 2, 3, 4};
  EXPECT_EQ(invocation_hash("wasmbus://testing",
                            "wasmbus://wasmcloud/messaging/default/Vxxx/OP_TESTING", message),
            "F497C3B417EBA47FB79C3644781FE1F4B35000A0B9B7668195F286350D785B52");
  const auto key_x = from_hex("81a36b6579a9636f756e7465723a78");
  EXPECT_EQ(invocation_hash("wasmbus://MAU2ZOXBIG6MV4FSFYNJJU2NBPDTMHSSNUF74EWIS6KLZEZCSZW5PMMJ",
                            "wasmbus://wasmcloud/keyvalue/default/"
                            "VASUHOJP6EEVKEKHNLOIG2O3NXOJGNTFUEMXRXNBIBHOCBTMVFKZ3YXJ/Get",
                            *key_x),
            "1F7FA8FB7742E98C13E1D6D4BBFA9AA1D58F27CE95E816F3E036A126C2E1609B");
}

TEST(Entity, UrlsLoseBlanksColonsAndUpperCase) {
  EXPECT_EQ(Entity::actor("system").url(), "wasmbus://system");
  EXPECT_EQ(Entity::provider("VX", "My Contract:Sub:X", "My Link").url(),
            "wasmbus://my_contract/sub/x/my_link/VX");
}

}  // namespace
}  // namespace trellis::lattice
