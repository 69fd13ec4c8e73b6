// trellis get hosts|inventory|links|claims (cli.md 6), and the same below `ctl`.
#include "cli/get.hpp"

namespace trellis::cli {
namespace {

using Query = Result<Answer> (*)(const Context&, const GetOptions&);

/// Question, and how a host of this machine and a lattice are asked.
struct Question {
  const char* name;
  const char* help;
  Query local;
  Query lattice;
};

void add_query(Command& parent, Context& context, Tree tree, const Question& question,
               void (*extend)(Command&, GetOptions&, Tree)) {
  auto& leaf = parent.add_subcommand(question.name, question.help);
  auto options = std::make_shared<GetOptions>();
  extend(leaf, *options, tree);
  leaf.add_flag("-w,--wide", options->wide,
                "Names and whole keys, nothing cut, wherever the output goes");
  add_leaf(leaf, context, [options, question, &context](auto&) {
    return run_where(context, options->reach, *options, question.local, question.lattice);
  });
}

void extend_hosts(Command& leaf, GetOptions& options, Tree tree) {
  add_reach_options(leaf, options.reach, tree);
}

void extend_inventory(Command& leaf, GetOptions& options, Tree tree) {
  leaf.add_option("host", options.words,
                  "Which host: id, name, label (zone=a), or the beginning of its id; without one, "
                  "the only host of this machine, or all of the lattice")
      .count_range(0, 1)
      .completes(ValueKind::host);
  leaf.add_flag("-a,--all", options.all, "With the providers that hosts have for themselves");
  add_reach_host_options(leaf, options.reach, tree);
}

void extend_claims(Command& leaf, GetOptions& options, Tree tree) {
  // Claims and links are the lattice's as a whole: there is no host to choose.
  if (tree == Tree::lattice) return add_reach_options(leaf, options.reach, tree);
  add_reach_host_options(leaf, options.reach, tree);
}

void extend_links(Command& leaf, GetOptions& options, Tree tree) {
  extend_claims(leaf, options, tree);
  if (tree == Tree::lattice) return;
  // Secrets are shown by a host to its own user, hence on this machine only.
  leaf.add_flag("--show-secrets", options.show_secrets,
                "Show passwords and the like among the values, which are *** else; on this machine "
                "only");
}

/// Host behind the command, as first-party tools have it.
template <Query query>
Result<Answer> of_named_host(const Context& context, const GetOptions& options) {
  if (options.words.empty()) return query(context, options);
  if (!options.reach.host.host.empty()) {
    return fail(ErrorCode::invalid_argument, "the host is named twice",
                "once is enough: HOST, or --host HOST");
  }
  auto copy = options;
  copy.reach.host.host = options.words.front();
  return query(context, copy);
}

/// Queries on what all hosts of a lattice have in common: they name no host.
template <Query query>
Result<Answer> of_whole_lattice(const Context& context, const GetOptions& options) {
  if (!options.reach.host.host.empty() || options.show_secrets) {
    return fail(ErrorCode::invalid_argument,
                "--host and --show-secrets are for a host on this machine: a lattice has one cache",
                "leave them out, or leave out --lattice");
  }
  return query(context, options);
}

}  // namespace

void add_links_query(Command& parent, Context& context, Tree tree, const char* name) {
  add_query(parent, context, tree,
            {name, "Links, with their state", local_links, of_whole_lattice<lattice_links>},
            extend_links);
}

void add_get(Command& app, Context& context, Tree tree) {
  auto& get = app.add_subcommand("get", "Look at hosts, what they run, claims and links");
  get.require_subcommand();
  add_query(get, context, tree,
            {"hosts", "Hosts of this machine, or of a lattice", local_hosts, lattice_hosts},
            extend_hosts);
  add_query(get, context, tree,
            {"inventory", "Actors, providers and labels of hosts", of_named_host<local_inventory>,
             of_named_host<lattice_inventory>},
            extend_inventory);
  add_links_query(get, context, tree, "links");
  add_query(get, context, tree,
            {"claims", "Claims of the actors that are known", local_claims,
             of_whole_lattice<lattice_claims>},
            extend_claims);
}

}  // namespace trellis::cli
