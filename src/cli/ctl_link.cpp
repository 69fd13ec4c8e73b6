// trellis ctl link put|del|query (cli.md 6): advertised to all hosts of the lattice.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "cli/ctl_common.hpp"
#include "cli/key_values.hpp"

namespace trellis::cli {
namespace {

constexpr auto poll_pause = std::chrono::milliseconds(100);

struct CtlLinkOptions {
  CtlFlags flags;
  Link link;
  std::vector<std::string> values;
};

bool same_key(const Link& a, const Link& b) {
  return a.actor == b.actor && a.contract_id == b.contract_id && a.link_name == b.link_name;
}

/// Until the lattice knows the link as it is wanted, or knows it no more.
Result<void> wait_for(Client& client, const Link& link, bool wanted,
                      std::chrono::milliseconds patience) {
  if (patience.count() <= 0) return {};
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end) {
    const auto links = client.links();
    if (!links) return std::unexpected(links.error());
    const bool there = std::any_of(links->begin(), links->end(), [&](const Link& known) {
      return wanted ? known == link : same_key(known, link);
    });
    if (there == wanted) return {};
    std::this_thread::sleep_for(poll_pause);
  }
  return fail(ErrorCode::deadline,
              wanted ? "no host of the lattice knows the link" : "the lattice knows the link still",
              "is the host that answers connected for calls as well as for control?");
}

Result<std::string> actor_key(Client& client, const std::string& word) {
  return client.resolve_actor(word);
}

Result<Answer> put(const Context& context, CtlLinkOptions options) {
  auto values = parse_key_values(options.values);
  if (!values) return pass(values);
  options.link.values = std::move(*values);
  auto client = connect_lattice(context, options.flags);
  if (!client) return pass(client);
  auto actor = actor_key(**client, options.link.actor);
  if (!actor) return pass(actor);
  options.link.actor = std::move(*actor);
  if (auto sent = (*client)->put_link(options.link); !sent) return pass(sent);
  auto known = wait_for(**client, options.link, true, options.flags.wait_time());
  if (!known) return pass(known);
  return Answer{fmt::format("Advertised link ({}) <-> ({}) successfully", options.link.actor,
                            options.link.provider_id),
                {{"actor_id", options.link.actor},
                 {"provider_id", options.link.provider_id},
                 {"result", "published"}}};
}

Result<Answer> del(const Context& context, CtlLinkOptions options) {
  auto client = connect_lattice(context, options.flags);
  if (!client) return pass(client);
  auto actor = actor_key(**client, options.link.actor);
  if (!actor) return pass(actor);
  auto& link = options.link;
  link.actor = std::move(*actor);
  auto sent = (*client)->remove_link(link.actor, link.contract_id, link.link_name);
  if (!sent) return pass(sent);
  auto gone = wait_for(**client, link, false, options.flags.wait_time());
  if (!gone) return pass(gone);
  return Answer{
      fmt::format("Removed link of {} to {} ({})", link.actor, link.contract_id, link.link_name),
      {{"actor_id", link.actor},
       {"contract_id", link.contract_id},
       {"link_name", link.link_name},
       {"result", "published"}}};
}

template <class Run>
void finish_leaf(Command& leaf, Context& context, const std::shared_ptr<CtlLinkOptions>& options,
                 Run run) {
  leaf.add_option("-l,--link-name", options->link.link_name, "Link name").show_default();
  add_ctl_options(leaf, options->flags);
  add_wait_option(leaf, options->flags);
  add_leaf(leaf, context, [options, run, &context](auto&) { return run(context, *options); });
}

}  // namespace

void add_ctl_link(Command& ctl, Context& context) {
  auto& link = ctl.add_subcommand("link", "Define, remove and look at links of the lattice");
  link.require_subcommand();
  {
    auto& leaf = link.add_subcommand("put", "Define or change a link");
    auto options = std::make_shared<CtlLinkOptions>();
    leaf.add_option("actor", options->link.actor, "Key or call alias of the actor")
        .required()
        .completes(ValueKind::actor);
    leaf.add_option("provider", options->link.provider_id, "Key of the provider")
        .required()
        .completes(ValueKind::provider);
    leaf.add_option("contract", options->link.contract_id, "Contract id: wasmcloud:keyvalue")
        .required();
    leaf.add_option("values", options->values, "Settings: KEY=VALUE …");
    finish_leaf(leaf, context, options, put);
  }
  auto& leaf = link.add_subcommand("del", "Remove a link");
  auto options = std::make_shared<CtlLinkOptions>();
  leaf.add_option("actor", options->link.actor, "Key or call alias of the actor")
      .required()
      .completes(ValueKind::actor);
  leaf.add_option("contract", options->link.contract_id, "Contract id: wasmcloud:keyvalue")
      .required();
  finish_leaf(leaf, context, options, del);
  add_ctl_links_query(link, context, "query");
}

}  // namespace trellis::cli
