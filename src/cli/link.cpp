// trellis link put|del|query (cli.md 6), and the same below `ctl`.
#include "cli/link.hpp"

#include "cli/contracts.hpp"
#include "identity/keys.hpp"

namespace trellis::cli {
namespace {

// Time for a link to be bound: a provider may have to connect to a server first.
constexpr std::chrono::seconds link_patience{10};

template <class Local, class Lattice>
void finish_leaf(Command& leaf, Context& context, Tree tree,
                 const std::shared_ptr<LinkOptions>& options, Local local, Lattice lattice) {
  leaf.add_option("-l,--link-name", options->link.link_name, "Link name").show_default();
  options->reach.lattice.wait.limit = link_patience;
  add_wait_flags(leaf, options->reach.lattice.wait);
  if (tree == Tree::lattice) {
    add_reach_options(leaf, options->reach, tree);
  } else {
    add_reach_host_options(leaf, options->reach, tree);
  }
  // One declaration for both ends: where the command goes is decided when it runs.
  add_action_leaf(leaf, context, [options, local, lattice, &context](auto&) {
    return run_where(context, options->reach, *options, local, lattice);
  });
}

void add_actor(Command& leaf, LinkOptions& options) {
  leaf.add_option("actor", options.link.actor,
                  "Name, alias, image or key of the actor, or the beginning of the key")
      .required()
      .completes(ValueKind::actor);
}

void add_put(Command& link, Context& context, Tree tree) {
  auto& leaf = link.add_subcommand("put", "Define or change a link");
  auto options = std::make_shared<LinkOptions>();
  add_actor(leaf, *options);
  leaf.add_option("provider", options->link.provider_id,
                  "Name, builtin:…, image or key of the provider, or the beginning of the key")
      .required()
      .completes(ValueKind::provider);
  add_contract(leaf, options->link.contract_id);
  leaf.add_option("values", options->values, "Settings: KEY=VALUE …");
  finish_leaf(leaf, context, tree, options, local_put, lattice_put);
}

void add_del(Command& link, Context& context, Tree tree) {
  auto& leaf = link.add_subcommand("del", "Remove a link");
  auto options = std::make_shared<LinkOptions>();
  add_actor(leaf, *options);
  add_contract(leaf, options->link.contract_id);
  leaf.add_flag("--ignore-missing", options->ignore_missing,
                "A link that is not there is no error");
  finish_leaf(leaf, context, tree, options, local_del, lattice_del);
}

}  // namespace

void add_link(Command& app, Context& context, Tree tree) {
  auto& link = app.add_subcommand("link", "Define, remove and look at links");
  link.require_subcommand();
  // Default command: first-party tools of this generation have no `put`. A whole key in front is
  // what tells their form apart from a mistyped command.
  link.default_command("put", [](const std::string& word) {
    const auto key = identity::PublicKey::parse(word);
    return key && key->type() == identity::KeyType::module;
  });
  add_put(link, context, tree);
  add_del(link, context, tree);
  add_links_query(link, context, tree, "query");
}

}  // namespace trellis::cli
