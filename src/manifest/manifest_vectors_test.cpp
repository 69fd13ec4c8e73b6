// tests/vectors/manifest.json: what the first-party library reads from manifests.
#include <gtest/gtest.h>

#include "json/json.hpp"
#include "manifest/manifest.hpp"
#include "support/vectors.hpp"

namespace trellis::manifest {
namespace {

using Json = nlohmann::json;

/// In the words of the vectors: empty collections left out, defaults not filled in there are null.
Json as_json(const Manifest& manifest) {
  Json out = Json::object();
  for (const auto& [key, value] : manifest.labels) out["labels"][key] = value;
  for (const auto& actor : manifest.actors) out["actors"].push_back(actor.ref);
  for (const auto& item : manifest.capabilities) {
    out["capabilities"].push_back({{"image_ref", item.image_ref}, {"link_name", item.link_name}});
  }
  for (const auto& link : manifest.links) {
    out["links"].push_back({{"actor", link.actor},
                            {"contract_id", link.contract_id},
                            {"provider_id", link.provider_id},
                            {"link_name", link.link_name},
                            {"values", link.values}});
  }
  return out;
}

/// First-party keeps what is missing as null and fills in the default later (host.md 11).
Json with_defaults(Json expected) {
  for (const auto* part : {"capabilities", "links"}) {
    if (!expected.contains(part)) continue;
    for (auto& item : expected[part]) {
      if (!item.contains("link_name") || item["link_name"].is_null()) item["link_name"] = "default";
      if (std::string_view(part) == "links" && item["values"].is_null()) {
        item["values"] = Json::object();
      }
    }
  }
  return expected;
}

std::string expected_of(const Json& result) {
  return result.contains("error") ? "refused" : with_defaults(result.at("ok")).dump();
}

/// Read as first-party hosts do: what ours is stricter about is in manifest_test.
std::string ours_of(const Json& input) {
  const auto lookup = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = input.at("env").find(name);
    if (found == input.at("env").end()) return std::nullopt;
    return found->get<std::string>();
  };
  const auto extension = input.at("extension").get<std::string>();
  const auto file = extension.empty() ? std::string("host") : "host." + extension;
  const auto manifest =
      read(input.at("text").get<std::string>(), format_of(file), lookup, {file, false, true});
  return manifest ? as_json(*manifest).dump() : "refused";
}

TEST(ManifestVectors, All) {
  trellis::test::VectorRun run("manifest.json");
  for (const auto& c : run.cases()) {
    run.compare(c.at("name"), expected_of(c.at("result")), ours_of(c.at("input")));
  }
  run.finish();
}

}  // namespace
}  // namespace trellis::manifest
