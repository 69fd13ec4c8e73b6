// trellis get hosts|inventory|claims|links from a lattice, over NATS (cli.md 6).
#include <fmt/format.h>

#include <algorithm>

#include "base/redactor.hpp"
#include "cli/columns.hpp"
#include "cli/durations.hpp"
#include "cli/get.hpp"
#include "cli/lattice_names.hpp"
#include "cli/printable.hpp"
#include "cli/views.hpp"
#include "host/call/entities.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

/// Providers that every host has for itself: the cache of its lattice and the extras (host.md 8.5).
/// Keys, not names, tell them: a name can be anybody's.
bool is_of_host(const LatticeProvider& provider) {
  if (provider.id == host::lattice_cache_key) {
    return provider.link_name == host::lattice_cache_link;
  }
  return provider.link_name == "default" && builtin_of_key(provider.id) == "builtin:extras";
}

/// Inventories of the hosts, of those that answer: they are there to say names, and their lack is
/// no error.
std::vector<LatticeInventory> inventories_of(Client& client) {
  return client.inventories().value_or(std::vector<LatticeInventory>());
}

LabelMap labels_of(const std::vector<LatticeInventory>& inventories, const std::string& host) {
  const auto found = std::ranges::find(inventories, host, &LatticeInventory::host_id);
  return found == inventories.end() ? LabelMap() : found->labels;
}

// Inventory for people; hosts of a lattice do not tell ages, calls and links.
ShownInventory shown(const LatticeInventory& inventory, bool all) {
  ShownInventory made;
  made.host = {.id = inventory.host_id, .labels = inventory.labels};
  for (const auto& actor : inventory.actors) {
    made.actors.push_back({.name = actor.name,
                           .key = actor.id,
                           .revision = std::to_string(actor.revision),
                           .source = actor.image_ref});
  }
  for (const auto& provider : inventory.providers) {
    if (!all && is_of_host(provider)) continue;
    auto source = provider.image_ref;
    if (source.empty()) source = builtin_of_key(provider.id);
    made.providers.push_back({.name = provider.name,
                              .key = provider.id,
                              .link_name = provider.link_name,
                              .source = std::move(source)});
  }
  return made;
}

std::string inventory_text(const LatticeInventory& inventory, const Display& display, bool all) {
  // Two forms: short for people on a terminal, and that of first-party tools, whole, for everything
  // else.
  if (display.people) return inventory_view(shown(inventory, all), display);
  std::string labels;
  for (const auto& [key, value] : inventory.labels) {
    labels += fmt::format("\n  {}={}", printable(key), printable(value));
  }
  Columns actors({"Actor ID", "Name", "Revision", "Image Reference"});
  for (const auto& actor : inventory.actors) {
    actors.row(
        {actor.id, actor.name, std::to_string(actor.revision), or_not_available(actor.image_ref)});
  }
  Columns providers({"Provider ID", "Name", "Link Name", "Image Reference"});
  for (const auto& provider : inventory.providers) {
    if (!all && is_of_host(provider)) continue;
    providers.row(
        {provider.id, provider.name, provider.link_name, or_not_available(provider.image_ref)});
  }
  return fmt::format("Host Inventory ({})\n\n{}\n\n{}\n\n{}", printable(inventory.host_id),
                     labels.empty() ? "No labels present" : "Labels" + labels,
                     actors.empty() ? "No actors found" : actors.text(),
                     providers.empty() ? "No providers found" : providers.text());
}

// Members as first-party tools have them; references only where there are any (cli.md 6).
json inventory_json(const LatticeInventory& inventory) {
  const auto add_reference = [](json& object, const std::string& reference) {
    if (!reference.empty()) object["image_ref"] = reference;
  };
  json made{{"host_id", inventory.host_id},
            {"labels", inventory.labels},
            {"actors", json::array()},
            {"providers", json::array()}};
  for (const auto& actor : inventory.actors) {
    json one{{"id", actor.id}, {"name", actor.name}, {"revision", actor.revision}};
    add_reference(one, actor.image_ref);
    made["actors"].push_back(std::move(one));
  }
  for (const auto& provider : inventory.providers) {
    json one{{"id", provider.id},
             {"name", provider.name},
             {"link_name", provider.link_name},
             {"revision", provider.revision}};
    if (is_of_host(provider)) one["of_host"] = true;
    add_reference(one, provider.image_ref);
    made["providers"].push_back(std::move(one));
  }
  return made;
}

std::string claim(const std::map<std::string, std::string>& claims, const char* name) {
  const auto found = claims.find(name);
  return found == claims.end() ? std::string() : found->second;
}

/// State of one link as the hosts tell it: the one that has the provider knows most and comes
/// first.
const LatticeLinkState* state_of(const Link& link, const std::vector<LatticeLinkState>& states) {
  const auto found = std::ranges::find_if(states, [&](const LatticeLinkState& one) {
    return one.link.actor == link.actor && one.link.contract_id == link.contract_id &&
           one.link.link_name == link.link_name && one.link.provider_id == link.provider_id;
  });
  return found == states.end() ? nullptr : &*found;
}

/// Directory of a lattice: who is who, to say names.
class Directory {
 public:
  explicit Directory(std::vector<LatticeInventory> hosts) : hosts_(std::move(hosts)) {
    for (const auto& host : hosts_) {
      for (const auto& actor : host.actors) actors_[actor.id] = actor.name;
      for (const auto& provider : host.providers) {
        // Built-in providers by reference, which is what users write.
        const auto builtin = builtin_of_key(provider.id);
        providers_[provider.id] = builtin.empty() ? provider.name : builtin;
      }
    }
  }

  [[nodiscard]] std::string actor(const std::string& key) const { return at(actors_, key); }
  [[nodiscard]] std::string provider(const std::string& key) const {
    const auto name = at(providers_, key);
    return name.empty() ? builtin_of_key(key) : name;
  }
  [[nodiscard]] std::string host(const std::string& id, const Display& display) const {
    return id.empty() ? id : host_cell(labels_of(hosts_, id), id, display);
  }

 private:
  static std::string at(const LabelMap& names, const std::string& key) {
    const auto found = names.find(key);
    return found == names.end() ? std::string() : found->second;
  }

  std::vector<LatticeInventory> hosts_;
  LabelMap actors_;
  LabelMap providers_;
};

/// Link with what the host that knows most says of it. Ids are whole.
ShownLink shown(const Link& link, const LatticeLinkState* state) {
  ShownLink made{.actor = {},
                 .actor_key = link.actor,
                 .contract = link.contract_id,
                 .link_name = link.link_name,
                 .provider = {},
                 .provider_key = link.provider_id,
                 .state = "not told",
                 .age = {},
                 .host = {},
                 .values = shown_values(link.values),
                 .problem = {}};
  if (state == nullptr) return made;
  // Elsewhere, said by the host that knows most, means that no host has the provider.
  const bool somewhere = state->state != LinkState::elsewhere;
  made.state = somewhere ? std::string(to_string(state->state)) : "no provider";
  made.age = age_text(state->age);
  if (somewhere) made.host = state->host_id;
  made.problem = state->problem;
  return made;
}

json link_json(const ShownLink& link, const LatticeLinkState* state) {
  json one{{"actor_id", link.actor_key},
           {"provider_id", link.provider_key},
           {"link_name", link.link_name},
           {"contract_id", link.contract},
           {"values", link.values}};
  if (state == nullptr) return one;
  one["state"] = to_string(state->state);
  one["problem"] = state->problem;
  one["age_s"] = state->age.count();
  if (!link.host.empty()) one["host_id"] = link.host;
  return one;
}

}  // namespace

Result<Answer> lattice_hosts(const Context& context, const GetOptions& options) {
  auto client = connect_lattice(context, options.reach.lattice);
  if (!client) return pass(client);
  const auto hosts = (*client)->hosts();
  if (!hosts) return pass(hosts);
  Columns table({"Host ID", "Uptime (seconds)"});
  const auto display = display_of(context, options.wide);
  const auto inventories =
      // Labels cost another round of the lattice: asked for only where names are shown.
      display.people ? inventories_of(**client) : std::vector<LatticeInventory>();
  std::vector<ShownHost> shown;
  auto list = json::array();
  for (const auto& host : *hosts) {
    table.row({host.id, std::to_string(host.uptime.count())});
    shown.push_back({host.id, labels_of(inventories, host.id), host.uptime, {}});
    json one{{"id", host.id}, {"uptime", host.uptime.count()}};
    if (options.wide) {
      one["name"] = name_of_host(shown.back().labels);
      one["labels"] = shown.back().labels;
    }
    list.push_back(std::move(one));
  }
  auto text = display.people ? hosts_view(shown, display) : table.text();
  return Answer{shown.empty() ? "No hosts answered" : std::move(text),
                {{"hosts", std::move(list)}}};
}

Result<Answer> lattice_inventory(const Context& context, const GetOptions& options) {
  auto client = connect_lattice(context, options.reach.lattice);
  if (!client) return pass(client);
  const auto display = display_of(context, options.wide);
  if (!options.reach.host.host.empty()) {
    const auto host = lattice_host(**client, options.reach.host.host);
    if (!host) return pass(host);
    const auto inventory = (*client)->inventory(*host);
    if (!inventory) return pass(inventory);
    return Answer{inventory_text(*inventory, display, options.all),
                  {{"inventory", inventory_json(*inventory)}}};
  }
  const auto all = (*client)->inventories();
  if (!all) return pass(all);
  std::string text;
  auto list = json::array();
  for (const auto& inventory : *all) {
    if (!text.empty()) text += "\n\n";
    text += inventory_text(inventory, display, options.all);
    list.push_back(inventory_json(inventory));
  }
  return Answer{text.empty() ? "No hosts answered" : std::move(text),
                {{"inventories", std::move(list)}}};
}

Result<Answer> lattice_links(const Context& context, const GetOptions& options) {
  auto client = connect_lattice(context, options.reach.lattice);
  if (!client) return pass(client);
  const auto links = (*client)->links();
  if (!links) return pass(links);
  // States are our own addition: no answer comes where all hosts are first-party ones.
  const auto states = (*client)->link_states().value_or(std::vector<LatticeLinkState>());
  std::vector<ShownLink> all;
  auto list = json::array();
  for (const auto& link : *links) {
    const auto* state = state_of(link, states);
    all.push_back(shown(link, state));
    list.push_back(link_json(all.back(), state));
  }
  const auto display = display_of(context, options.wide);
  std::string text = "No links found";
  if (!all.empty() && display.people) {
    // Names are asked for last, and only for people: the links themselves need none.
    const Directory directory(inventories_of(**client));
    for (auto& link : all) {
      link.actor = directory.actor(link.actor_key);
      link.provider = directory.provider(link.provider_key);
      link.host = directory.host(link.host, display);
    }
    text = links_view(all, display);
  } else if (!all.empty()) {
    text = links_table(all);
  }
  return Answer{std::move(text), {{"links", std::move(list)}}};
}

Result<Answer> lattice_claims(const Context& context, const GetOptions& options) {
  auto client = connect_lattice(context, options.reach.lattice);
  if (!client) return pass(client);
  const auto all = (*client)->claims();
  if (!all) return pass(all);
  Columns table({"Subject", "Issuer", "Version", "Revision", "Capabilities"});
  auto list = json::array();
  std::vector<ShownClaims> shown;
  for (const auto& claims : *all) {
    shown.push_back({.name = claim(claims, "name"),
                     .key = claim(claims, "sub"),
                     .issuer = claim(claims, "iss"),
                     .revision = claim(claims, "rev"),
                     .version = claim(claims, "version"),
                     .capabilities = claim(claims, "caps")});
    const auto& row = shown.back();
    table.row({row.key, row.issuer, row.version, row.revision, row.capabilities});
    list.push_back({{"values", claims}});
  }
  std::string text = table.empty() ? "No claims found" : table.text();
  const auto display = display_of(context, options.wide);
  if (!shown.empty() && display.people) {
    const Directory directory(inventories_of(**client));
    for (auto& one : shown) {
      if (one.name.empty()) one.name = directory.actor(one.key);
    }
    text = claims_view(shown, display);
  }
  return Answer{std::move(text), {{"claims", {{"claims", std::move(list)}}}}};
}

}  // namespace trellis::cli
