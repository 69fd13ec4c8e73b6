// trellis get hosts|inventory|links|claims from a host of this machine, over its control socket
// (cli.md 6).
#include <fmt/format.h>

#include <ostream>

#include "base/text.hpp"
#include "cli/columns.hpp"
#include "cli/durations.hpp"
#include "cli/get.hpp"
#include "cli/printable.hpp"
#include "cli/summary.hpp"
#include "cli/views.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

// Lists of an answer; an empty one for anything else. The host may be of another version than this
// command.
const json& list_of(const json& object, const char* name) {
  static const json none = json::array();
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : none;
}

// Age with its unit, in the one that keeps the number small.
std::string age(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) return {};
  const auto seconds = found->get<std::int64_t>() / 1000;
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 7200) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} h", seconds / 3600);
}

/// Health with its age, "healthy, 12 s ago": a state without it would be taken for the truth of
/// this moment.
std::string health_text(const json& entity) {
  const auto health = entity.value("health", json::object());
  auto text = text_of(health, "state");
  if (const auto ago = age(health, "checked_ms_ago"); !ago.empty()) text += ", " + ago + " ago";
  if (text_of(health, "state") == "unhealthy") text += ": " + text_of(health, "reason");
  return text;
}

// Problem of a link, with the number of attempts: one that is tried again is another matter than
// one that was refused.
std::string problem_of(const json& link) {
  const auto attempts = text_of(link, "attempts");
  auto problem = text_of(link, "problem");
  if (problem.empty() || attempts == "0") return problem;
  return fmt::format("{} (attempt {})", problem, attempts);
}

std::string age_of(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) return {};
  return age_text(std::chrono::milliseconds(found->get<std::int64_t>()));
}

// Members of an object as texts, whatever they are.
LabelMap texts_of(const json& object, const char* name) {
  LabelMap texts;
  const auto found = object.find(name);
  if (found == object.end() || !found->is_object()) return texts;
  for (const auto& [key, value] : found->items()) texts[key] = text_of(*found, key.c_str());
  return texts;
}

bool is_shown(const json& provider, const GetOptions& flags) {
  return flags.all || !provider.value("of_host", false);
}

/// Names of keys, as far as the host knows: keys to names.
struct KnownNames {
  LabelMap actors;
  LabelMap providers;
};

std::string known(const LabelMap& names, const std::string& key) {
  const auto found = names.find(key);
  return found == names.end() ? std::string() : found->second;
}

KnownNames names_in(const json& inventory, const json& claims) {
  KnownNames names;
  // Claims first: running actors overwrite them, for their names are the current ones.
  for (const auto& one : list_of(claims, "claims")) {
    const auto values = one.value("values", json::object());
    names.actors[text_of(values, "sub")] = text_of(values, "name");
  }
  for (const auto& one : list_of(inventory, "actors")) {
    names.actors[text_of(one, "id")] = text_of(one, "name");
  }
  for (const auto& one : list_of(inventory, "providers")) {
    const auto source = text_of(one, "image_ref");
    names.providers[text_of(one, "id")] =
        source.starts_with("builtin:") ? source : text_of(one, "name");
  }
  return names;
}

std::vector<ShownLink> shown_links(const json& links, const KnownNames& names,
                                   const std::string& host = {}) {
  std::vector<ShownLink> all;
  for (const auto& link : links) {
    const auto actor = text_of(link, "actor_id");
    const auto provider = text_of(link, "provider_id");
    all.push_back({.actor = known(names.actors, actor),
                   .actor_key = actor,
                   .contract = text_of(link, "contract_id"),
                   .link_name = text_of(link, "link_name"),
                   .provider = known(names.providers, provider),
                   .provider_key = provider,
                   .state = text_of(link, "state"),
                   .age = age_of(link, "age_ms"),
                   .host = host,
                   .values = texts_of(link, "values"),
                   .problem = problem_of(link)});
  }
  return all;
}

std::string shown_health(const json& entity) {
  const auto health = entity.value("health", json::object());
  const auto state = text_of(health, "state");
  return state == "unhealthy" ? state + ": " + text_of(health, "reason") : state;
}

ShownActor shown_actor(const json& actor) {
  return {.name = text_of(actor, "name"),
          .key = text_of(actor, "id"),
          .revision = text_of(actor, "revision"),
          .source = text_of(actor, "image_ref"),
          .instances = text_of(actor, "instances"),
          .calls = text_of(actor, "calls"),
          .errors = text_of(actor, "errors"),
          .age = age_of(actor, "running_ms"),
          .health = shown_health(actor)};
}

std::string process_text(const json& provider);

ShownProvider shown_provider(const json& one) {
  const auto process = process_text(one);
  return {.name = text_of(one, "name"),
          .key = text_of(one, "id"),
          .link_name = text_of(one, "link_name"),
          .contract = text_of(one, "contract_id"),
          .source = text_of(one, "image_ref"),
          .calls = text_of(one, "calls"),
          .errors = text_of(one, "errors"),
          .age = age_of(one, "running_ms"),
          .runs = process == "in the host" ? "" : process,
          .urls = join(urls_in(text_of(one.value("health", json::object()), "reason")), " "),
          .health = shown_health(one)};
}

// Inventory for people: names from claims, addresses from the health of providers.
ShownInventory shown_inventory(const json& inventory, const json& claims, const GetOptions& flags) {
  ShownInventory made;
  made.host = {.id = text_of(inventory, "host_id"),
               .labels = texts_of(inventory, "labels"),
               .uptime = std::chrono::seconds(inventory.value("uptime", std::int64_t{0})),
               .process = {}};
  for (const auto& one : list_of(inventory, "actors")) made.actors.push_back(shown_actor(one));
  for (const auto& one : list_of(inventory, "providers")) {
    if (is_shown(one, flags)) made.providers.push_back(shown_provider(one));
  }
  made.links = shown_links(list_of(inventory, "links"), names_in(inventory, claims));
  made.has_links = true;
  return made;
}

std::string links_table_or_none(const std::vector<ShownLink>& links) {
  return links.empty() ? "No links found" : links_table(links);
}

std::string labels_text(const json& inventory) {
  std::string text;
  const auto labels = inventory.value("labels", json::object());
  for (const auto& [key, value] : labels.items()) {
    text += fmt::format("\n  {}={}", key, text_of(labels, key.c_str()));
  }
  return text.empty() ? "No labels present" : "Labels" + text;
}

std::string actors_text(const json& inventory) {
  Columns table({"Actor ID", "Name", "Revision", "Image Reference", "Instances", "Calls", "Errors",
                 "Health"});
  for (const auto& actor : list_of(inventory, "actors")) {
    table.row({text_of(actor, "id"), text_of(actor, "name"), text_of(actor, "revision"),
               or_not_available(text_of(actor, "image_ref")), text_of(actor, "instances"),
               text_of(actor, "calls"), text_of(actor, "errors"), health_text(actor)});
  }
  return table.empty() ? "No actors found" : table.text();
}

/// Process of a provider: where it runs, and what became of it there.
std::string process_text(const json& provider) {
  const auto process = provider.value("process", json());
  if (!process.is_object()) return "in the host";
  const auto restarts = process.value("restarts", std::uint64_t{0});
  const auto pid = process.value("pid", std::int64_t{0});
  auto text = pid == 0 ? std::string("being started") : fmt::format("process {}", pid);
  if (restarts == 0) return text;
  const auto last_end = process.value("last_end", std::string());
  return text + fmt::format(", {} restarts (it {})", restarts, excerpt(last_end));
}

std::string providers_text(const json& inventory, const GetOptions& flags) {
  Columns table({"Provider ID", "Name", "Link Name", "Contract ID", "Image Reference", "Calls",
                 "Errors", "Runs", "Health"});
  for (const auto& one : list_of(inventory, "providers")) {
    if (!is_shown(one, flags)) continue;
    table.row({text_of(one, "id"), text_of(one, "name"), text_of(one, "link_name"),
               text_of(one, "contract_id"), or_not_available(text_of(one, "image_ref")),
               text_of(one, "calls"), text_of(one, "errors"), process_text(one), health_text(one)});
  }
  return table.empty() ? "No providers found" : table.text();
}

std::string hosts_table(const std::vector<admin::RunningHost>& hosts) {
  Columns table({"Host ID", "Uptime (seconds)", "Process ID"});
  for (const auto& host : hosts) {
    table.row({host.id, std::to_string(host.uptime.count()), std::to_string(host.pid)});
  }
  return table.text();
}

/// Further answer of a host, to say names; nothing where it does not answer.
json also(admin::Client& client, const char* operation) {
  return client.request({.operation = operation}, request_patience).value_or(json::object());
}

std::string claims_text(const json& claims) {
  constexpr std::pair<const char*, const char*> rows[] = {
      {"Issuer", "iss"},        {"Subject", "sub"},     {"Name", "name"},
      {"Capabilities", "caps"}, {"Version", "version"}, {"Revision", "rev"}};
  std::string text;
  for (const auto& one : claims) {
    const auto values = one.value("values", json::object());
    for (const auto& [label, key] : rows) {
      text += fmt::format("{}{:<14}{}", text.empty() ? "" : "\n", label, text_of(values, key));
    }
    text += '\n';
  }
  return text.empty() ? "No claims found" : text;
}

std::vector<ShownClaims> shown_claims(const json& claims) {
  std::vector<ShownClaims> all;
  for (const auto& one : claims) {
    const auto values = one.value("values", json::object());
    all.push_back({.name = text_of(values, "name"),
                   .key = text_of(values, "sub"),
                   .issuer = text_of(values, "iss"),
                   .revision = text_of(values, "rev"),
                   .version = text_of(values, "version"),
                   .capabilities = text_of(values, "caps")});
  }
  return all;
}

}  // namespace

Result<Answer> local_hosts(const Context& context, const GetOptions& flags) {
  const auto found = hosts_in_reach(context, flags.reach.host);
  if (!found) return pass(found);
  // One reachable host is a result, with warnings; none at all is the error.
  if (found->running.empty() && !found->unreachable.empty()) {
    return std::unexpected(found->unreachable.front());
  }
  for (const auto& error : found->unreachable) {
    say(context, Label::warning, error.message);
  }
  std::vector<ShownHost> shown;
  auto list = json::array();
  for (const auto& host : found->running) {
    shown.push_back({host.id, host.labels, host.uptime, std::to_string(host.pid)});
    list.push_back({{"id", host.id},
                    {"name", name_of_host(host.labels)},
                    {"labels", host.labels},
                    {"uptime", host.uptime.count()},
                    {"pid", host.pid},
                    {"socket", host.socket.string()}});
  }
  const auto display = display_of(context, flags.wide);
  auto text = display.people ? hosts_view(shown, display) : hosts_table(found->running);
  return Answer{shown.empty() ? "No hosts found" : std::move(text), {{"hosts", std::move(list)}}};
}

Result<Answer> local_inventory(const Context& context, const GetOptions& flags) {
  auto client = connect_host(context, flags.reach.host);
  if (!client) return pass(client);
  auto answer = client->request({.operation = "inventory"}, request_patience);
  if (!answer) return pass(answer);
  const auto display = display_of(context, flags.wide);
  auto text =
      display.people
          ? inventory_view(shown_inventory(*answer, also(*client, "claims"), flags), display)
          : fmt::format("Host Inventory ({}), up {} s\n\n{}\n\n{}\n\n{}\n\n{}",
                        text_of(*answer, "host_id"), text_of(*answer, "uptime"),
                        labels_text(*answer), actors_text(*answer), providers_text(*answer, flags),
                        links_table_or_none(shown_links(list_of(*answer, "links"), {},
                                                        text_of(*answer, "host_id"))));
  return Answer{std::move(text), {{"inventory", std::move(*answer)}}};
}

Result<Answer> local_links(const Context& context, const GetOptions& flags) {
  admin::Request request{.operation = "links", .arguments = {}};
  request.arguments = nlohmann::json::object();
  if (flags.show_secrets) request.arguments["show_secrets"] = true;
  auto client = connect_host(context, flags.reach.host);
  if (!client) return pass(client);
  auto answer = client->request(request, request_patience);
  if (!answer) return pass(answer);
  const auto& list = list_of(*answer, "links");
  const auto display = display_of(context, flags.wide);
  std::string text = "No links found";
  if (!display.people) {
    const auto host = text_of(also(*client, "ping"), "host_id");
    text = links_table_or_none(shown_links(list, {}, host));
  } else if (!list.empty()) {
    const auto names = names_in(also(*client, "inventory"), also(*client, "claims"));
    text = links_view(shown_links(list, names), display);
  }
  // The host leaves out what would not fit its answer, and says so.
  if (const auto more = answer->value("links_left_out", std::uint64_t{0}); more > 0) {
    text += fmt::format("\nand {} more that the lattice told this host", more);
  }
  return Answer{std::move(text), std::move(*answer)};
}

Result<Answer> local_claims(const Context& context, const GetOptions& flags) {
  auto answer = ask_host(context, flags.reach.host, {.operation = "claims"});
  if (!answer) return pass(answer);
  const auto& list = list_of(*answer, "claims");
  const auto display = display_of(context, flags.wide);
  auto text = display.people && !list.empty() ? claims_view(shown_claims(list), display)
                                              : claims_text(list);
  return Answer{std::move(text), {{"claims", std::move(*answer)}}};
}

}  // namespace trellis::cli
