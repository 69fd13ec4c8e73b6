// Events that hosts tell of on `wasmbus.ctl.<ns>.events` (lattice.md 7). Plain values;
// json_message.hpp writes and reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "lattice/wire/advertisements.hpp"
#include "lattice/wire/json_message.hpp"

namespace trellis::lattice {

namespace event {

struct HostStarted {
  friend bool operator==(const HostStarted&, const HostStarted&) = default;
};
struct HostStopped {
  friend bool operator==(const HostStopped&, const HostStopped&) = default;
};

struct ActorStarted {
  std::string actor;
  std::optional<std::string> image_ref;  ///< nothing: it did not come from an image

  static constexpr auto describe() {
    return codec::describe_struct("ActorStarted", codec::field("actor", &ActorStarted::actor),
                                  codec::field("image_ref", &ActorStarted::image_ref));
  }
  friend bool operator==(const ActorStarted&, const ActorStarted&) = default;
};

struct ActorStopped {
  std::string actor;

  static constexpr auto describe() {
    return codec::describe_struct("ActorStopped", codec::field("actor", &ActorStopped::actor));
  }
  friend bool operator==(const ActorStopped&, const ActorStopped&) = default;
};

/// Began and completed carry the same; an absent revision is 0.
struct ActorUpdate {
  std::string actor;
  std::uint32_t old_revision = 0;
  std::uint32_t new_revision = 0;

  static constexpr auto describe() {
    return codec::describe_struct("ActorUpdate", codec::field("actor", &ActorUpdate::actor),
                                  codec::field("old_revision", &ActorUpdate::old_revision),
                                  codec::field("new_revision", &ActorUpdate::new_revision));
  }
  friend bool operator==(const ActorUpdate&, const ActorUpdate&) = default;
};
struct ActorUpdateBegan : ActorUpdate {
  static constexpr auto describe() { return ActorUpdate::describe(); }
  friend bool operator==(const ActorUpdateBegan&, const ActorUpdateBegan&) = default;
};
struct ActorUpdateCompleted : ActorUpdate {
  static constexpr auto describe() { return ActorUpdate::describe(); }
  friend bool operator==(const ActorUpdateCompleted&, const ActorUpdateCompleted&) = default;
};

struct ProviderStarted {
  std::string contract_id;
  std::string link_name;
  std::string provider_id;
  std::optional<std::string> image_ref;

  static constexpr auto describe() {
    return codec::describe_struct("ProviderStarted",
                                  codec::field("contract_id", &ProviderStarted::contract_id),
                                  codec::field("link_name", &ProviderStarted::link_name),
                                  codec::field("provider_id", &ProviderStarted::provider_id),
                                  codec::field("image_ref", &ProviderStarted::image_ref));
  }
  friend bool operator==(const ProviderStarted&, const ProviderStarted&) = default;
};

struct ProviderStopped {
  std::string contract_id;
  std::string link_name;
  std::string provider_id;

  static constexpr auto describe() {
    return codec::describe_struct("ProviderStopped",
                                  codec::field("contract_id", &ProviderStopped::contract_id),
                                  codec::field("link_name", &ProviderStopped::link_name),
                                  codec::field("provider_id", &ProviderStopped::provider_id));
  }
  friend bool operator==(const ProviderStopped&, const ProviderStopped&) = default;
};

struct Running {
  friend bool operator==(const Running&, const Running&) = default;
};

/// Health of one entity: running, or why it is not healthy.
struct EntityStatus {
  std::variant<Running, std::string> value;

  static constexpr auto describe_variants() {
    return codec::EnumDescription<2>{"EntityStatus", {"Running", "Unhealthy"}};
  }
  friend bool operator==(const EntityStatus&, const EntityStatus&) = default;
};

struct Heartbeat {
  std::vector<ClaimsAdvertisement> claims;
  std::map<std::string, EntityStatus, std::less<>> entities;  ///< of this host, by public key

  static constexpr auto describe() {
    return codec::describe_struct("Heartbeat", codec::field("claims", &Heartbeat::claims),
                                  codec::field("entities", &Heartbeat::entities));
  }
  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

}  // namespace event

struct LatticeEvent {
  std::variant<event::HostStarted, event::HostStopped, event::ActorStarted, event::ActorStopped,
               event::ActorUpdateBegan, event::ActorUpdateCompleted, event::ProviderStarted,
               event::ProviderStopped, event::Heartbeat>
      value;

  static constexpr auto describe_variants() {
    return codec::EnumDescription<9>{
        "ControlEvent",
        {"HostStarted", "HostStopped", "ActorStarted", "ActorStopped", "ActorUpdateBegan",
         "ActorUpdateCompleted", "ProviderStarted", "ProviderStopped", "Heartbeat"}};
  }
  friend bool operator==(const LatticeEvent&, const LatticeEvent&) = default;
};

struct EventHeader {
  std::string host_origin;
  std::uint64_t timestamp = 0;  ///< seconds since 1970 UTC

  static constexpr auto describe() {
    return codec::describe_struct("EventHeader",
                                  codec::field("host_origin", &EventHeader::host_origin),
                                  codec::field("timestamp", &EventHeader::timestamp));
  }
  friend bool operator==(const EventHeader&, const EventHeader&) = default;
};

/// One message of the events subject.
struct PublishedEvent {
  LatticeEvent event;
  EventHeader header;

  static constexpr auto describe() {
    return codec::describe_struct("PublishedEvent", codec::field("event", &PublishedEvent::event),
                                  codec::field("header", &PublishedEvent::header));
  }
  friend bool operator==(const PublishedEvent&, const PublishedEvent&) = default;
};

/// Appends claims for as long as the heartbeat's JSON stays within `budget` bytes: a lattice's
/// claims only grow, and one message beyond the server's limit would cost the connection (7.3).
/// Returns how many fit. Call it with the claims of local actors first.
std::size_t add_claims(event::Heartbeat& heartbeat, std::span<const ClaimsAdvertisement> claims,
                       std::size_t budget);

/// Entities of a heartbeat in as many as it takes to keep each within `budget` bytes; one when they
/// fit. Readers take each as news of the entities it names.
[[nodiscard]] std::vector<event::Heartbeat> split_entities(event::Heartbeat heartbeat,
                                                           std::size_t budget);

}  // namespace trellis::lattice
