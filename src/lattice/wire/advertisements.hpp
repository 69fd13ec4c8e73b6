// Advertisements of hosts and clients: links, their removal, claims of actors (lattice.md 2.5,
// 2.6).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/message.hpp"
#include "identity/claims.hpp"

namespace trellis::lattice {

/// A link, on `links`; with only the key fields filled its removal, on `remlinks`.
struct LinkDefinition {
  std::string actor_id;
  std::string provider_id;
  std::string link_name;
  std::string contract_id;
  codec::StringMap values;

  static constexpr auto describe() {
    return codec::describe_struct("LinkDefinition",
                                  codec::field("actor_id", &LinkDefinition::actor_id),
                                  codec::field("provider_id", &LinkDefinition::provider_id),
                                  codec::field("link_name", &LinkDefinition::link_name),
                                  codec::field("contract_id", &LinkDefinition::contract_id),
                                  codec::field("values", &LinkDefinition::values));
  }
  friend bool operator==(const LinkDefinition&, const LinkDefinition&) = default;
};

/// The part of the claims that is an actor's own.
struct ActorMetadata {
  std::optional<std::string> name;
  std::string hash;
  std::optional<std::vector<std::string>> tags;
  std::optional<std::vector<std::string>> caps;
  std::optional<std::int32_t> rev;
  std::optional<std::string> ver;
  std::optional<std::string> call_alias;
  bool prov = false;

  static constexpr auto describe() {
    return codec::describe_struct(
        "Actor", codec::field("name", &ActorMetadata::name).skip_when_absent(),
        codec::field("hash", &ActorMetadata::hash),
        codec::field("tags", &ActorMetadata::tags).skip_when_absent(),
        codec::field("caps", &ActorMetadata::caps).skip_when_absent(),
        codec::field("rev", &ActorMetadata::rev).skip_when_absent(),
        codec::field("ver", &ActorMetadata::ver).skip_when_absent(),
        codec::field("call_alias", &ActorMetadata::call_alias).skip_when_absent(),
        codec::field("prov", &ActorMetadata::prov).or_default());
  }
  friend bool operator==(const ActorMetadata&, const ActorMetadata&) = default;
};

/// Decoded actor claims, not a token: nothing proves them (lattice.md 2.6).
struct ClaimsAdvertisement {
  std::optional<std::uint64_t> exp;
  std::string jti;
  std::uint64_t iat = 0;
  std::string iss;
  std::string sub;
  std::optional<std::uint64_t> nbf;
  std::optional<ActorMetadata> wascap;  ///< first-party hosts die without it; always send it (6.5)

  static constexpr auto describe() {
    return codec::describe_struct(
        "Claims", codec::field("exp", &ClaimsAdvertisement::exp).skip_when_absent(),
        codec::field("jti", &ClaimsAdvertisement::jti),
        codec::field("iat", &ClaimsAdvertisement::iat),
        codec::field("iss", &ClaimsAdvertisement::iss),
        codec::field("sub", &ClaimsAdvertisement::sub),
        codec::field("nbf", &ClaimsAdvertisement::nbf).skip_when_absent(),
        codec::field("wascap", &ClaimsAdvertisement::wascap).skip_when_absent());
  }
  friend bool operator==(const ClaimsAdvertisement&, const ClaimsAdvertisement&) = default;
};

[[nodiscard]] ClaimsAdvertisement to_advertisement(const identity::ActorClaims& claims);
/// Missing metadata become those of an actor that may do nothing.
[[nodiscard]] identity::ActorClaims to_claims(const ClaimsAdvertisement& advertisement);

}  // namespace trellis::lattice
