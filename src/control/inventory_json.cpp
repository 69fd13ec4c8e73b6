#include "control/inventory_json.hpp"

#include <algorithm>
#include <string>

#include "base/redactor.hpp"
#include "base/text.hpp"

namespace trellis::control {
namespace {

using nlohmann::json;

std::int64_t age_ms(WallTime then, WallTime now) {
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - then).count();
  return std::max<std::int64_t>(0, age);
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
            {"contract_id", provider.contract_id},
            {"calls", provider.calls},
            {"errors", provider.errors},
            {"timeouts", provider.timeouts},
            {"stuck_threads", provider.stuck_threads},
            {"running_ms", age_ms(provider.started, now)},
            {"health", to_json(provider.health, now)}};
  if (provider.own_process) {
    made["process"] = {
        {"pid", provider.pid}, {"restarts", provider.restarts}, {"last_end", provider.last_end}};
  }
  return made;
}

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

json to_json(const std::vector<LinkInfo>& links, bool show_secrets) {
  auto made = json::array();
  for (const auto& info : links) {
    made.push_back({{"actor_id", info.link.actor},
                    {"contract_id", info.link.contract_id},
                    {"link_name", info.link.link_name},
                    {"provider_id", info.link.provider_id},
                    {"values", show_secrets ? info.link.values : shown_values(info.link.values)},
                    {"state", to_string(info.state)},
                    {"origin", to_string(info.origin)},
                    {"problem", info.problem},
                    {"attempts", info.attempts}});
  }
  return made;
}

json to_json(const std::vector<ActorIdentity>& claims) {
  auto made = json::array();
  for (const auto& one : claims) {
    made.push_back({{"values",
                     {{"sub", one.key},
                      {"iss", one.issuer},
                      {"name", one.name},
                      {"caps", join(one.capabilities.value_or(std::vector<std::string>{}), ",")},
                      {"tags", join(one.tags, ",")},
                      {"rev", std::to_string(one.revision)},
                      {"version", one.version}}}});
  }
  return made;
}

}  // namespace trellis::control
