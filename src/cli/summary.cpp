#include "cli/summary.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <ostream>

#include "cli/columns.hpp"
#include "cli/printable.hpp"

namespace trellis::cli {
namespace {

void replace_first(std::string& text, std::string_view what, std::string_view with) {
  if (const auto at = text.find(what); at != std::string::npos) text.replace(at, what.size(), with);
}

/// One address that is listened on, and how it is reached from here.
struct Listening {
  std::string bound;
  std::string here;
};

/// The addresses in "listening on http://…, https://… and 3 more".
void collect_urls(std::string_view message, std::vector<Listening>& urls) {
  for (auto at = message.find("http"); at != std::string_view::npos;
       at = message.find("http", at)) {
    const auto end = message.find_first_of(", \t", at);
    std::string url(message.substr(at, end - at));
    at += std::max<std::size_t>(url.size(), 1);
    if (!url.starts_with("http://") && !url.starts_with("https://")) continue;
    auto here = url;
    replace_first(here, "//0.0.0.0:", "//127.0.0.1:");
    replace_first(here, "//[::]:", "//[::1]:");
    urls.push_back({printable(url), printable(here)});
  }
}

std::vector<Listening> listening(const Inventory& inventory) {
  std::vector<Listening> all;
  for (const auto& provider : inventory.providers) collect_urls(provider.health.reason, all);
  return all;
}

/// Whoever opens a port to everybody shall see it.
std::string http_section(const Inventory& inventory) {
  std::string text;
  for (const auto& one : listening(inventory)) {
    text += text.empty() ? "\n\nHTTP" : "";
    text += "\n  " + one.bound;
    if (one.here != one.bound) text += fmt::format("  (every interface; here {})", one.here);
  }
  return text;
}

std::string section(std::string_view title, const Columns& columns) {
  return columns.empty() ? std::string() : fmt::format("\n\n{}\n{}", title, columns.text(2));
}

std::string name_of(const std::map<std::string, std::string>& names, const std::string& key) {
  const auto found = names.find(key);
  return found == names.end() ? key : found->second;
}

std::string actors_section(const Inventory& inventory) {
  Columns columns({"Name", "Key", "Revision", "File"});
  for (const auto& actor : inventory.actors) {
    columns.row({actor.identity.name, actor.identity.key, std::to_string(actor.identity.revision),
                 actor.source});
  }
  return section("Actors", columns);
}

std::string providers_section(const Inventory& inventory) {
  Columns columns({"Reference", "Contract", "Link name", "Key"});
  for (const auto& provider : inventory.providers) {
    if (provider.of_host) continue;
    columns.row({provider.source, provider.contract_id, provider.link_name, provider.key});
  }
  return section("Providers", columns);
}

std::string links_section(const Inventory& inventory, const std::vector<LinkInfo>& links) {
  std::map<std::string, std::string> names;
  for (const auto& actor : inventory.actors) names[actor.identity.key] = actor.identity.name;
  Columns columns({"Actor", "Contract", "Link name", "State"});
  for (const auto& info : links) {
    columns.row({name_of(names, info.link.actor), info.link.contract_id, info.link.link_name,
                 std::string(to_string(info.state))});
  }
  return section("Links", columns);
}

/// Nothing for a host on its own.
std::string lattice_section(const LatticeInfo& lattice) {
  const auto on = [](ConnectionState state) { return state != ConnectionState::none; };
  if (!on(lattice.rpc) && !on(lattice.control)) return {};
  return fmt::format("\n\nLattice {}\n  calls {}, control {}, cache {}", printable(lattice.ns),
                     to_string(lattice.rpc), to_string(lattice.control),
                     on(lattice.cache) ? to_string(lattice.cache) : "of this host alone");
}

/// The shortest text that is certain to name an actor on the command line.
std::string shell_name(const ActorIdentity& identity) {
  return identity.call_alias.empty() ? identity.key : identity.call_alias;
}

}  // namespace

void print_failures(std::ostream& err, const apply::ApplyReport& report) {
  for (const auto& item : report.items) {
    if (item.ok()) continue;
    err << printable(fmt::format("Error: {}: {} {}: {}", item.where, apply::to_string(item.kind),
                                 item.what, item.problem))
        << '\n';
    if (!item.remedy.empty()) err << "Hint: " << printable(item.remedy) << '\n';
  }
}

void print_link_problems(std::ostream& err, const std::vector<LinkInfo>& links) {
  for (const auto& info : links) {
    if (info.state == LinkState::bound) continue;
    err << printable(fmt::format("Error: link of {} to {} ({}) is {}{}{}", info.link.actor,
                                 info.link.contract_id, info.link.link_name, to_string(info.state),
                                 info.problem.empty() ? "" : ": ", info.problem))
        << '\n';
  }
}

std::vector<std::string> http_urls(const Inventory& inventory) {
  std::vector<std::string> urls;
  for (auto& one : listening(inventory)) urls.push_back(std::move(one.here));
  return urls;
}

std::string problem_count(std::size_t problems) {
  if (problems == 0) return "no problems";
  return fmt::format("{} problem{}", problems, problems == 1 ? "" : "s");
}

std::string summary(const Inventory& inventory, const std::vector<LinkInfo>& links,
                    const std::string& health_address) {
  auto text = fmt::format("Host {} is running (process {})", inventory.host_id, ::getpid());
  text += lattice_section(inventory.lattice);
  text +=
      actors_section(inventory) + providers_section(inventory) + links_section(inventory, links);
  text += http_section(inventory);
  if (!health_address.empty()) {
    text += fmt::format("\n\nHealth\n  http://{0}/livez\n  http://{0}/readyz", health_address);
  }
  text += "\n\nLook at it    trellis get inventory";
  if (!inventory.actors.empty()) {
    text += "\nCall an actor trellis call " + printable(shell_name(inventory.actors[0].identity)) +
            " HealthRequest '{\"placeholder\":true}'";
  }
  return text + "\nCtrl-C ends it";
}

}  // namespace trellis::cli
