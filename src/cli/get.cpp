// trellis get hosts|inventory|links|claims, over the control socket (cli.md 6).
#include <fmt/format.h>

#include <ostream>

#include "base/text.hpp"
#include "cli/columns.hpp"
#include "cli/durations.hpp"
#include "cli/host_client.hpp"
#include "cli/printable.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

const json& list_of(const json& object, const char* name) {
  static const json none = json::array();
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : none;
}

std::string age(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) return {};
  const auto seconds = found->get<std::int64_t>() / 1000;
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 7200) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} h", seconds / 3600);
}

/// "healthy, 12 s ago": a state without its age would be taken for the truth.
std::string health_text(const json& entity) {
  const auto health = entity.value("health", json::object());
  auto text = text_of(health, "state");
  if (const auto ago = age(health, "checked_ms_ago"); !ago.empty()) text += ", " + ago + " ago";
  if (text_of(health, "state") == "unhealthy") text += ": " + text_of(health, "reason");
  return text;
}

std::string problem_of(const json& link) {
  const auto attempts = text_of(link, "attempts");
  auto problem = text_of(link, "problem");
  if (problem.empty() || attempts == "0") return problem;
  return fmt::format("{} (attempt {})", problem, attempts);
}

std::string links_table(const json& links) {
  Columns table({"Actor ID", "Contract ID", "Link Name", "Provider ID", "State", "Age", "Problem"});
  for (const auto& link : links) {
    table.row({text_of(link, "actor_id"), text_of(link, "contract_id"), text_of(link, "link_name"),
               text_of(link, "provider_id"), text_of(link, "state"),
               age_text(std::chrono::milliseconds(link.value("age_ms", std::int64_t{0}))),
               problem_of(link)});
  }
  return table.empty() ? "No links found" : table.text();
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

/// Where a provider runs, and what became of it there.
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

std::string providers_text(const json& inventory) {
  Columns table({"Provider ID", "Name", "Link Name", "Contract ID", "Image Reference", "Calls",
                 "Errors", "Runs", "Health"});
  for (const auto& one : list_of(inventory, "providers")) {
    table.row({text_of(one, "id"), text_of(one, "name"), text_of(one, "link_name"),
               text_of(one, "contract_id"), or_not_available(text_of(one, "image_ref")),
               text_of(one, "calls"), text_of(one, "errors"), process_text(one), health_text(one)});
  }
  return table.empty() ? "No providers found" : table.text();
}

Result<Answer> hosts(const Context& context, const HostChoice& choice) {
  const auto found = hosts_in_reach(context, choice);
  if (!found) return std::unexpected(found.error());
  if (found->running.empty() && !found->unreachable.empty()) {
    return std::unexpected(found->unreachable.front());
  }
  for (const auto& error : found->unreachable) {
    context.err << "Warning: " << printable(error.message) << '\n';
  }
  Columns table({"Host ID", "Uptime (seconds)", "Process ID"});
  auto list = json::array();
  for (const auto& host : found->running) {
    table.row({host.id, std::to_string(host.uptime.count()), std::to_string(host.pid)});
    list.push_back({{"id", host.id},
                    {"uptime", host.uptime.count()},
                    {"pid", host.pid},
                    {"socket", host.socket.string()}});
  }
  return Answer{table.empty() ? "No hosts found" : table.text(), {{"hosts", std::move(list)}}};
}

Result<Answer> inventory(const Context& context, const HostChoice& host) {
  auto answer = ask_host(context, host, {.operation = "inventory"});
  if (!answer) return pass(answer);
  const auto text = fmt::format("Host Inventory ({}), up {} s\n\n{}\n\n{}\n\n{}\n\n{}",
                                text_of(*answer, "host_id"), text_of(*answer, "uptime"),
                                labels_text(*answer), actors_text(*answer), providers_text(*answer),
                                links_table(list_of(*answer, "links")));
  return Answer{text, {{"inventory", std::move(*answer)}}};
}

Result<Answer> links(const Context& context, const HostChoice& host, bool show_secrets) {
  control::Request request{.operation = "links", .arguments = {}};
  request.arguments = nlohmann::json::object();
  if (show_secrets) request.arguments["show_secrets"] = true;
  auto answer = ask_host(context, host, request);
  if (!answer) return pass(answer);
  auto text = links_table(list_of(*answer, "links"));
  if (const auto more = answer->value("links_left_out", std::uint64_t{0}); more > 0) {
    text += fmt::format("\nand {} more that the lattice told this host", more);
  }
  return Answer{std::move(text), std::move(*answer)};
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

Result<Answer> claims(const Context& context, const HostChoice& host) {
  auto answer = ask_host(context, host, {.operation = "claims"});
  if (!answer) return pass(answer);
  return Answer{claims_text(list_of(*answer, "claims")), {{"claims", std::move(*answer)}}};
}

using Query = Result<Answer> (*)(const Context&, const HostChoice& host);

void add_query(Command& parent, Context& context, const char* name, const char* help, Query query,
               const std::function<void(Command&, HostChoice&)>& extend = add_host_option) {
  auto& leaf = parent.add_subcommand(name, help);
  auto host = std::make_shared<HostChoice>();
  extend(leaf, *host);
  add_leaf(leaf, context, [host, query, &context](auto&) { return query(context, *host); });
}

}  // namespace

void add_links_query(Command& parent, Context& context, const char* name) {
  struct Options {
    HostChoice host;
    bool show_secrets = false;
  };
  auto& leaf = parent.add_subcommand(name, "Links of a host, with their state");
  auto options = std::make_shared<Options>();
  add_host_option(leaf, options->host);
  leaf.add_flag("--show-secrets", options->show_secrets,
                "Show passwords and the like among the values (with --json), which are *** else");
  add_leaf(leaf, context, [options, &context](auto&) {
    return links(context, options->host, options->show_secrets);
  });
}

void add_host_get(Command& app, Context& context) {
  auto& get = app.add_subcommand("get", "Look at the hosts that run on this machine");
  get.require_subcommand();
  add_query(get, context, "hosts", "Hosts of this user and of the system", hosts,
            add_socket_option);
  add_query(get, context, "inventory", "Actors, providers, links and labels of a host", inventory);
  add_links_query(get, context, "links");
  add_query(get, context, "claims", "Claims of the actors a host has seen", claims);
}

}  // namespace trellis::cli
