// trellis start|stop|update|scale on a host of this machine, over its control socket (cli.md 6).
#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>

#include "base/descriptor.hpp"
#include "cli/contracts.hpp"
#include "cli/running.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

/// Process descriptor, which becomes readable when the process ends. (The header of Debian 12's C
/// library for it is no C++.)
Descriptor open_process(pid_t pid) {
  return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

/// Wait for the end of a process; true when it has ended, or had before.
bool wait_for_end(const Descriptor& process, std::chrono::milliseconds patience) {
  if (!process) return true;
  pollfd entry{process.get(), POLLIN, 0};
  return ::poll(&entry, 1, static_cast<int>(patience.count())) > 0;
}

/// Request to the host. It answers when the work is done: there is nothing else to wait for.
admin::Outcome ask(const Context& context, const RunningOptions& options,
                   const admin::Request& request) {
  return ask_host(context, options.reach.host, request, options.reach.lattice.wait.limit);
}

/// Check of constraints: labels choose among the hosts of a lattice.
Result<void> check_no_constraints(const RunningOptions& options) {
  if (options.constraints.empty()) return {};
  return fail(ErrorCode::invalid_argument, "--constraint chooses among the hosts of a lattice",
              "on this machine: --host LABEL=VALUE; on a lattice: --lattice");
}

}  // namespace

Result<Answer> local_start_actor(const Context& context, const RunningOptions& options) {
  if (auto checked = check_no_constraints(options); !checked) return pass(checked);
  auto answer =
      ask(context, options, {"start_actor", {{"path", artifact_name(options.reference)}}});
  if (!answer) return pass(answer);
  return Answer{fmt::format("Actor {} started on host {}", text_of(*answer, "actor_id"),
                            text_of(*answer, "host_id")),
                std::move(*answer)};
}

Result<Answer> local_start_provider(const Context& context, const RunningOptions& options) {
  if (auto checked = check_no_constraints(options); !checked) return pass(checked);
  auto answer = ask(context, options,
                    {"start_provider",
                     {{"reference", artifact_name(options.reference)},
                      {"link_name", options.link_name},
                      {"mode", options.mode.empty() ? "auto" : options.mode}}});

  if (!answer) return pass(answer);
  return Answer{fmt::format("Provider {} started on host {}", text_of(*answer, "provider_id"),
                            text_of(*answer, "host_id")),
                std::move(*answer)};
}

Result<Answer> local_stop_actor(const Context& context, const RunningOptions& options) {
  auto answer = ask(context, options, {"stop_actor", {{"actor", options.subject}}});
  if (!answer) return pass(answer);
  return Answer{"Stopped actor: " + text_of(*answer, "actor_ref"), std::move(*answer)};
}

Result<Answer> local_stop_provider(const Context& context, const RunningOptions& options) {
  json arguments{{"provider", options.subject}, {"link_name", options.link_name}};
  if (!options.contract.empty())
    arguments["contract_id"] = manifest::full_contract(options.contract);
  auto answer = ask(context, options, {"stop_provider", std::move(arguments)});
  if (!answer) return pass(answer);
  return Answer{"Stopped provider: " + text_of(*answer, "provider_ref"), std::move(*answer)};
}

Result<Answer> local_update_actor(const Context& context, const RunningOptions& options) {
  auto answer = ask(
      context, options,
      {"update_actor", {{"actor", options.subject}, {"path", artifact_name(options.reference)}}});
  if (!answer) return pass(answer);
  return Answer{fmt::format("Actor {} updated to {}", text_of(*answer, "actor_id"),
                            text_of(*answer, "actor_ref")),
                std::move(*answer)};
}

Result<Answer> local_stop_host(const Context& context, const RunningOptions& options) {
  auto client = connect_host(context, options.reach.host);
  if (!client) return pass(client);
  const auto patience = options.reach.lattice.wait.limit;
  // Opened before the request: afterwards the number could be another process's.
  const auto process = open_process(client->pid());
  auto answer = client->request({.operation = "stop"}, patience);
  if (!answer) return pass(answer);
  if (!wait_for_end(process, patience)) {
    return fail(ErrorCode::deadline, fmt::format("host {} is still stopping", client->pid()),
                fmt::format("end it with: kill -TERM {} (a second time forces it)", client->pid()));
  }
  return Answer{"Stopped host " + text_of(*answer, "host_id"), std::move(*answer)};
}

Result<Answer> local_scale_actor(const Context& context, const RunningOptions& options) {
  json arguments{{"actor", options.subject}};
  if (options.minimum) arguments["min"] = *options.minimum;
  if (options.maximum) arguments["max"] = *options.maximum;
  auto answer = ask(context, options, {"scale_actor", std::move(arguments)});
  if (!answer) return pass(answer);
  return Answer{"Scaled actor: " + options.subject, std::move(*answer)};
}

}  // namespace trellis::cli
