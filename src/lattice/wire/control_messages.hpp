// Requests, acknowledgements and replies of the control interface (lattice.md 5). Plain values;
// json_message.hpp writes and reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/fields.hpp"
#include "identity/claims.hpp"
#include "lattice/wire/advertisements.hpp"
#include "lattice/wire/json_message.hpp"

namespace trellis::lattice {

using codec::describe_struct;
using codec::field;

/// Reply to a host probe (5.2).
struct HostReply {
  std::string id;
  std::uint64_t uptime = 0;  ///< seconds

  static constexpr auto describe() {
    return describe_struct("Host", field("id", &HostReply::id),
                           field("uptime", &HostReply::uptime));
  }
  friend bool operator==(const HostReply&, const HostReply&) = default;
};

struct ActorDescription {
  std::string id;
  std::optional<std::string> image_ref;
  std::optional<std::string> name;
  std::int32_t revision = 0;

  static constexpr auto describe() {
    return describe_struct("ActorDescription", field("id", &ActorDescription::id),
                           field("image_ref", &ActorDescription::image_ref).skip_when_absent(),
                           field("name", &ActorDescription::name).skip_when_absent(),
                           field("revision", &ActorDescription::revision));
  }
  friend bool operator==(const ActorDescription&, const ActorDescription&) = default;
};

struct ProviderDescription {
  std::string id;
  std::string link_name;
  std::optional<std::string> image_ref;
  std::optional<std::string> name;
  std::int32_t revision = 0;

  static constexpr auto describe() {
    return describe_struct("ProviderDescription", field("id", &ProviderDescription::id),
                           field("link_name", &ProviderDescription::link_name),
                           field("image_ref", &ProviderDescription::image_ref).skip_when_absent(),
                           field("name", &ProviderDescription::name).skip_when_absent(),
                           field("revision", &ProviderDescription::revision));
  }
  friend bool operator==(const ProviderDescription&, const ProviderDescription&) = default;
};

/// Actors and providers that run on one host (5.3).
struct HostInventory {
  std::string host_id;
  codec::StringMap labels;
  std::vector<ActorDescription> actors;
  std::vector<ProviderDescription> providers;

  static constexpr auto describe() {
    return describe_struct("HostInventory", field("host_id", &HostInventory::host_id),
                           field("labels", &HostInventory::labels),
                           field("actors", &HostInventory::actors),
                           field("providers", &HostInventory::providers));
  }
  friend bool operator==(const HostInventory&, const HostInventory&) = default;
};

/// Reply to a link query (5.4).
struct LinkDefinitionList {
  std::vector<LinkDefinition> links;

  static constexpr auto describe() {
    return describe_struct("LinkDefinitionList", field("links", &LinkDefinitionList::links));
  }
  friend bool operator==(const LinkDefinitionList&, const LinkDefinitionList&) = default;
};

/// One actor's claims as texts: sub, iss and, when it has metadata, caps, rev, version (5.5).
struct ClaimsValues {
  codec::StringMap values;

  static constexpr auto describe() {
    return describe_struct("Claims", field("values", &ClaimsValues::values));
  }
  friend bool operator==(const ClaimsValues&, const ClaimsValues&) = default;
};
[[nodiscard]] ClaimsValues claims_values(const ClaimsAdvertisement& claims);

struct ClaimsList {
  std::vector<ClaimsValues> claims;

  static constexpr auto describe() {
    return describe_struct("ClaimsList", field("claims", &ClaimsList::claims));
  }
  friend bool operator==(const ClaimsList&, const ClaimsList&) = default;
};

// --- auctions (5.6) -------------------------------------------------------------------------

struct ActorAuctionRequest {
  std::string actor_ref;
  codec::StringMap constraints;

  static constexpr auto describe() {
    return describe_struct("ActorAuctionRequest",
                           field("actor_ref", &ActorAuctionRequest::actor_ref),
                           field("constraints", &ActorAuctionRequest::constraints).or_default());
  }
  friend bool operator==(const ActorAuctionRequest&, const ActorAuctionRequest&) = default;
};

struct ActorAuctionAck {
  std::string actor_ref;
  codec::StringMap constraints;
  std::string host_id;

  static constexpr auto describe() {
    return describe_struct("ActorAuctionAck", field("actor_ref", &ActorAuctionAck::actor_ref),
                           field("constraints", &ActorAuctionAck::constraints),
                           field("host_id", &ActorAuctionAck::host_id));
  }
  friend bool operator==(const ActorAuctionAck&, const ActorAuctionAck&) = default;
};

struct ProviderAuctionRequest {
  std::string provider_ref;
  std::string link_name = "default";
  codec::StringMap constraints;

  static constexpr auto describe() {
    return describe_struct("ProviderAuctionRequest",
                           field("provider_ref", &ProviderAuctionRequest::provider_ref),
                           field("link_name", &ProviderAuctionRequest::link_name).or_default(),
                           field("constraints", &ProviderAuctionRequest::constraints).or_default());
  }
  friend bool operator==(const ProviderAuctionRequest&, const ProviderAuctionRequest&) = default;
};

struct ProviderAuctionAck {
  std::string provider_ref;
  std::string link_name;
  std::string host_id;

  static constexpr auto describe() {
    return describe_struct("ProviderAuctionAck",
                           field("provider_ref", &ProviderAuctionAck::provider_ref),
                           field("link_name", &ProviderAuctionAck::link_name),
                           field("host_id", &ProviderAuctionAck::host_id));
  }
  friend bool operator==(const ProviderAuctionAck&, const ProviderAuctionAck&) = default;
};

// --- commands (5.7 to 5.11) -----------------------------------------------------------------

struct StartActorCommand {
  std::string actor_ref;
  std::string host_id;

  static constexpr auto describe() {
    return describe_struct("StartActorCommand", field("actor_ref", &StartActorCommand::actor_ref),
                           field("host_id", &StartActorCommand::host_id));
  }
  friend bool operator==(const StartActorCommand&, const StartActorCommand&) = default;
};

struct StartActorAck {
  std::string host_id;
  std::string actor_ref;
  std::optional<std::string> failure;

  static constexpr auto describe() {
    return describe_struct("StartActorAck", field("host_id", &StartActorAck::host_id),
                           field("actor_ref", &StartActorAck::actor_ref),
                           field("failure", &StartActorAck::failure));
  }
  friend bool operator==(const StartActorAck&, const StartActorAck&) = default;
};

struct StopActorCommand {
  std::string host_id;
  std::string actor_ref;

  static constexpr auto describe() {
    return describe_struct("StopActorCommand", field("host_id", &StopActorCommand::host_id),
                           field("actor_ref", &StopActorCommand::actor_ref));
  }
  friend bool operator==(const StopActorCommand&, const StopActorCommand&) = default;
};

/// Acknowledgement of both stop commands.
struct StopAck {
  std::optional<std::string> failure;

  static constexpr auto describe() {
    return describe_struct("StopAck", field("failure", &StopAck::failure));
  }
  friend bool operator==(const StopAck&, const StopAck&) = default;
};

struct StartProviderCommand {
  std::string host_id;
  std::string provider_ref;
  std::string link_name = "default";

  static constexpr auto describe() {
    return describe_struct("StartProviderCommand", field("host_id", &StartProviderCommand::host_id),
                           field("provider_ref", &StartProviderCommand::provider_ref),
                           field("link_name", &StartProviderCommand::link_name).or_default());
  }
  friend bool operator==(const StartProviderCommand&, const StartProviderCommand&) = default;
};

struct StartProviderAck {
  std::string host_id;
  std::string provider_ref;
  std::optional<std::string> failure;

  static constexpr auto describe() {
    return describe_struct("StartProviderAck", field("host_id", &StartProviderAck::host_id),
                           field("provider_ref", &StartProviderAck::provider_ref),
                           field("failure", &StartProviderAck::failure));
  }
  friend bool operator==(const StartProviderAck&, const StartProviderAck&) = default;
};

struct StopProviderCommand {
  std::string host_id;
  std::string provider_ref;
  std::string link_name = "default";
  std::string contract_id;

  static constexpr auto describe() {
    return describe_struct("StopProviderCommand", field("host_id", &StopProviderCommand::host_id),
                           field("provider_ref", &StopProviderCommand::provider_ref),
                           field("link_name", &StopProviderCommand::link_name).or_default(),
                           field("contract_id", &StopProviderCommand::contract_id));
  }
  friend bool operator==(const StopProviderCommand&, const StopProviderCommand&) = default;
};

struct UpdateActorCommand {
  std::string host_id;
  std::string actor_id;
  std::string new_actor_ref;

  static constexpr auto describe() {
    return describe_struct("UpdateActorCommand", field("host_id", &UpdateActorCommand::host_id),
                           field("actor_id", &UpdateActorCommand::actor_id),
                           field("new_actor_ref", &UpdateActorCommand::new_actor_ref));
  }
  friend bool operator==(const UpdateActorCommand&, const UpdateActorCommand&) = default;
};

struct UpdateActorAck {
  bool accepted = false;

  static constexpr auto describe() {
    return describe_struct("UpdateActorAck", field("accepted", &UpdateActorAck::accepted));
  }
  friend bool operator==(const UpdateActorAck&, const UpdateActorAck&) = default;
};

}  // namespace trellis::lattice
