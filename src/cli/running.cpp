// trellis start|stop|update|scale and down (cli.md 6), and the same below `ctl`.
#include "cli/running.hpp"

#include <fmt/format.h>

namespace trellis::cli {
namespace {

using Action = Result<Answer> (*)(const Context&, const RunningOptions&);

/// Deed of a command: how a host of this machine and a lattice are told.
struct Deed {
  const char* name;
  const char* help;
  Action local;
  Action lattice;
  const char* essential = "";  ///< what --quiet leaves of the answer
};

/// Subject among the words behind the command: [HOST] SUBJECT ..., as first-party tools have it.
/// `behind` words follow the subject, so that the number of words tells whether there is a host.
Result<RunningOptions> read_subject(RunningOptions options, std::size_t behind) {
  auto& words = options.words;
  // No word is left over for a host.
  if (words.size() <= behind + 1) {
    options.subject = words.front();
    return options;
  }
  if (!options.reach.host.host.empty()) {
    return fail(ErrorCode::invalid_argument, "the host is named twice",
                "once is enough: HOST in front, or --host HOST");
  }
  options.reach.host.host = words[0];
  options.subject = words[1];
  return options;
}

Result<RunningOptions> read_update(const RunningOptions& options) {
  auto read = read_subject(options, 1);
  if (read) read->reference = options.words.back();
  return read;
}

/// Words [HOST] PROVIDER, or HOST PROVIDER LINK_NAME CONTRACT.
Result<RunningOptions> read_stop_provider(const RunningOptions& options) {
  auto read = read_subject(options, 0);
  if (!read) return read;
  if (options.words.size() > 2) read->link_name = options.words[2];
  if (options.words.size() > 3) read->contract = options.words[3];
  return read;
}

Result<RunningOptions> read_alone(const RunningOptions& options) {
  return read_subject(options, 0);
}

/// Host that is to be stopped.
Result<RunningOptions> read_host(const RunningOptions& options) {
  auto read = options;
  read.reach.host.host = options.words.front();
  return read;
}

// Starts have one word, the reference; which host is an option there (cli.md 6).
Result<RunningOptions> read_start(const RunningOptions& options) {
  return options;
}

using Read = Result<RunningOptions> (*)(const RunningOptions&);

/// Options that all commands have, and the work.
void finish_leaf(Command& leaf, Context& context, Tree tree,
                 const std::shared_ptr<RunningOptions>& options, const Deed& deed, Read read) {
  // The patience with a local host is longer: it answers when the work is done, images fetched.
  if (tree == Tree::any) options->reach.lattice.wait.limit = request_patience;
  add_wait_flags(leaf, options->reach.lattice.wait);
  add_action_leaf(
      leaf, context,
      [options, deed, read, &context](auto&) -> Result<Answer> {
        const auto ready = read(*options);
        if (!ready) return pass(ready);
        return run_where(context, ready->reach, *ready, deed.local, deed.lattice);
      },
      deed.essential);
}

void add_link_name(Command& leaf, RunningOptions& options) {
  leaf.add_option("-l,--link-name", options.link_name, "Link name of the provider").show_default();
}

void add_choice_of_host(Command& leaf, RunningOptions& options, Tree tree) {
  leaf.add_option("-c,--constraint", options.constraints,
                  "Label that the host of a lattice must have: LABEL=VALUE; the first that offers "
                  "is taken")
      .one_each();
  // -h is the host in first-party tools (cli.md 6).
  if (tree == Tree::lattice) leaf.no_short_help();
  add_reach_host_options(leaf, options.reach, tree,
                         tree == Tree::lattice ? "-h,--host-id,--host" : "--host,--host-id");
}

/// Words of a command on something that runs, and --host.
void add_subject(Command& leaf, RunningOptions& options, Tree tree, const char* help,
                 ValueKind kind, std::uint32_t least, std::uint32_t most) {
  leaf.add_option("subject", options.words, help)
      .required()
      .count_range(least, most)
      .completes(kind);
  add_reach_host_options(leaf, options.reach, tree);
}

constexpr const char* actor_help =
    "Name, alias, image or key of the actor, or the beginning of its key; before it the host, as "
    "first-party tools have it: [HOST] ACTOR";

void add_start_actor(Command& start, Context& context, Tree tree) {
  const Deed deed{"actor", "Start an actor", local_start_actor, lattice_start_actor, "actor_id"};
  auto& leaf = start.add_subcommand(deed.name, deed.help);
  auto options = std::make_shared<RunningOptions>();
  leaf.add_option("reference", options->reference,
                  "Signed module, or image: HOST[:PORT]/PATH:TAG; on a lattice a file must lie "
                  "below one of the host's --control-files folders")
      .required()
      .completes(ValueKind::file);
  add_choice_of_host(leaf, *options, tree);
  finish_leaf(leaf, context, tree, options, deed, read_start);
}

void add_start_provider(Command& start, Context& context, Tree tree) {
  const Deed deed{"provider", "Start a provider", local_start_provider, lattice_start_provider,
                  "provider_id"};
  auto& leaf = start.add_subcommand(deed.name, deed.help);
  auto options = std::make_shared<RunningOptions>();
  leaf.add_option("reference", options->reference,
                  "builtin:httpserver, builtin:keyvalue, …, a library, an archive (.par.gz) or an "
                  "image: HOST[:PORT]/PATH:TAG; on a lattice a file must lie below one of the "
                  "host's --control-files folders")
      .required()
      .completes(ValueKind::file);
  add_link_name(leaf, *options);
  if (tree == Tree::any) {
    leaf.add_option("--mode", options->mode,
                    "Where it runs on this machine: in-process, in a supervised process, or auto "
                    "(what the host was told)")
        .one_of({"auto", "in-process", "process"});
  }
  add_choice_of_host(leaf, *options, tree);
  finish_leaf(leaf, context, tree, options, deed, read_start);
}

void add_stop_host(Command& parent, Context& context, Tree tree) {
  const Deed deed{"host", "Stop a host and wait until it is gone (Trellis hosts only)",
                  local_stop_host, lattice_stop_host};
  auto& leaf = parent.add_subcommand(deed.name, deed.help);
  auto options = std::make_shared<RunningOptions>();
  leaf.add_option("host", options->words,
                  "Id, name or label (zone=a) of a host, or the beginning of its id")
      .required()
      .count_range(1, 1)
      .completes(ValueKind::host);
  add_reach_options(leaf, options->reach, tree);
  finish_leaf(leaf, context, tree, options, deed, read_host);
}

}  // namespace

void add_start(Command& app, Context& context, Tree tree) {
  auto& start = app.add_subcommand("start", "Start an actor or a provider on a running host");
  start.require_subcommand();
  add_start_actor(start, context, tree);
  add_start_provider(start, context, tree);
}

void add_stop(Command& app, Context& context, Tree tree) {
  auto& stop = app.add_subcommand("stop", "Stop an actor, a provider or a host");
  stop.require_subcommand();
  {
    const Deed deed{"actor", "Stop an actor", local_stop_actor, lattice_stop_actor};
    auto& leaf = stop.add_subcommand(deed.name, deed.help);
    auto options = std::make_shared<RunningOptions>();
    add_subject(leaf, *options, tree, actor_help, ValueKind::actor, 1, 2);
    finish_leaf(leaf, context, tree, options, deed, read_alone);
  }
  {
    const Deed deed{"provider", "Stop a provider", local_stop_provider, lattice_stop_provider};
    auto& leaf = stop.add_subcommand(deed.name, deed.help);
    auto options = std::make_shared<RunningOptions>();
    add_subject(leaf, *options, tree,
                "Name, builtin:…, image or key of the provider, or the beginning of its key; or, "
                "as first-party tools have it: HOST PROVIDER LINK_NAME CONTRACT",
                ValueKind::provider, 1, 4);
    add_link_name(leaf, *options);
    leaf.add_option("--contract", options->contract, "Refuse unless it serves this");
    finish_leaf(leaf, context, tree, options, deed, read_stop_provider);
  }
  add_stop_host(stop, context, tree);
}

void add_update(Command& app, Context& context, Tree tree) {
  auto& update = app.add_subcommand("update", "Replace a running actor");
  update.require_subcommand();
  const Deed deed{"actor", "Replace a running actor by a newer one, keeping its links",
                  local_update_actor, lattice_update_actor};
  auto& leaf = update.add_subcommand(deed.name, deed.help);
  auto options = std::make_shared<RunningOptions>();
  add_subject(leaf, *options, tree,
              "Name, alias, image or key of the actor, or the beginning of its key, and the module "
              "or image (HOST[:PORT]/PATH:TAG) that replaces it, of a higher revision; before them "
              "the host, as first-party tools have it: [HOST] ACTOR REFERENCE",
              ValueKind::actor, 2, 3);
  finish_leaf(leaf, context, tree, options, deed, read_update);
}

void add_scale(Command& app, Context& context, Tree tree) {
  auto& scale = app.add_subcommand("scale", "Change how many instances an actor has");
  scale.require_subcommand();
  const Deed deed{"actor", "Instances of an actor (Trellis hosts only)", local_scale_actor,
                  lattice_scale_actor};
  auto& leaf = scale.add_subcommand(deed.name, deed.help);
  auto options = std::make_shared<RunningOptions>();
  add_subject(leaf, *options, tree, actor_help, ValueKind::actor, 1, 2);
  leaf.add_option("--min", options->minimum, "Instances kept ready");
  leaf.add_option("--max", options->maximum, "Instances at most");
  finish_leaf(leaf, context, tree, options, deed, read_alone);
}

void add_down(Command& app, Context& context) {
  auto& leaf = app.add_subcommand("down", "Stop a host of this machine and wait until it is gone");
  auto options = std::make_shared<RunningOptions>();
  add_host_option(leaf, options->reach.host);
  options->reach.lattice.wait.limit = request_patience;
  add_action_leaf(leaf, context,
                  [options, &context](auto&) { return local_stop_host(context, *options); });
}

}  // namespace trellis::cli
