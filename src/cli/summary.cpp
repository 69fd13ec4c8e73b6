#include "cli/summary.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <ostream>
#include <tuple>

#include "cli/columns.hpp"
#include "cli/printable.hpp"
#include "cli/views.hpp"
#include "client/names.hpp"
#include "identity/keys.hpp"

namespace trellis::cli {
namespace {

void replace_first(std::string& text, std::string_view what, std::string_view with) {
  if (const auto at = text.find(what); at != std::string::npos) text.replace(at, what.size(), with);
}

/// Address that is listened on, and how it is reached from here.
struct Listening {
  std::string bound;
  std::string here;
};

/// Addresses in "listening on http://…, https://… and 3 more", which is what HTTP servers say of
/// their health.
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

// Addresses come from the health of providers: they know what the system gave them for port 0.
std::vector<Listening> listening(const Inventory& inventory) {
  std::vector<Listening> all;
  for (const auto& provider : inventory.providers) collect_urls(provider.health.reason, all);
  return all;
}

/// Section of HTTP addresses, as bound: whoever opens a port to everybody shall see it.
std::string http_section(const Inventory& inventory) {
  std::string text;
  for (const auto& one : listening(inventory)) {
    text += text.empty() ? "\n\nHTTP" : "";
    text += "\n  " + one.bound;
    if (one.here != one.bound) text += fmt::format("  (every interface; here {})", one.here);
  }
  return text;
}

std::string indented(std::string text) {
  for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) {
    text.insert(at + 1, "  ");
  }
  return "  " + std::move(text);
}

std::string section(std::string_view title, std::string text) {
  return fmt::format("\n\n{}\n{}", title, indented(std::move(text)));
}

std::string section(std::string_view title, const Columns& columns) {
  return columns.empty() ? std::string() : section(title, columns.text());
}

/// Section with a table that fits within the indentation.
std::string section(std::string_view title, const TerminalTable& table, Display display) {
  constexpr std::size_t indentation = 2;
  if (display.width > indentation) display.width -= indentation;
  return table.empty() ? std::string() : section(title, table.text(display));
}

std::string name_of(const std::map<std::string, std::string>& names, const std::string& key) {
  const auto found = names.find(key);
  return found == names.end() ? key : found->second;
}

std::string key_cell(const std::string& key) {
  return std::string(client::short_key(key));
}

std::string actors_section(const Inventory& inventory, const Display& display) {
  Columns columns({"Name", "Key", "Revision", "File"});
  TerminalTable table({{"Name"}, {"Key", true}, {"Revision", true}, {"File"}});
  for (const auto& actor : inventory.actors) {
    const auto& identity = actor.identity;
    const auto revision = std::to_string(identity.revision);
    columns.row({identity.name, identity.key, revision, actor.source});
    table.row(
        {identity.name, key_cell(identity.key), revision, shown_source(actor.source, display)});
  }
  return display.people ? section("Actors", table, display) : section("Actors", columns);
}

std::string providers_section(const Inventory& inventory, const Display& display) {
  Columns columns({"Reference", "Contract", "Link name", "Key"});
  TerminalTable table({{"Reference"}, {"Key", true}, {"Contract"}, {"Link name"}});
  for (const auto& provider : inventory.providers) {
    if (provider.of_host) continue;
    columns.row({provider.source, provider.contract_id, provider.link_name, provider.key});
    table.row({shown_source(provider.source, display), key_cell(provider.key), provider.contract_id,
               provider.link_name});
  }
  return display.people ? section("Providers", table, display) : section("Providers", columns);
}

std::string links_section(const Inventory& inventory, const std::vector<LinkInfo>& links,
                          const Display& display) {
  std::map<std::string, std::string> names;
  for (const auto& actor : inventory.actors) names[actor.identity.key] = actor.identity.name;
  Columns columns({"Actor", "Contract", "Link name", "State"});
  TerminalTable table({{"Actor"}, {"Contract"}, {"Link name"}, {"State", true}});
  std::vector<std::array<std::string, 4>> rows;
  for (const auto& info : links) {
    rows.push_back({name_of(names, info.link.actor), info.link.contract_id, info.link.link_name,
                    std::string(to_string(info.state))});
  }
  std::ranges::sort(rows);  // by name, as the actors are
  for (const auto& [actor, contract, link_name, state] : rows) {
    columns.row({actor, contract, link_name, state});
    table.row({actor, contract, link_name, state_cell(state)});
  }
  return display.people ? section("Links", table, display) : section("Links", columns);
}

/// Section of the lattice; nothing for a host on its own.
std::string lattice_section(const LatticeInfo& lattice) {
  const auto on = [](ConnectionState state) { return state != ConnectionState::none; };
  if (!on(lattice.rpc) && !on(lattice.control)) return {};
  return fmt::format("\n\nLattice {}\n  calls {}, control {}, cache {}", printable(lattice.ns),
                     to_string(lattice.rpc), to_string(lattice.control),
                     on(lattice.cache) ? to_string(lattice.cache) : "of this host alone");
}

bool is_plain_word(std::string_view text) {
  return !text.empty() && text.size() < identity::public_key_chars &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
             std::string_view::npos &&
         text.front() != '-';
}

/// Name for the shell: the shortest text that is certain to name an actor on the command line.
/// Names come from claims of strangers and are copied to a shell: only plain words are offered.
std::string shell_name(const Inventory& inventory, const ActorIdentity& identity) {
  if (!identity.call_alias.empty()) return identity.call_alias;
  const auto same = std::ranges::count_if(inventory.actors, [&](const ActorInfo& other) {
    return other.identity.name == identity.name || other.identity.call_alias == identity.name;
  });
  return same == 1 && is_plain_word(identity.name) ? identity.name : identity.key;
}

// First line: host and process, short for people and whole for scripts.
std::string headline(const Inventory& inventory, const Display& display) {
  const auto name = name_of_host(inventory.labels);
  const auto host = display.people && !name.empty()
                        ? fmt::format("{} ({})", printable(name), key_cell(inventory.host_id))
                        : inventory.host_id;
  return fmt::format("Host {} is running (process {})", host, ::getpid());
}

}  // namespace

void print_failures(const Context& context, const apply::ApplyReport& report) {
  for (const auto& item : report.items) {
    if (item.ok()) continue;
    auto problem = fmt::format("{}: {} {}: {}", item.where, apply::to_string(item.kind), item.what,
                               item.problem);
    say(context, {ErrorCode::unavailable, printable(problem), printable(item.remedy)});
  }
}

void print_link_problems(const Context& context, const std::vector<LinkInfo>& links) {
  for (const auto& info : links) {
    // Problems of links come after the tables, where they do not scroll away.
    if (info.state == LinkState::bound) continue;
    say(context, Label::error,
        printable(fmt::format("link of {} to {} ({}) is {}{}{}", info.link.actor,
                              info.link.contract_id, info.link.link_name, to_string(info.state),
                              info.problem.empty() ? "" : ": ", info.problem)));
  }
}

std::vector<std::string> urls_in(std::string_view message) {
  std::vector<Listening> found;
  collect_urls(message, found);
  std::vector<std::string> urls;
  for (auto& one : found) urls.push_back(std::move(one.bound));
  return urls;
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

std::string summary(const Inventory& running, const std::vector<LinkInfo>& links,
                    const std::string& health_address, const Display& display) {
  auto inventory = running;
  // Order by name: keys are others with each build.
  std::ranges::sort(inventory.actors, {}, [](const ActorInfo& actor) {
    return std::tie(actor.identity.name, actor.identity.key);
  });
  auto text = headline(inventory, display);
  text += lattice_section(inventory.lattice);
  text += actors_section(inventory, display) + providers_section(inventory, display) +
          links_section(inventory, links, display);
  text += http_section(inventory);
  if (!health_address.empty()) {
    text += fmt::format("\n\nHealth\n  http://{0}/livez\n  http://{0}/readyz", health_address);
  }
  text += "\n\nLook at it    trellis get inventory";
  if (!inventory.actors.empty()) {
    text += "\nCall an actor trellis call " +
            printable(shell_name(inventory, inventory.actors[0].identity)) +
            " HealthRequest '{\"placeholder\":true}'";
  }
  return text + "\nCtrl-C ends it";
}

}  // namespace trellis::cli
