// trellis start|stop|update|scale on a lattice: commands to one host, over NATS (cli.md 6).
#include <fmt/format.h>

#include <optional>
#include <vector>

#include "cli/contracts.hpp"
#include "cli/key_values.hpp"
#include "cli/lattice_names.hpp"
#include "cli/running.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

enum class What { actor, provider };

/// Host that was named, or the first that offers to run it.
Result<std::string> choose_host(Client& client, const RunningOptions& options,
                                const std::string& reference, What what) {
  if (!options.reach.host.host.empty()) return lattice_host(client, options.reach.host.host);
  const auto constraints = parse_key_values(options.constraints);
  if (!constraints) {
    return fail(ErrorCode::invalid_argument,
                // Text of the first-party tool.
                "Constraints were not properly formatted. Ensure they are formatted as label=value",
                constraints.error().message);
  }
  const auto bids = what == What::actor
                        ? client.auction_actor(reference, *constraints)
                        : client.auction_provider(reference, options.link_name, *constraints);
  if (!bids) return pass(bids);
  // First bid: whoever answers first has time, and bids carry nothing else to choose by (lattice.md
  // 5).
  if (!bids->empty()) return bids->front();
  return fail(
      ErrorCode::not_found,
      fmt::format("No suitable hosts found for {} {}", what == What::actor ? "actor" : "provider",
                  reference),
      "no host answered in this namespace, or each runs it already, may not start it or has "
      "other labels: `trellis get inventory --lattice` shows them");
}

// Members that every command has in its JSON.
json details(const Operation& operation, json more) {
  more["operation_id"] = operation.id;
  more["done"] = operation.done;
  return more;
}

// Error with the work in front of the host's own words, which often name neither.
std::unexpected<Error> failed(const char* doing, Error error) {
  error.message = fmt::format("{}: {}", doing, error.message);
  return std::unexpected(std::move(error));
}

/// Target of a command on something that runs: without a host it must run on one only.
Result<Placed> target(Client& client, const RunningOptions& options, What what) {
  const auto& host = options.reach.host.host;
  const auto& subject = options.subject;
  if (host.empty()) {
    return what == What::actor ? placed_actor(client, subject)
                               : placed_provider(client, subject, options.link_name);
  }
  auto id = lattice_host(client, host);
  if (!id) return pass(id);
  Placed made{{}, std::move(*id)};
  // Word that the lattice does not know is left to the host, which may.
  const auto known = what == What::actor ? lattice_actor(client, subject)
                                         : lattice_provider(client, subject, options.link_name);
  made.what.key = known ? *known : reference_of(subject);
  made.what.name = subject;
  return made;
}

}  // namespace

Result<Answer> lattice_start_actor(const Context& context, const RunningOptions& options) {
  const auto reference = reference_of(options.reference);
  auto client = connect_lattice(context, options.reach.lattice);
  if (!client) return pass(client);
  const auto host = choose_host(**client, options, reference, What::actor);
  if (!host) return pass(host);
  auto done = (*client)->start_actor(*host, reference, options.reach.lattice.wait.time());
  if (!done) return failed("starting actor", std::move(done.error()));
  auto about = details(*done, {{"actor_ref", reference}, {"host_id", *host}});
  // Outcome, and with it the key, only where it was waited for: the answer to the command is only
  // that it was accepted.
  if (done->done) about["actor_id"] = done->entity;
  return Answer{done->done ? fmt::format("Actor {} started on host {}", done->entity, *host)
                           : fmt::format("Actor starting on host {}", *host),
                std::move(about)};
}

Result<Answer> lattice_start_provider(const Context& context, const RunningOptions& options) {
  const auto reference = reference_of(options.reference);
  // Refused instead of ignored: the command of the lattice has no place for it.
  if (!options.mode.empty()) {
    return fail(ErrorCode::invalid_argument,
                "--mode is for a host on this machine: elsewhere the host decides",
                "leave out --mode, or --lattice");
  }
  auto client = connect_lattice(context, options.reach.lattice);
  if (!client) return pass(client);
  const auto host = choose_host(**client, options, reference, What::provider);
  if (!host) return pass(host);
  auto done = (*client)->start_provider(*host, reference, options.link_name,
                                        options.reach.lattice.wait.time());
  if (!done) return failed("starting provider", std::move(done.error()));
  auto about = details(
      *done, {{"provider_ref", reference}, {"link_name", options.link_name}, {"host_id", *host}});
  if (done->done) about["provider_id"] = done->entity;
  return Answer{done->done ? fmt::format("Provider {} started on host {}", done->entity, *host)
                           : fmt::format("Provider starting on host {}", *host),
                std::move(about)};
}

Result<Answer> lattice_stop_actor(const Context& context, const RunningOptions& options) {
  auto client = connect_lattice(context, options.reach.lattice);
  if (!client) return pass(client);
  const auto actor = target(**client, options, What::actor);
  if (!actor) return pass(actor);
  auto done =
      (*client)->stop_actor(actor->host, actor->what.key, options.reach.lattice.wait.time());
  if (!done) return failed("stopping actor", std::move(done.error()));
  return Answer{fmt::format("{} actor {} on host {}", done->done ? "Stopped" : "Stopping",
                            options.subject, actor->host),
                details(*done, {{"actor_ref", options.subject}, {"host_id", actor->host}})};
}

Result<Answer> lattice_stop_provider(const Context& context, const RunningOptions& options) {
  auto client = connect_lattice(context, options.reach.lattice);
  if (!client) return pass(client);
  const auto provider = target(**client, options, What::provider);
  if (!provider) return pass(provider);
  // Wire messages name the contract (lattice.md 5), which users need not.
  const auto contract = options.contract.empty() ? provider->what.contract_id
                                                 : manifest::full_contract(options.contract);
  auto done = (*client)->stop_provider(provider->host, provider->what.key, options.link_name,
                                       contract, options.reach.lattice.wait.time());
  if (!done) return failed("stopping provider", std::move(done.error()));
  return Answer{fmt::format("{} provider {} on host {}", done->done ? "Stopped" : "Stopping",
                            options.subject, provider->host),
                details(*done, {{"provider_ref", options.subject}, {"host_id", provider->host}})};
}

Result<Answer> lattice_stop_host(const Context& context, const RunningOptions& options) {
  auto client = connect_lattice(context, options.reach.lattice);
  if (!client) return pass(client);
  const auto host = lattice_host(**client, options.reach.host.host);
  if (!host) return pass(host);
  auto done = (*client)->stop_host(*host, options.reach.lattice.wait.time());
  if (!done) return failed("stopping host", std::move(done.error()));
  return Answer{fmt::format("{} host: {}", done->done ? "Stopped" : "Stopping", *host),
                details(*done, {{"host_id", *host}})};
}

Result<Answer> lattice_update_actor(const Context& context, const RunningOptions& options) {
  const auto reference = reference_of(options.reference);
  auto client = connect_lattice(context, options.reach.lattice);
  if (!client) return pass(client);
  const auto actor = target(**client, options, What::actor);
  if (!actor) return pass(actor);
  auto done = (*client)->update_actor(actor->host, actor->what.key, reference,
                                      options.reach.lattice.wait.time());
  if (!done) return failed("updating actor", std::move(done.error()));
  return Answer{fmt::format("Actor {} {} {}", options.subject,
                            done->done ? "updated to" : "updating to", reference),
                details(*done, {{"accepted", true},
                                {"actor_id", actor->what.key},
                                {"actor_ref", reference},
                                {"host_id", actor->host}})};
}

Result<Answer> lattice_scale_actor(const Context& context, const RunningOptions& options) {
  auto client = connect_lattice(context, options.reach.lattice);
  if (!client) return pass(client);
  const auto actor = target(**client, options, What::actor);
  if (!actor) return pass(actor);
  auto done = (*client)->scale_actor(actor->host, actor->what.key, options.minimum, options.maximum,
                                     options.reach.lattice.wait.time());
  if (!done) return failed("scaling actor", std::move(done.error()));
  return Answer{fmt::format("{} actor {} on host {}", done->done ? "Scaled" : "Scaling",
                            options.subject, actor->host),
                details(*done, {{"actor_ref", options.subject},
                                {"actor_id", actor->what.key},
                                {"host_id", actor->host}})};
}

}  // namespace trellis::cli
