// Tables for people on a terminal. What programs read is in Columns and JSON, whole and in the form
// of first-party tools; here keys are short, usual values are left out, and columns give way to the
// width.
#include "cli/views.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/columns.hpp"
#include "cli/durations.hpp"
#include "cli/link_report.hpp"
#include "cli/printable.hpp"
#include "client/names.hpp"
#include "host/state/builtins.hpp"
#include "trellis/host_types.hpp"

namespace trellis::cli {
namespace {

std::string shown_key(const std::string& key, const Display& display) {
  return display.full ? key : std::string(client::short_key(key));
}

/// Contract in short, "keyvalue" of "wasmcloud:keyvalue": nearly all begin so.
std::string shown_contract(const std::string& contract, const Display& display) {
  constexpr std::string_view first_party = "wasmcloud:";
  return !display.full && contract.starts_with(first_party) ? contract.substr(first_party.size())
                                                            : contract;
}

// Link name where it says something: nearly all are `default`.
std::string shown_link_name(const std::string& name, const Display& display) {
  return !display.full && name == "default" ? std::string() : name;
}

// By the beginning: the text may go on with a reason, which is the provider's own.
Tone tone_of_health(const std::string& health) {
  if (health.starts_with("healthy")) return Tone::good;
  return health.starts_with("unhealthy") ? Tone::bad : Tone::waiting;
}

std::string pairs(const LabelMap& values, std::string_view between) {
  std::string text;
  for (const auto& [key, value] : values) {
    text += fmt::format("{}{}={}", text.empty() ? "" : between, key, value);
  }
  return text;
}

/// Labels the user gave, without those that every host has about its machine.
LabelMap own_labels(LabelMap labels) {
  std::erase_if(labels, [](const auto& label) { return label.first.starts_with("hostcore."); });
  return labels;
}

std::string actors_view(const std::vector<ShownActor>& actors, const Display& display) {
  TerminalTable table({{"Actor"},
                       {"Key", true},
                       {"Revision"},
                       {"Age", true},
                       {"Health"},
                       {"Instances"},
                       {"Calls", true},
                       {"Errors", true},
                       {"Source"}});
  for (const auto& one : actors) {
    table.row({one.name,
               shown_key(one.key, display),
               one.revision,
               one.age,
               {one.health, tone_of_health(one.health)},
               one.instances,
               one.calls,
               one.errors,
               shown_source(one.source, display)});
  }
  return table.empty() ? "No actors found" : table.text(display);
}

std::string providers_view(const std::vector<ShownProvider>& providers, const Display& display) {
  TerminalTable table({{"Provider", true},
                       {"Key", true},
                       {"Link name"},
                       {"Contract"},
                       {"Age", true},
                       {"Health"},
                       {"Listens on", true},
                       {"Calls", true},
                       {"Errors", true},
                       {"Runs"},
                       {"Name"}});
  for (const auto& one : providers) {
    const auto source = shown_source(one.source, display);
    // Built-in providers by reference, others by their file: names are what their makers liked.
    const bool builtin = source.starts_with(host::builtin_prefix);
    table.row({source.empty() ? one.name : source,
               shown_key(one.key, display),
               shown_link_name(one.link_name, display),
               shown_contract(one.contract, display),
               one.age,
               {one.health, tone_of_health(one.health)},
               one.urls,
               one.calls,
               one.errors,
               one.runs,
               source.empty() || (builtin && !display.full) ? std::string() : one.name});
  }
  return table.empty() ? "No providers found" : table.text(display);
}

/// Line beside a table, as wide as the terminal at most.
std::string fitting(std::string line, const Display& display) {
  line = printable(line);
  return display.width == 0 ? line : cut_to_width(line, display.width);
}

/// Address where the link serves; empty for other contracts.
std::string serves(const ShownLink& link) {
  const auto url = url_of_link(link.contract, link.values);
  return url.substr(0, url.find(' '));
}

}  // namespace

std::string shown_source(const std::string& source, const Display& display) {
  return display.full || !source.starts_with('/') ? source : source.substr(source.rfind('/') + 1);
}

Cell state_cell(const std::string& state) {
  switch (link_state_of(state)) {
    case LinkState::bound: return {state, Tone::good};
    case LinkState::failed:
    case LinkState::refused: return {state, Tone::bad};
    case LinkState::waiting_for_actor: return {"waits for actor", Tone::waiting};
    case LinkState::waiting_for_provider: return {"waits for provider", Tone::waiting};
    case LinkState::binding: return {state, Tone::waiting};
    // Neither good nor bad here: the host that has the provider knows.
    case LinkState::elsewhere: break;
  }
  return state;
}

std::string name_of_host(const LabelMap& labels) {
  const auto found = labels.find(std::string(client::host_name_label));
  return found == labels.end() ? std::string() : found->second;
}

std::string host_cell(const LabelMap& labels, const std::string& id, const Display& display) {
  const auto name = name_of_host(labels);
  return name.empty() ? shown_key(id, display) : name;
}

std::string hosts_view(const std::vector<ShownHost>& hosts, const Display& display) {
  TerminalTable table({{"Name"}, {"Host", true}, {"Uptime", true}, {"Process", true}, {"Labels"}});
  for (const auto& host : hosts) {
    table.row({name_of_host(host.labels), shown_key(host.id, display), age_text(host.uptime),
               host.process, pairs(own_labels(host.labels), ",")});
  }
  return table.empty() ? "" : table.text(display);
}

std::string inventory_view(const ShownInventory& inventory, const Display& display) {
  const auto& host = inventory.host;
  const auto name = name_of_host(host.labels);
  const auto id = shown_key(host.id, display);
  auto text = name.empty() ? "Host " + id : fmt::format("Host {} ({})", name, id);
  // Lattices do not tell the uptime with the inventory.
  if (host.uptime.count() > 0) text += ", up " + age_text(host.uptime);
  const auto labels = pairs(display.full ? host.labels : own_labels(host.labels), ", ");
  text = fitting(std::move(text), display);
  if (!labels.empty()) text += '\n' + fitting("Labels: " + labels, display);
  text += fmt::format("\n\n{}\n\n{}", actors_view(inventory.actors, display),
                      providers_view(inventory.providers, display));
  if (!inventory.has_links) return text;
  const auto links = links_view(inventory.links, display);
  return text + "\n\n" + (links.empty() ? "No links found" : links);
}

std::string links_view(const std::vector<ShownLink>& links, const Display& display) {
  TerminalTable table({{"Actor"},
                       {"Actor key", true},
                       {"Contract"},
                       {"Link name"},
                       {"Provider"},
                       {"Provider key", true},
                       {"State", true},
                       {"Age", true},
                       {"Host"},
                       {"Serves", true},
                       {"Values"},
                       {"Problem"}});
  for (const auto& link : links) {
    const auto url = serves(link);
    // Columns that stay empty are left out by the table: keys are shown only when everything is.
    const auto key = [&](const std::string& its) { return display.full ? its : std::string(); };
    table.row({link.actor.empty() ? shown_key(link.actor_key, display) : link.actor,
               key(link.actor_key), shown_contract(link.contract, display),
               shown_link_name(link.link_name, display),
               link.provider.empty() ? shown_key(link.provider_key, display) : link.provider,
               key(link.provider_key), state_cell(link.state), link.age, link.host, url,
               url.empty() || display.full ? pairs(link.values, " ") : "", link.problem});
  }
  return table.empty() ? "" : table.text(display);
}

std::string claims_view(const std::vector<ShownClaims>& claims, const Display& display) {
  TerminalTable table({{"Actor"},
                       {"Key", true},
                       {"Revision", true},
                       {"Version", true},
                       {"Issuer", true},
                       {"Capabilities"}});
  for (const auto& one : claims) {
    std::string contracts;
    for (const auto contract : split(one.capabilities, ',')) {
      if (!contracts.empty()) contracts += ", ";
      contracts += shown_contract(std::string(contract), display);
    }
    table.row({one.name, shown_key(one.key, display), one.revision, one.version,
               shown_key(one.issuer, display), contracts});
  }
  return table.empty() ? "" : table.text(display);
}

std::string links_table(const std::vector<ShownLink>& links) {
  Columns table({"Actor ID", "Contract ID", "Link Name", "Provider ID", "State", "Age", "Host",
                 "Values", "Problem"});
  for (const auto& link : links) {
    std::string values;
    for (const auto& [key, value] : link.values) {
      values += fmt::format("{}{}={}", values.empty() ? "" : " ", key, value);
    }
    table.row({link.actor_key, link.contract, link.link_name, link.provider_key, link.state,
               link.age, link.host, values, link.problem});
  }
  return table.text();
}

}  // namespace trellis::cli
