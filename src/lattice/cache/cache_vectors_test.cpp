// tests/vectors/cache.json: cache events, replay messages, link hashes, spellings of keys.
#include <gtest/gtest.h>

#include "lattice/cache/entries.hpp"
#include "lattice/cache/link_hash.hpp"
#include "support/vectors.hpp"

namespace trellis::lattice {
namespace {

using nlohmann::json;
using test::text_of;

template <class T>
std::string there_and_back(const json& vector) {
  const auto value = codec::decode<T>(test::from_hex_or_fail(text_of(vector.at("bytes_hex"))));
  return value ? to_hex_lower(codec::encode(*value)) : value.error().message;
}

std::string encoded(const json& vector) {
  const auto type = text_of(vector.at("type"));
  if (type == "CacheEvent") return there_and_back<CacheEvent>(vector);
  if (type == "CacheEventWrapper") return there_and_back<CacheEventMessage>(vector);
  if (type == "ReplayRequest") return there_and_back<ReplayRequest>(vector);
  return there_and_back<ReplayAck>(vector);
}

/// The kind of a decoded event as the vector names it.
void check_kind(const json& vector) {
  if (text_of(vector.at("type")) != "CacheEvent") return;
  const auto event =
      codec::decode<CacheEvent>(test::from_hex_or_fail(text_of(vector.at("bytes_hex"))));
  ASSERT_TRUE(event);
  const auto names = CacheEvent::describe_variants().variants;
  EXPECT_EQ(vector.at("input").begin().key(), names.at(event->value.index()));
}

TEST(LatticeVectors, Cache) {
  test::VectorRun run("cache.json");
  for (const auto& vector : run.cases()) {
    const auto name = text_of(vector.at("name"));
    if (vector.contains("bytes_hex")) {
      run.compare(name, text_of(vector.at("bytes_hex")), encoded(vector));
      check_kind(vector);
    } else if (name == "link-hash") {
      const auto& link = vector.at("input");
      run.compare(
          name, text_of(vector.at("hash_u64")),
          std::to_string(link_hash(text_of(link.at("actor")), text_of(link.at("contract_id")),
                                   text_of(link.at("link_name")))));
    } else if (name == "cached-link-value") {
      const auto link = link_from_cache_json(text_of(vector.at("text")));
      run.compare(name, text_of(vector.at("text")), link ? to_cache_json(*link) : "");
    } else if (name == "cached-claims-value") {
      const auto claims = identity::actor_claims_from_json(text_of(vector.at("text")));
      run.compare(name, text_of(vector.at("text")), claims ? identity::to_json(*claims) : "");
      EXPECT_EQ(text_of(vector.at("cache_key")), claims_events(*claims).front().key());
    } else {
      run.no_bytes();
    }
  }
  run.finish();
}

}  // namespace
}  // namespace trellis::lattice
