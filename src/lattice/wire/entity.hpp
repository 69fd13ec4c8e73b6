// One end of a call: an actor or a provider instance (lattice.md 2.2 and 3.1).
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "codec/message.hpp"

namespace trellis::lattice {

/// A provider as origin or target of a call.
struct CapabilityEntity {
  std::string id;  ///< public key, V…
  std::string contract_id;
  std::string link_name;

  static constexpr auto describe() {
    return codec::describe_struct("WasmCloudEntity::Capability",
                                  codec::field("id", &CapabilityEntity::id),
                                  codec::field("contract_id", &CapabilityEntity::contract_id),
                                  codec::field("link_name", &CapabilityEntity::link_name));
  }
  friend bool operator==(const CapabilityEntity&, const CapabilityEntity&) = default;
};

/// A value; any thread.
struct Entity {
  std::variant<std::string, CapabilityEntity>
      value;  ///< an actor's key (or "system"), or a provider

  [[nodiscard]] static Entity actor(std::string_view key) { return {std::string(key)}; }
  [[nodiscard]] static Entity provider(std::string_view key, std::string_view contract_id,
                                       std::string_view link_name) {
    return {CapabilityEntity{std::string(key), std::string(contract_id), std::string(link_name)}};
  }

  [[nodiscard]] bool is_actor() const noexcept { return value.index() == 0; }
  [[nodiscard]] const std::string& key() const noexcept {
    if (const auto* provider = std::get_if<1>(&value)) return provider->id;
    return *std::get_if<0>(&value);
  }
  /// Null for an actor.
  [[nodiscard]] const CapabilityEntity* capability() const noexcept {
    return std::get_if<1>(&value);
  }
  /// `wasmbus://…`, as tokens state it. Contract and link name lose blanks and upper case there.
  [[nodiscard]] std::string url() const;

  static constexpr auto describe_variants() {
    return codec::EnumDescription<2>{"WasmCloudEntity", {"Actor", "Capability"}};
  }
  friend bool operator==(const Entity&, const Entity&) = default;
};

}  // namespace trellis::lattice
