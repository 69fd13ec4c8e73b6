#include "admin/socket/inventory_json.hpp"

#include <algorithm>
#include <string>

#include "base/limits.hpp"
#include "base/redactor.hpp"
#include "base/text.hpp"

namespace trellis::admin {
namespace {

using nlohmann::json;

std::int64_t age_ms(WallTime then, WallTime now) {
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - then).count();
  return std::max<std::int64_t>(0, age);
}

/// Options that were asked for; what is missing is the host's default.
json options_json(const ActorOptions& options) {
  json made = json::object();
  if (options.min_instances) made["min_instances"] = *options.min_instances;
  if (options.max_instances) made["max_instances"] = *options.max_instances;
  if (options.limits.memory_mb) made["memory_mb"] = *options.limits.memory_mb;
  if (options.limits.call_timeout) made["call_timeout_ms"] = options.limits.call_timeout->count();
  return made;
}

json actor_json(const ActorInfo& actor, WallTime now) {
  const auto& identity = actor.identity;
  return {{"id", identity.key},
          {"image_ref", actor.source},
          {"name", identity.name},
          {"revision", identity.revision},
          {"version", identity.version},
          {"issuer", identity.issuer},
          {"call_alias", identity.call_alias},
          {"capabilities", identity.capabilities.value_or(std::vector<std::string>{})},
          {"tags", identity.tags},
          {"instances", actor.instances},
          {"busy", actor.busy},
          {"calls", actor.calls},
          {"errors", actor.errors},
          {"replaced", actor.replaced},
          {"running_ms", age_ms(actor.started, now)},
          {"options", options_json(actor.options)},
          {"health", to_json(actor.health, now)}};
}

json provider_json(const ProviderInfo& provider, WallTime now) {
  json made{{"id", provider.key},
            {"image_ref", provider.source},
            {"name", provider.name},
            {"revision", provider.revision},
            {"version", provider.version},
            {"vendor", provider.vendor},
            {"link_name", provider.link_name},
            {"mode", to_string(provider.mode)},
            {"contract_id", provider.contract_id},
            {"calls", provider.calls},
            {"errors", provider.errors},
            {"timeouts", provider.timeouts},
            {"stuck_threads", provider.stuck_threads},
            {"of_host", provider.of_host},
            {"running_ms", age_ms(provider.started, now)},
            {"health", to_json(provider.health, now)}};
  if (provider.own_process) {
    made["process"] = {
        {"pid", provider.pid}, {"restarts", provider.restarts}, {"last_end", provider.last_end}};
  }
  return made;
}

std::size_t bytes_of(const Link& link) {
  std::size_t bytes = link.contract_id.size() + link.link_name.size() + link.provider_id.size();
  for (const auto& [key, value] : link.values) bytes += key.size() + value.size();
  return bytes;
}

/// List in an answer, bounded in bytes: others decide how much there is to list.
class Listing {
 public:
  /// `into` is an object and outlives this.
  Listing(json& into, const char* name) : into_(into), name_(name) { into_[name_] = json::array(); }
  Listing(const Listing&) = delete;
  Listing& operator=(const Listing&) = delete;
  ~Listing() {
    if (left_out_ > 0) into_[std::string(name_) + "_left_out"] = left_out_;
  }

  /// Whether an element with so many bytes of text still fits; counted when not.
  [[nodiscard]] bool takes(std::size_t bytes) {
    constexpr std::size_t around = 256;  // names of the members, numbers, states
    bytes_ += bytes + around;
    if (bytes_ <= limits::listed_bytes) return true;
    ++left_out_;
    return false;
  }
  void add(json element) { into_[name_].push_back(std::move(element)); }

 private:
  json& into_;
  const char* name_;
  std::size_t bytes_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace

json to_json(const Health& health, WallTime now) {
  json made{{"state", to_string(health.state)}, {"reason", health.reason}};
  if (health.checked) made["checked_ms_ago"] = age_ms(*health.checked, now);
  if (health.since) made["since_ms_ago"] = age_ms(*health.since, now);
  return made;
}

json to_json(const LatticeInfo& lattice) {
  return {{"namespace", lattice.ns},
          {"rpc", to_string(lattice.rpc)},
          {"control", to_string(lattice.control)},
          {"cache", to_string(lattice.cache)},
          {"calls_out", lattice.calls_out},
          {"calls_lost", lattice.calls_lost},
          {"calls_in", lattice.calls_in},
          {"calls_refused", lattice.calls_refused},
          {"calls_busy", lattice.calls_busy},
          {"calls_expired", lattice.calls_expired},
          {"adverts_refused", lattice.adverts_refused},
          {"links_refused", lattice.links_refused},
          {"control_requests", lattice.control_requests},
          {"control_refused", lattice.control_refused},
          {"cache_refused", lattice.cache_refused},
          {"cache_repaired", lattice.cache_repaired},
          {"cache_entries", lattice.cache_entries}};
}

json to_json(const MemoryInfo& memory) {
  json kinds = json::object();
  for (const auto& kind : memory.kinds) {
    kinds[kind.name] = {{"bytes", kind.bytes}, {"refused", kind.refused}};
  }
  return {{"budget", memory.budget}, {"held", memory.held}, {"kinds", std::move(kinds)}};
}

json to_json(const Inventory& inventory, WallTime now) {
  json made{{"host_id", inventory.host_id},       {"labels", inventory.labels},
            {"uptime", inventory.uptime.count()}, {"actors", json::array()},
            {"providers", json::array()},         {"lattice", to_json(inventory.lattice)},
            {"memory", to_json(inventory.memory)}};
  for (const auto& actor : inventory.actors) made["actors"].push_back(actor_json(actor, now));
  for (const auto& provider : inventory.providers) {
    made["providers"].push_back(provider_json(provider, now));
  }
  return made;
}

json to_json(const LinkInfo& info, WallTime now, bool show_secrets) {
  return {{"actor_id", info.link.actor},
          {"contract_id", info.link.contract_id},
          {"link_name", info.link.link_name},
          {"provider_id", info.link.provider_id},
          {"values", show_secrets ? info.link.values : shown_values(info.link.values)},
          {"state", to_string(info.state)},
          {"origin", to_string(info.origin)},
          {"problem", info.problem},
          {"attempts", info.attempts},
          {"age_ms", age_ms(info.since, now)}};
}

void list_links(json& into, const std::vector<LinkInfo>& links, WallTime now, bool show_secrets) {
  Listing listing(into, "links");
  // Links of this host's own user come first, and are never left out because of what others told
  // it.
  for (const auto origin : {LinkOrigin::local, LinkOrigin::lattice}) {
    for (const auto& info : links) {
      if (info.origin != origin || !listing.takes(bytes_of(info.link))) continue;
      listing.add(to_json(info, now, show_secrets));
    }
  }
}

void list_claims(json& into, const std::vector<ActorIdentity>& claims) {
  Listing listing(into, "claims");
  for (const auto& one : claims) {
    auto capabilities = join(one.capabilities.value_or(std::vector<std::string>{}), ",");
    auto tags = join(one.tags, ",");
    if (!listing.takes(one.name.size() + capabilities.size() + tags.size() + one.version.size())) {
      continue;
    }
    listing.add({{"values",
                  {{"sub", one.key},
                   {"iss", one.issuer},
                   {"name", one.name},
                   {"caps", std::move(capabilities)},
                   {"tags", std::move(tags)},
                   {"rev", std::to_string(one.revision)},
                   {"version", one.version}}}});
  }
}

}  // namespace trellis::admin
