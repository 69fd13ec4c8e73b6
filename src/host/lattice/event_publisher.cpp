#include "host/lattice/event_publisher.hpp"

#include <chrono>
#include <utility>

#include "lattice/wire/json_message.hpp"

namespace trellis::host {
namespace {

/// Time between two lines that say that events are not published.
constexpr auto event_log_interval = std::chrono::seconds(30);
/// Share of the payload limit; the rest is for what surrounds the claims.
constexpr std::size_t claims_share_percent = 90;

/// Health in the two words of a heartbeat (lattice.md 7.2).
lattice::event::EntityStatus status_of(const Health& health) {
  using lattice::event::EntityStatus;
  using lattice::event::Running;
  // Health that is not known yet counts as running: nothing was heard against it.
  if (health.state != HealthState::unhealthy) return EntityStatus{Running{}};
  return EntityStatus{health.reason};
}

}  // namespace

std::optional<std::string> image_reference(const std::string& source) {
  // Paths and built-in names are this host's own business; references come with registries.
  if (source.empty() || source.starts_with('/') || source.starts_with('.') ||
      source.starts_with("builtin:") || source.find('/') == std::string::npos ||
      source.ends_with(".wasm") || source.ends_with(".so")) {
    return std::nullopt;
  }
  return source;
}

EventPublisher::EventPublisher(nats::Transport& transport, const lattice::Subjects& subjects,
                               std::string host_id, std::shared_ptr<const Clock> clock, Log log)
    : transport_(transport),
      subjects_(subjects),
      host_id_(std::move(host_id)),
      clock_(std::move(clock)),
      limited_log_(std::move(log), *clock_, event_log_interval) {}

void EventPublisher::publish(lattice::LatticeEvent event) {
  const auto time = std::chrono::floor<std::chrono::seconds>(clock_->wall()).time_since_epoch();
  const lattice::PublishedEvent message{
      std::move(event),
      {host_id_, static_cast<std::uint64_t>(std::max<std::int64_t>(0, time.count()))}};
  const auto text = lattice::write_json(message);
  const auto sent = transport_.publish(subjects_.events(), as_bytes(text));
  if (sent) return;
  // Level is debug, because without a server each event fails, and the connection has told why.
  limited_log_.debug(LogReason::unsent, "an event was not published: {}{}", sent.error().message);
}

void EventPublisher::heartbeat(const Tables& tables, const HealthOf& health) {
  lattice::event::Heartbeat beat;
  std::vector<lattice::ClaimsAdvertisement> local;
  std::vector<lattice::ClaimsAdvertisement> others;
  tables.actors.for_each([&](std::string_view key, const auto& entry) {
    beat.entities[std::string(key)] = status_of(health(entry->actor->id()));
  });
  tables.providers.for_each([&](std::string_view, const auto& entry) {
    beat.entities[entry->key] = status_of(health(entry->instance->id()));
  });
  // Cache is a part of this host, but listed like the provider that it is in first-party hosts
  // (host.md 8.5).
  beat.entities[std::string(lattice_cache_key)] = status_of({});
  tables.claims.for_each([&](std::string_view, const auto& known) {
    (known->verified ? local : others).push_back(lattice::to_advertisement(known->claims));
  });
  // Budget below the payload limit: first-party heartbeats grow with the lattice until the server
  // drops the connection (lattice.md 7.3).
  const auto budget = transport_.max_payload() / 100 * claims_share_percent;
  auto parts = lattice::split_entities(std::move(beat), budget);
  auto& last = parts.back();  // the one with room
  // Claims of others have their turn only when all local ones are in.
  if (lattice::add_claims(last, local, budget) == local.size()) {
    lattice::add_claims(last, others, budget);
  }
  for (auto& part : parts) publish({std::move(part)});
}

}  // namespace trellis::host
