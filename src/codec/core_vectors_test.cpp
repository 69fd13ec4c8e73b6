// tests/vectors/core.json: the bytes of contract messages as first-party software writes them.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "base/text.hpp"
#include "codec/messages/core.hpp"
#include "codec/messages/extras.hpp"
#include "codec/messages/httpserver.hpp"
#include "codec/messages/keyvalue.hpp"
#include "json/json.hpp"
#include "support/vectors.hpp"

namespace trellis::codec {
namespace {

using nlohmann::json;

/// Sets each described field from the member of that name; bytes are hex under `<name>_hex`.
template <class T>
void fill(const json& from, T& to) {
  const auto set = [&](const auto& field) {
    auto& member = to.*field.member;
    const std::string name(field.name);
    if constexpr (std::same_as<std::remove_cvref_t<decltype(member)>, Bytes>) {
      member = test::from_hex_or_fail(from.at(name + "_hex").get<std::string>());
    } else if constexpr (detail::is_optional<std::remove_cvref_t<decltype(member)>>) {
      if (!from.at(name).is_null()) from.at(name).get_to(member.emplace());
    } else {
      from.at(name).get_to(member);
    }
  };
  std::apply([&](const auto&... field) { (set(field), ...); }, T::describe().fields);
}

struct Codec {
  std::function<Bytes(const json&)> encode_input;
  std::function<std::string(ByteView)> encode_decoded;  ///< or the error
};

template <class T>
Codec codec_of() {
  return {[](const json& input) {
            T value;
            fill(input, value);
            return encode(value);
          },
          [](ByteView bytes) {
            const auto decoded = decode<T>(bytes);
            return decoded ? to_hex_lower(encode(*decoded)) : decoded.error().message;
          }};
}

const std::map<std::string, Codec>& codecs() {
  static const std::map<std::string, Codec> all = {
      {"HealthRequest", codec_of<core::HealthRequest>()},
      {"HealthResponse", codec_of<core::HealthResponse>()},
      {"CapabilityConfiguration", codec_of<core::CapabilityConfiguration>()},
      {"GeneratorRequest", codec_of<extras::GeneratorRequest>()},
      {"GeneratorResult", codec_of<extras::GeneratorResult>()},
      {"GetArgs", codec_of<keyvalue::GetArgs>()},
      {"AddArgs", codec_of<keyvalue::AddArgs>()},
      {"SetArgs", codec_of<keyvalue::SetArgs>()},
      {"DelArgs", codec_of<keyvalue::DelArgs>()},
      {"ClearArgs", codec_of<keyvalue::ClearArgs>()},
      {"RangeArgs", codec_of<keyvalue::RangeArgs>()},
      {"PushArgs", codec_of<keyvalue::PushArgs>()},
      {"ListItemDeleteArgs", codec_of<keyvalue::ListItemDeleteArgs>()},
      {"SetAddArgs", codec_of<keyvalue::SetAddArgs>()},
      {"SetRemoveArgs", codec_of<keyvalue::SetRemoveArgs>()},
      {"SetUnionArgs", codec_of<keyvalue::SetUnionArgs>()},
      {"SetIntersectionArgs", codec_of<keyvalue::SetIntersectionArgs>()},
      {"SetQueryArgs", codec_of<keyvalue::SetQueryArgs>()},
      {"KeyExistsArgs", codec_of<keyvalue::KeyExistsArgs>()},
      {"GetResponse", codec_of<keyvalue::GetResponse>()},
      {"AddResponse", codec_of<keyvalue::AddResponse>()},
      {"SetResponse", codec_of<keyvalue::SetResponse>()},
      {"DelResponse", codec_of<keyvalue::DelResponse>()},
      {"ListRangeResponse", codec_of<keyvalue::ListRangeResponse>()},
      {"ListResponse", codec_of<keyvalue::ListResponse>()},
      {"SetOperationResponse", codec_of<keyvalue::SetOperationResponse>()},
      {"SetQueryResponse", codec_of<keyvalue::SetQueryResponse>()},
      {"http::Request", codec_of<httpserver::Request>()},
      {"http::Response", codec_of<httpserver::Response>()}};
  return all;
}

TEST(CoreVectors, MessagesHaveTheFirstPartyBytes) {
  test::VectorRun run("core.json");
  for (const json& vector : run.cases()) {
    const std::string name = vector.at("name");
    if (!vector.contains("bytes_hex")) {
      run.no_bytes();
      continue;
    }
    const auto codec = codecs().find(vector.at("type").get<std::string>());
    if (codec == codecs().end()) {
      ADD_FAILURE() << "no message " << vector.at("type");
      continue;
    }
    const std::string theirs = vector.at("bytes_hex");
    const std::string ours = to_hex_lower(codec->second.encode_input(vector.at("input")));
    const std::string again = codec->second.encode_decoded(test::from_hex_or_fail(theirs));
    // First-party maps come in random order; what they say is compared after decoding.
    const bool any_order = name.find("order not significant") != std::string::npos;
    run.compare(name, any_order ? again : theirs, ours);
    EXPECT_EQ(again, ours) << name;
  }
  run.finish();
}

}  // namespace
}  // namespace trellis::codec
