// trellis ctl start|stop|update|scale (cli.md 6): commands to one host.
#include <fmt/format.h>

#include <optional>
#include <vector>

#include "cli/contracts.hpp"
#include "cli/ctl_common.hpp"
#include "cli/key_values.hpp"
#include "cli/lattice_names.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

struct CtlCommandOptions {
  CtlFlags flags;
  std::string host;
  std::vector<std::string> words;  ///< what runs, behind its host or not
  std::string reference;
  std::string link_name = "default";
  std::string contract;
  std::vector<std::string> constraints;
  std::optional<std::uint32_t> minimum;
  std::optional<std::uint32_t> maximum;
};

enum class What { actor, provider };

/// The host named, or the first that offers to run it.
Result<std::string> choose_host(Client& client, const CtlCommandOptions& options, What what) {
  if (!options.host.empty()) return lattice_host(client, options.host);
  const auto constraints = parse_key_values(options.constraints);
  if (!constraints) {
    return fail(ErrorCode::invalid_argument,
                "Constraints were not properly formatted. Ensure they are formatted as label=value",
                constraints.error().message);
  }
  const auto bids = what == What::actor ? client.auction_actor(options.reference, *constraints)
                                        : client.auction_provider(options.reference,
                                                                  options.link_name, *constraints);
  if (!bids) return std::unexpected(bids.error());
  if (!bids->empty()) return bids->front();
  return fail(
      ErrorCode::not_found,
      fmt::format("No suitable hosts found for {} {}", what == What::actor ? "actor" : "provider",
                  options.reference),
      "no host answered in this namespace, or each runs it already, may not start it or has "
      "other labels: `trellis ctl get inventory` shows them");
}

json details(const Operation& operation, json more) {
  more["operation_id"] = operation.id;
  more["done"] = operation.done;
  return more;
}

std::unexpected<Error> failed(const char* doing, Error error) {
  error.message = fmt::format("{}: {}", doing, error.message);
  return std::unexpected(std::move(error));
}

Result<Answer> start_actor(const Context& context, CtlCommandOptions options) {
  options.reference = reference_of(options.reference);
  auto client = connect_lattice(context, options.flags);
  if (!client) return pass(client);
  const auto host = choose_host(**client, options, What::actor);
  if (!host) return std::unexpected(host.error());
  auto done = (*client)->start_actor(*host, options.reference, options.flags.wait.time());
  if (!done) return failed("starting actor", std::move(done.error()));
  auto about = details(*done, {{"actor_ref", options.reference}, {"host_id", *host}});
  if (done->done) about["actor_id"] = done->entity;
  return Answer{done->done ? fmt::format("Actor {} started on host {}", done->entity, *host)
                           : fmt::format("Actor starting on host {}", *host),
                std::move(about)};
}

Result<Answer> start_provider(const Context& context, CtlCommandOptions options) {
  options.reference = reference_of(options.reference);
  auto client = connect_lattice(context, options.flags);
  if (!client) return pass(client);
  const auto host = choose_host(**client, options, What::provider);
  if (!host) return std::unexpected(host.error());
  auto done = (*client)->start_provider(*host, options.reference, options.link_name,
                                        options.flags.wait.time());
  if (!done) return failed("starting provider", std::move(done.error()));
  auto about = details(*done, {{"provider_ref", options.reference}, {"host_id", *host}});
  if (done->done) about["provider_id"] = done->entity;
  return Answer{done->done ? fmt::format("Provider {} started on host {}", done->entity, *host)
                           : fmt::format("Provider starting on host {}", *host),
                std::move(about)};
}

/// Host and subject of a command on something that runs. First-party tools name the host first;
/// without it the subject must run on one host only.
Result<Placed> target(Client& client, const CtlCommandOptions& options, What what) {
  auto host = options.host;
  const auto& subject = options.words.back();
  if (options.words.size() > 1) host = options.words.front();
  if (host.empty()) {
    return what == What::actor ? placed_actor(client, subject)
                               : placed_provider(client, subject, options.link_name);
  }
  auto id = lattice_host(client, host);
  if (!id) return pass(id);
  Placed made{{}, std::move(*id)};
  // What the host knows by another word than the lattice does is left to the host.
  const auto known = what == What::actor ? lattice_actor(client, subject)
                                         : lattice_provider(client, subject, options.link_name);
  made.what.key = known ? *known : reference_of(subject);
  made.what.name = subject;
  return made;
}

Result<Answer> stop_actor(const Context& context, const CtlCommandOptions& options) {
  auto client = connect_lattice(context, options.flags);
  if (!client) return pass(client);
  const auto actor = target(**client, options, What::actor);
  if (!actor) return std::unexpected(actor.error());
  auto done = (*client)->stop_actor(actor->host, actor->what.key, options.flags.wait.time());
  if (!done) return failed("stopping actor", std::move(done.error()));
  return Answer{fmt::format("{} actor {} on host {}", done->done ? "Stopped" : "Stopping",
                            options.words.back(), actor->host),
                details(*done, {{"actor_ref", options.words.back()}, {"host_id", actor->host}})};
}

Result<Answer> stop_provider(const Context& context, CtlCommandOptions options) {
  // HOST PROVIDER LINK CONTRACT as first-party tools have it, or PROVIDER with options.
  if (options.words.size() > 2) {
    options.link_name = options.words[2];
    if (options.words.size() > 3) options.contract = options.words[3];
    options.words.resize(2);
  }
  auto client = connect_lattice(context, options.flags);
  if (!client) return pass(client);
  const auto provider = target(**client, options, What::provider);
  if (!provider) return std::unexpected(provider.error());
  options.contract = options.contract.empty() ? provider->what.contract_id
                                              : manifest::full_contract(options.contract);
  auto done = (*client)->stop_provider(provider->host, provider->what.key, options.link_name,
                                       options.contract, options.flags.wait.time());
  if (!done) return failed("stopping provider", std::move(done.error()));
  return Answer{
      fmt::format("{} provider {} on host {}", done->done ? "Stopped" : "Stopping",
                  options.words[options.words.size() - 1], provider->host),
      details(*done, {{"provider_ref", options.words.back()}, {"host_id", provider->host}})};
}

Result<Answer> stop_host(const Context& context, const CtlCommandOptions& options) {
  auto client = connect_lattice(context, options.flags);
  if (!client) return pass(client);
  const auto host = lattice_host(**client, options.host);
  if (!host) return std::unexpected(host.error());
  auto done = (*client)->stop_host(*host, options.flags.wait.time());
  if (!done) return failed("stopping host", std::move(done.error()));
  return Answer{fmt::format("{} host: {}", done->done ? "Stopped" : "Stopping", *host),
                details(*done, {{"host_id", *host}})};
}

Result<Answer> update_actor(const Context& context, CtlCommandOptions options) {
  const auto reference = reference_of(options.words.back());
  options.words.pop_back();
  auto client = connect_lattice(context, options.flags);
  if (!client) return pass(client);
  const auto actor = target(**client, options, What::actor);
  if (!actor) return std::unexpected(actor.error());
  auto done =
      (*client)->update_actor(actor->host, actor->what.key, reference, options.flags.wait.time());
  if (!done) return failed("updating actor", std::move(done.error()));
  return Answer{
      fmt::format("Actor {} {} {}", options.words.back(), done->done ? "updated to" : "updating to",
                  reference),
      details(*done,
              {{"accepted", true}, {"actor_id", actor->what.key}, {"host_id", actor->host}})};
}

Result<Answer> scale_actor(const Context& context, const CtlCommandOptions& options) {
  auto client = connect_lattice(context, options.flags);
  if (!client) return pass(client);
  const auto actor = target(**client, options, What::actor);
  if (!actor) return std::unexpected(actor.error());
  auto done = (*client)->scale_actor(actor->host, actor->what.key, options.minimum, options.maximum,
                                     options.flags.wait.time());
  if (!done) return failed("scaling actor", std::move(done.error()));
  return Answer{fmt::format("{} actor {} on host {}", done->done ? "Scaled" : "Scaling",
                            options.words.back(), actor->host),
                details(*done, {{"actor_ref", options.words.back()}, {"host_id", actor->host}})};
}

template <class Run>
void finish_leaf(Command& leaf, Context& context, const std::shared_ptr<CtlCommandOptions>& options,
                 Run run, const char* essential = "") {
  add_ctl_options(leaf, options->flags);
  add_wait_flags(leaf, options->flags.wait);
  add_action_leaf(
      leaf, context, [options, run, &context](auto&) { return run(context, *options); }, essential);
}

void add_choice_of_host(Command& leaf, CtlCommandOptions& options) {
  leaf.no_short_help();
  leaf.add_option("-h,--host-id", options.host,
                  "Id, name or label (zone=a) of a host, or the beginning of its id; without one "
                  "the first that offers");
  leaf.add_option("-c,--constraint", options.constraints, "Label the host must have: LABEL=VALUE")
      .one_each();
}

constexpr const char* host_help =
    "Id, name or label (zone=a) of a host, or the beginning of its id";

/// The words of a command on something that runs, `[HOST] SUBJECT …`, and --host.
void add_subject(Command& leaf, CtlCommandOptions& options, const char* help, ValueKind kind,
                 std::uint32_t least, std::uint32_t most) {
  leaf.add_option("subject", options.words, help)
      .required()
      .count_range(least, most)
      .completes(kind);
  leaf.add_option("--host", options.host, fmt::format("{}, where it runs on several", host_help))
      .completes(ValueKind::host);
}

}  // namespace

void add_ctl_start(Command& ctl, Context& context) {
  auto& start = ctl.add_subcommand("start", "Start an actor or a provider on a host");
  start.require_subcommand();
  {
    auto& leaf = start.add_subcommand("actor", "Start an actor");
    auto options = std::make_shared<CtlCommandOptions>();
    leaf.add_option(
            "reference", options->reference,
            "Image: HOST[:PORT]/PATH:TAG, or a file below one of the host's --control-files "
            "folders")
        .required();
    add_choice_of_host(leaf, *options);
    finish_leaf(leaf, context, options, start_actor, "actor_id");
  }
  auto& leaf = start.add_subcommand("provider", "Start a provider");
  auto options = std::make_shared<CtlCommandOptions>();
  leaf.add_option("reference", options->reference,
                  "builtin: name, image: HOST[:PORT]/PATH:TAG, or a file below one of the host's "
                  "--control-files folders")
      .required();
  leaf.add_option("-l,--link-name", options->link_name, "Link name").show_default();
  add_choice_of_host(leaf, *options);
  finish_leaf(leaf, context, options, start_provider, "provider_id");
}

void add_ctl_stop(Command& ctl, Context& context) {
  auto& stop = ctl.add_subcommand("stop", "Stop an actor, a provider or a host");
  stop.require_subcommand();
  {
    auto& leaf = stop.add_subcommand("actor", "Stop an actor on a host");
    auto options = std::make_shared<CtlCommandOptions>();
    add_subject(
        leaf, *options,
        "Name, alias, image or key of the actor, or the beginning of its key; before it the "
        "host, as first-party tools have it: [HOST] ACTOR",
        ValueKind::actor, 1, 2);
    finish_leaf(leaf, context, options, stop_actor);
  }
  {
    auto& leaf = stop.add_subcommand("provider", "Stop a provider on a host");
    auto options = std::make_shared<CtlCommandOptions>();
    add_subject(
        leaf, *options,
        "Name, builtin:…, image or key of the provider, or the beginning of its key; or, as "
        "first-party tools have it: HOST PROVIDER LINK_NAME CONTRACT",
        ValueKind::provider, 1, 4);
    leaf.add_option("-l,--link-name", options->link_name, "Link name").show_default();
    leaf.add_option("--contract", options->contract, "Contract id: wasmcloud:keyvalue");
    finish_leaf(leaf, context, options, stop_provider);
  }
  auto& leaf = stop.add_subcommand("host", "End a host (Trellis hosts only)");
  auto options = std::make_shared<CtlCommandOptions>();
  leaf.add_option("host", options->host, host_help).required().completes(ValueKind::host);
  finish_leaf(leaf, context, options, stop_host);
}

void add_ctl_update(Command& ctl, Context& context) {
  auto& update = ctl.add_subcommand("update", "Replace a running actor");
  update.require_subcommand();
  auto& leaf = update.add_subcommand("actor", "Replace a running actor by a newer one");
  auto options = std::make_shared<CtlCommandOptions>();
  add_subject(leaf, *options,
              "Name, alias, image or key of the actor, or the beginning of its key, and the image "
              "(HOST[:PORT]/PATH:TAG) or file (below one of the host's --control-files folders) "
              "that replaces it; before them the host, as first-party tools have it: [HOST] ACTOR "
              "REFERENCE",
              ValueKind::actor, 2, 3);
  finish_leaf(leaf, context, options, update_actor);
}

void add_ctl_scale(Command& ctl, Context& context) {
  auto& scale = ctl.add_subcommand("scale", "Change how many instances an actor has");
  scale.require_subcommand();
  auto& leaf = scale.add_subcommand("actor", "Instances of an actor (Trellis hosts only)");
  auto options = std::make_shared<CtlCommandOptions>();
  add_subject(leaf, *options,
              "Name, alias, image or key of the actor, or the beginning of its key; before it the "
              "host, as first-party tools have it: [HOST] ACTOR",
              ValueKind::actor, 1, 2);
  leaf.add_option("--min", options->minimum, "Instances kept ready");
  leaf.add_option("--max", options->maximum, "Instances at most");
  finish_leaf(leaf, context, options, scale_actor);
}

}  // namespace trellis::cli
