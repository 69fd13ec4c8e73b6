// tests/vectors/probes.json, messages of contracts: odd encodings, and what first-party software
// makes of them. Those of the lattice: src/lattice/wire/lattice_probes_test.cpp.
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

/// Hex of the value read and written again, or the error.
using Probe = std::function<std::string(ByteView)>;

template <class T>
Probe probe_of() {
  return [](ByteView bytes) {
    const auto decoded = decode<T>(bytes);
    return decoded ? to_hex_lower(encode(*decoded)) : decoded.error().message;
  };
}

const std::map<std::string, Probe>& probes() {
  static const std::map<std::string, Probe> all = {
      {"HealthRequest", probe_of<core::HealthRequest>()},
      {"HealthResponse", probe_of<core::HealthResponse>()},
      {"CapabilityConfiguration", probe_of<core::CapabilityConfiguration>()},
      {"SetArgs", probe_of<keyvalue::SetArgs>()},
      {"AddArgs", probe_of<keyvalue::AddArgs>()},
      {"HttpRequest", probe_of<httpserver::Request>()},
      {"GeneratorRequest", probe_of<extras::GeneratorRequest>()}};
  return all;
}

TEST(ProbeVectors, OddEncodingsAreTakenAsTheFirstPartyTakesThem) {
  test::VectorRun run("probes.json", [](const json& vector) {
    return probes().contains(vector.at("type").get<std::string>());
  });
  for (const json& vector : run.cases()) {
    const json& result = vector.at("result");
    const bool accepted = result.at("accepted");
    const std::string theirs = result.at(accepted ? "reencoded_hex" : "error");
    const auto& probe = probes().at(vector.at("type").get<std::string>());
    const auto bytes = test::from_hex_or_fail(vector.at("bytes_hex").get<std::string>());
    run.compare(vector.at("name").get<std::string>(), theirs, probe(bytes));
  }
  run.finish();
}

}  // namespace
}  // namespace trellis::codec
