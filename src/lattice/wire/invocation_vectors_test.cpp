// tests/vectors/invocation.json: entities, invocations, responses and anti-forgery results.
#include <gtest/gtest.h>

#include "lattice/anti_forgery.hpp"
#include "lattice/wire/invocation.hpp"
#include "support/vectors.hpp"

namespace trellis::lattice {
namespace {

using nlohmann::json;
using test::text_of;

Entity entity_of(const json& input) {
  if (input.contains("Actor")) return Entity::actor(text_of(input.at("Actor")));
  const auto& provider = input.at("Capability");
  return Entity::provider(text_of(provider.at("id")), text_of(provider.at("contract_id")),
                          text_of(provider.at("link_name")));
}

/// Decodes, and encodes what came of it again.
template <class T>
std::string there_and_back(const std::string& hex) {
  const auto value = codec::decode<T>(test::from_hex_or_fail(hex));
  return value ? to_hex_lower(codec::encode(*value)) : value.error().message;
}

void check_entity(test::VectorRun& run, const json& vector) {
  const auto entity = entity_of(vector.at("input"));
  const auto name = text_of(vector.at("name"));
  run.compare(name, text_of(vector.at("bytes_hex")), to_hex_lower(codec::encode(entity)));
  EXPECT_EQ(text_of(vector.at("url")), entity.url()) << name;
  EXPECT_EQ(text_of(vector.at("key")), entity.key()) << name;
  EXPECT_EQ(text_of(vector.at("bytes_hex")),
            there_and_back<Entity>(text_of(vector.at("bytes_hex"))));
}

void check_signed(test::VectorRun& run, const json& vector) {
  const auto name = text_of(vector.at("name"));
  const auto hex = text_of(vector.at("bytes_hex"));
  run.compare(name, hex, there_and_back<Invocation>(hex));
  const auto call = codec::decode<Invocation>(test::from_hex_or_fail(hex));
  ASSERT_TRUE(call) << name;
  const auto genuine = check_anti_forgery(*call, SystemClock().wall());
  EXPECT_TRUE(genuine) << name << ": " << genuine.error().message;
}

void check_anti_forgery_case(test::VectorRun& run, const json& vector) {
  const auto name = text_of(vector.at("name"));
  const auto call =
      codec::decode<Invocation>(test::from_hex_or_fail(text_of(vector.at("bytes_hex"))));
  ASSERT_TRUE(call) << name;
  SystemRandom random;
  const CallVerifier verifier({}, std::make_shared<SystemClock>(), random);
  const auto verdict = verifier.verify(*call, call->target);
  const bool accepted = text_of(vector.at("validate_antiforgery")) == "ok";
  run.compare(name, accepted ? "ok" : "refused", verdict ? "ok" : "refused");
}

void check_response(test::VectorRun& run, const json& vector) {
  const auto hex = text_of(vector.at("bytes_hex"));
  run.compare(text_of(vector.at("name")), hex, there_and_back<InvocationResponse>(hex));
  const auto response = codec::decode<InvocationResponse>(test::from_hex_or_fail(hex));
  ASSERT_TRUE(response);
  EXPECT_EQ(vector.at("input").at("error").is_null(), !response->error.has_value());
  EXPECT_EQ(text_of(vector.at("input").at("msg_hex")), to_hex_lower(response->msg));
}

TEST(LatticeVectors, Invocation) {
  test::VectorRun run("invocation.json");
  for (const auto& vector : run.cases()) {
    const auto name = text_of(vector.at("name"));
    if (name.starts_with("entity-")) {
      check_entity(run, vector);
    } else if (name.starts_with("invocation-")) {
      check_signed(run, vector);
    } else if (name.starts_with("antiforgery-")) {
      check_anti_forgery_case(run, vector);
    } else {
      check_response(run, vector);
    }
  }
  run.finish();
}

}  // namespace
}  // namespace trellis::lattice
