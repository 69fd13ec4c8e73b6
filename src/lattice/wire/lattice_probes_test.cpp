// tests/vectors/probes.json, messages of the lattice in MessagePack: odd encodings, and what
// first-party software makes of them. Those in JSON: events_test.cpp; those of contracts:
// src/codec/probe_vectors_test.cpp.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "codec/message.hpp"
#include "lattice/cache/cache_event.hpp"
#include "lattice/wire/advertisements.hpp"
#include "lattice/wire/invocation.hpp"
#include "support/vectors.hpp"

namespace trellis::lattice {
namespace {

using nlohmann::json;
using test::text_of;

/// Hex of the value read and written again, or the error.
using Probe = std::function<std::string(ByteView)>;

template <class T>
Probe lattice_probe_of() {
  return [](ByteView bytes) {
    const auto decoded = codec::decode<T>(bytes);
    return decoded ? to_hex_lower(codec::encode(*decoded)) : decoded.error().message;
  };
}

const std::map<std::string, Probe>& lattice_probes() {
  static const std::map<std::string, Probe> all = {
      {"Invocation", lattice_probe_of<Invocation>()},
      {"InvocationResponse", lattice_probe_of<InvocationResponse>()},
      {"WasmCloudEntity", lattice_probe_of<Entity>()},
      {"LinkDefinition", lattice_probe_of<LinkDefinition>()},
      {"ActorClaims", lattice_probe_of<ClaimsAdvertisement>()},
      {"CacheEvent", lattice_probe_of<CacheEvent>()},
      {"CacheEventWrapper", lattice_probe_of<CacheEventMessage>()},
      {"ReplayRequest", lattice_probe_of<ReplayRequest>()}};
  return all;
}

TEST(LatticeProbes, OddEncodingsAreTakenAsTheFirstPartyTakesThem) {
  test::VectorRun run("probes.json", [](const json& vector) {
    return lattice_probes().contains(text_of(vector.at("type")));
  });
  EXPECT_EQ(run.cases().size(), 89U);
  for (const auto& vector : run.cases()) {
    const auto& result = vector.at("result");
    const bool accepted = result.at("accepted");
    const auto& probe = lattice_probes().at(text_of(vector.at("type")));
    run.compare(text_of(vector.at("name")),
                text_of(result.at(accepted ? "reencoded_hex" : "error")),
                probe(test::from_hex_or_fail(text_of(vector.at("bytes_hex")))));
  }
  run.finish();
}

}  // namespace
}  // namespace trellis::lattice
