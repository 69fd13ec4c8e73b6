// trellis ctl get hosts|inventory|claims|links (cli.md 6).
#include <fmt/format.h>

#include <algorithm>

#include "base/redactor.hpp"
#include "cli/columns.hpp"
#include "cli/ctl_common.hpp"
#include "cli/durations.hpp"
#include "cli/lattice_names.hpp"
#include "cli/printable.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

struct CtlGetOptions {
  CtlFlags flags;
  std::string host;
};

Result<Answer> get_hosts(const Context& context, const CtlGetOptions& options) {
  auto client = connect_lattice(context, options.flags);
  if (!client) return pass(client);
  const auto hosts = (*client)->hosts();
  if (!hosts) return std::unexpected(hosts.error());
  Columns table({"Host ID", "Uptime (seconds)"});
  auto list = json::array();
  for (const auto& host : *hosts) {
    table.row({host.id, std::to_string(host.uptime.count())});
    list.push_back({{"id", host.id}, {"uptime", host.uptime.count()}});
  }
  return Answer{table.empty() ? "No hosts answered" : table.text(), {{"hosts", std::move(list)}}};
}

std::string inventory_text(const LatticeInventory& inventory) {
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
    providers.row(
        {provider.id, provider.name, provider.link_name, or_not_available(provider.image_ref)});
  }
  return fmt::format("Host Inventory ({})\n\n{}\n\n{}\n\n{}", printable(inventory.host_id),
                     labels.empty() ? "No labels present" : "Labels" + labels,
                     actors.empty() ? "No actors found" : actors.text(),
                     providers.empty() ? "No providers found" : providers.text());
}

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
    add_reference(one, provider.image_ref);
    made["providers"].push_back(std::move(one));
  }
  return made;
}

Result<Answer> get_inventory(const Context& context, const CtlGetOptions& options) {
  auto client = connect_lattice(context, options.flags);
  if (!client) return pass(client);
  if (!options.host.empty()) {
    const auto host = lattice_host(**client, options.host);
    if (!host) return std::unexpected(host.error());
    const auto inventory = (*client)->inventory(*host);
    if (!inventory) return std::unexpected(inventory.error());
    return Answer{inventory_text(*inventory), {{"inventory", inventory_json(*inventory)}}};
  }
  const auto all = (*client)->inventories();
  if (!all) return std::unexpected(all.error());
  std::string text;
  auto list = json::array();
  for (const auto& inventory : *all) {
    if (!text.empty()) text += "\n\n";
    text += inventory_text(inventory);
    list.push_back(inventory_json(inventory));
  }
  return Answer{text.empty() ? "No hosts answered" : std::move(text),
                {{"inventories", std::move(list)}}};
}

std::string claim(const std::map<std::string, std::string>& claims, const char* name) {
  const auto found = claims.find(name);
  return found == claims.end() ? std::string() : found->second;
}

Result<Answer> get_claims(const Context& context, const CtlGetOptions& options) {
  auto client = connect_lattice(context, options.flags);
  if (!client) return pass(client);
  const auto all = (*client)->claims();
  if (!all) return std::unexpected(all.error());
  Columns table({"Subject", "Issuer", "Version", "Revision", "Capabilities"});
  auto list = json::array();
  for (const auto& claims : *all) {
    table.row({claim(claims, "sub"), claim(claims, "iss"), claim(claims, "version"),
               claim(claims, "rev"), claim(claims, "caps")});
    list.push_back({{"values", claims}});
  }
  return Answer{table.empty() ? "No claims found" : table.text(),
                {{"claims", {{"claims", std::move(list)}}}}};
}

/// What the hosts say of one link: the one that has the provider knows most and comes first.
const LatticeLinkState* state_of(const Link& link, const std::vector<LatticeLinkState>& states) {
  const auto found = std::ranges::find_if(states, [&](const LatticeLinkState& one) {
    return one.link.actor == link.actor && one.link.contract_id == link.contract_id &&
           one.link.link_name == link.link_name && one.link.provider_id == link.provider_id;
  });
  return found == states.end() ? nullptr : &*found;
}

Result<Answer> get_links(const Context& context, const CtlGetOptions& options) {
  auto client = connect_lattice(context, options.flags);
  if (!client) return pass(client);
  const auto links = (*client)->links();
  if (!links) return std::unexpected(links.error());
  // Nobody answers where all hosts are first-party ones.
  const auto states = (*client)->link_states().value_or(std::vector<LatticeLinkState>());
  Columns table({"Actor ID", "Contract ID", "Link Name", "Provider ID", "State", "Age", "Host",
                 "Values", "Problem"});
  auto list = json::array();
  for (const auto& link : *links) {
    const auto shown = shown_values(link.values);
    std::string values;
    for (const auto& [key, value] : shown) {
      values += fmt::format("{}{}={}", values.empty() ? "" : " ", key, value);
    }
    json one{{"actor_id", link.actor},
             {"provider_id", link.provider_id},
             {"link_name", link.link_name},
             {"contract_id", link.contract_id},
             {"values", shown}};
    const auto* state = state_of(link, states);
    if (state == nullptr) {
      table.row({link.actor, link.contract_id, link.link_name, link.provider_id, "not told", "", "",
                 values, ""});
    } else {
      const bool somewhere = state->state != LinkState::elsewhere;
      table.row({link.actor, link.contract_id, link.link_name, link.provider_id,
                 somewhere ? std::string(to_string(state->state)) : "no provider",
                 age_text(state->age), somewhere ? state->host_id : "", values, state->problem});
      one["state"] = to_string(state->state);
      one["problem"] = state->problem;
      one["age_s"] = state->age.count();
      if (somewhere) one["host_id"] = state->host_id;
    }
    list.push_back(std::move(one));
  }
  return Answer{table.empty() ? "No links found" : table.text(), {{"links", std::move(list)}}};
}

using LatticeQuery = Result<Answer> (*)(const Context&, const CtlGetOptions&);

void add_query(Command& parent, Context& context, const char* name, const char* help,
               LatticeQuery query, bool of_host = false) {
  auto& leaf = parent.add_subcommand(name, help);
  auto options = std::make_shared<CtlGetOptions>();
  if (of_host) {
    leaf.add_option(
        "host", options->host,
        "Id, name or label (zone=a) of a host, or the beginning of its id; all hosts without");
  }
  add_ctl_options(leaf, options->flags);
  add_leaf(leaf, context, [options, query, &context](auto&) { return query(context, *options); });
}

}  // namespace

void add_ctl_links_query(Command& parent, Context& context, const char* name) {
  add_query(parent, context, name, "Links of the lattice", get_links);
}

void add_ctl_get(Command& ctl, Context& context) {
  auto& get = ctl.add_subcommand("get", "Look at hosts, what they run, claims and links");
  get.require_subcommand();
  add_query(get, context, "hosts", "Hosts of the lattice", get_hosts);
  add_query(get, context, "inventory", "What a host runs", get_inventory, true);
  add_query(get, context, "claims", "Claims of the lattice's actors", get_claims);
  add_ctl_links_query(get, context, "links");
}

}  // namespace trellis::cli
