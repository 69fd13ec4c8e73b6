// trellis start|stop actor|provider, update actor, down: over the control socket (cli.md 6).
#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>

#include "base/descriptor.hpp"
#include "cli/contracts.hpp"
#include "cli/host_client.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

/// What the leaves of this file need; each uses some of it.
struct StartStopOptions {
  HostChoice host;
  std::string first;
  std::string second;
  std::string link_name = "default";
  std::string contract;
  std::string mode = "auto";
};

Result<Answer> start_actor(const Context& context, const StartStopOptions& options) {
  auto answer =
      ask_host(context, options.host, {"start_actor", {{"path", artifact_name(options.first)}}});
  if (!answer) return pass(answer);
  return Answer{fmt::format("Actor {} started on host {}", text_of(*answer, "actor_id"),
                            text_of(*answer, "host_id")),
                std::move(*answer)};
}

Result<Answer> start_provider(const Context& context, const StartStopOptions& options) {
  auto answer = ask_host(context, options.host,
                         {"start_provider",
                          {{"reference", artifact_name(options.first)},
                           {"link_name", options.link_name},
                           {"mode", options.mode}}});
  if (!answer) return pass(answer);
  return Answer{fmt::format("Provider {} started on host {}", text_of(*answer, "provider_id"),
                            text_of(*answer, "host_id")),
                std::move(*answer)};
}

Result<Answer> stop_actor(const Context& context, const StartStopOptions& options) {
  auto answer = ask_host(context, options.host, {"stop_actor", {{"actor", options.first}}});
  if (!answer) return pass(answer);
  return Answer{"Stopped actor: " + text_of(*answer, "actor_ref"), std::move(*answer)};
}

Result<Answer> stop_provider(const Context& context, const StartStopOptions& options) {
  json arguments{{"provider", options.first}, {"link_name", options.link_name}};
  if (!options.contract.empty())
    arguments["contract_id"] = manifest::full_contract(options.contract);
  auto answer = ask_host(context, options.host, {"stop_provider", std::move(arguments)});
  if (!answer) return pass(answer);
  return Answer{"Stopped provider: " + text_of(*answer, "provider_ref"), std::move(*answer)};
}

Result<Answer> update_actor(const Context& context, const StartStopOptions& options) {
  auto answer = ask_host(
      context, options.host,
      {"update_actor", {{"actor", options.first}, {"path", artifact_name(options.second)}}});
  if (!answer) return pass(answer);
  return Answer{fmt::format("Actor {} updated to {}", text_of(*answer, "actor_id"),
                            text_of(*answer, "actor_ref")),
                std::move(*answer)};
}

/// Becomes readable when the process ends. (The header of Debian 12's C library for it is no C++.)
Descriptor open_process(pid_t pid) {
  return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

/// True when the process has ended, or had before.
bool wait_for_end(const Descriptor& process, std::chrono::milliseconds patience) {
  if (!process) return true;
  pollfd entry{process.get(), POLLIN, 0};
  return ::poll(&entry, 1, static_cast<int>(patience.count())) > 0;
}

Result<Answer> down(const Context& context, const StartStopOptions& options) {
  auto client = connect_host(context, options.host);
  if (!client) return pass(client);
  const auto process = open_process(client->pid());
  auto answer = client->request({.operation = "stop"}, request_patience);
  if (!answer) return pass(answer);
  if (!wait_for_end(process, request_patience)) {
    return fail(ErrorCode::deadline, fmt::format("host {} is still stopping", client->pid()),
                fmt::format("end it with: kill -TERM {} (a second time forces it)", client->pid()));
  }
  return Answer{"Stopped host " + text_of(*answer, "host_id"), std::move(*answer)};
}

using Action = Result<Answer> (*)(const Context&, const StartStopOptions&);

/// A leaf with --host; `extend` adds its own arguments.
void add_action(Command& parent, Context& context, const char* name, const char* help,
                Action action, const std::function<void(Command&, StartStopOptions&)>& extend,
                const char* essential = "") {
  auto& leaf = parent.add_subcommand(name, help);
  auto options = std::make_shared<StartStopOptions>();
  extend(leaf, *options);
  add_host_option(leaf, options->host);
  add_action_leaf(
      leaf, context, [options, action, &context](auto&) { return action(context, *options); },
      essential);
}

void add_link_name(Command& leaf, StartStopOptions& options) {
  leaf.add_option("-l,--link-name", options.link_name, "Link name of the provider");
}

constexpr const char* actor_help = "Key, alias, name or beginning of the key of a running actor";

}  // namespace

void add_start(Command& app, Context& context) {
  auto& start = app.add_subcommand("start", "Start an actor or a provider on a running host");
  start.require_subcommand();
  add_action(
      start, context, "actor", "Start an actor", start_actor,
      [](auto& leaf, auto& options) {
        leaf.add_option("file", options.first, "Signed module, or an image: HOST[:PORT]/PATH:TAG")
            .required()
            .completes(ValueKind::file);
      },
      "actor_id");
  add_action(
      start, context, "provider", "Start a provider", start_provider,
      [](auto& leaf, auto& options) {
        leaf.add_option("reference", options.first,
                        "builtin:httpserver, builtin:keyvalue, …, a library, an archive (.par.gz) "
                        "or an image: HOST[:PORT]/PATH:TAG")
            .required()
            .completes(ValueKind::file);
        add_link_name(leaf, options);
        leaf.add_option("--mode", options.mode,
                        "Where it runs: in-process, in a supervised process, or auto (what "
                        "the host was told)")
            .one_of({"auto", "in-process", "process"});
      },
      "provider_id");
}

void add_stop(Command& app, Context& context) {
  auto& stop = app.add_subcommand("stop", "Stop an actor or a provider of a running host");
  stop.require_subcommand();
  add_action(stop, context, "actor", "Stop an actor", stop_actor, [](auto& leaf, auto& options) {
    leaf.add_option("actor", options.first, actor_help).required().completes(ValueKind::actor);
  });
  add_action(stop, context, "provider", "Stop a provider", stop_provider,
             [](auto& leaf, auto& options) {
               leaf.add_option("provider", options.first, "Key, reference or contract id")
                   .required()
                   .completes(ValueKind::provider);
               add_link_name(leaf, options);
               leaf.add_option("--contract", options.contract, "Refuse unless it serves this");
             });
}

void add_update(Command& app, Context& context) {
  auto& update = app.add_subcommand("update", "Replace a running actor");
  update.require_subcommand();
  add_action(
      update, context, "actor", "Replace a running actor, keeping its links", update_actor,
      [](auto& leaf, auto& options) {
        leaf.add_option("actor", options.first, actor_help).required().completes(ValueKind::actor);
        leaf.add_option("file", options.second, "Signed module of a higher revision")
            .required()
            .completes(ValueKind::file);
      });
}

void add_down(Command& app, Context& context) {
  add_action(app, context, "down", "Stop a running host and wait until it is gone", down,
             [](auto&, auto&) {});
}

}  // namespace trellis::cli
