// trellis link put|del on a lattice, advertised to all its hosts (cli.md 6).
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/contracts.hpp"
#include "cli/key_values.hpp"
#include "cli/lattice_names.hpp"
#include "cli/link.hpp"
#include "cli/link_report.hpp"

namespace trellis::cli {

using nlohmann::json;

Result<Answer> lattice_put(const Context& context, LinkOptions options) {
  warn_of_odd_contracts(context, {options.link.contract_id});
  auto values = parse_key_values(options.values);
  if (!values) return pass(values);
  options.link.values = std::move(*values);
  auto client = connect_lattice(context, options.reach.lattice);
  if (!client) return pass(client);
  auto actor = lattice_actor(**client, options.link.actor);
  if (!actor) return pass(actor);
  // Names for the report, keys for the wire.
  const auto shown_actor = std::exchange(options.link.actor, std::move(*actor));
  auto provider = lattice_provider(**client, options.link.provider_id, options.link.link_name);
  if (!provider) return pass(provider);
  const auto shown_provider = std::exchange(options.link.provider_id, std::move(*provider));
  const auto& link = options.link;
  json about{{"actor_id", link.actor}, {"provider_id", link.provider_id}, {"result", "published"}};
  const auto wait = options.reach.lattice.wait.time();
  // Text of the first-party tool (cli.md 6), which never waits.
  if (wait.count() == 0) {
    if (auto sent = (*client)->put_link(link); !sent) return pass(sent);
    return Answer{
        fmt::format("Advertised link ({}) <-> ({}) successfully", link.actor, link.provider_id),
        std::move(about)};
  }
  // Listens before it advertises: the outcome may come at once.
  const auto became = (*client)->put_link_and_wait(link, wait);
  if (!became) return pass(became);
  // Links are advertised to all; whether one works only hosts of ours tell.
  if (!*became) {
    return Answer{fmt::format("Advertised link ({}) <-> ({}); no host tells whether the provider "
                              "took it: only Trellis hosts do",
                              link.actor, link.provider_id),
                  std::move(about)};
  }
  const auto& state = **became;
  about["host_id"] = state.host_id;
  about["state"] = to_string(state.state);
  return report_link({shown_actor, shown_provider, link.contract_id, link.link_name, link.values,
                      state.state, state.problem, state.host_id, state.attempts},
                     std::move(about), wait);
}

Result<Answer> lattice_del(const Context& context, LinkOptions options) {
  auto client = connect_lattice(context, options.reach.lattice);
  if (!client) return pass(client);
  auto actor = lattice_actor(**client, options.link.actor);
  if (!actor) return pass(actor);
  auto& link = options.link;
  link.actor = std::move(*actor);
  const auto known = (*client)->links();
  if (!known) return pass(known);
  const bool there = std::ranges::any_of(*known, [&](const Link& one) {
    return one.actor == link.actor && one.contract_id == link.contract_id &&
           one.link_name == link.link_name;
  });
  const auto wait = options.reach.lattice.wait.time();
  // Removal is sent also where no link is known: the host that answered may have missed what others
  // know.
  auto sent =
      wait.count() == 0
          ? (*client)->remove_link(link.actor, link.contract_id, link.link_name)
          : (*client)->remove_link_and_wait(link.actor, link.contract_id, link.link_name, wait);
  if (!sent) return pass(sent);
  if (!there && options.ignore_missing) {
    return Answer{"There is no such link", {{"result", "missing"}}};
  }
  if (!there) {
    return fail(ErrorCode::not_found,
                fmt::format("the lattice knows no link of {} to {} ({})", link.actor,
                            link.contract_id, link.link_name),
                "`trellis get links --lattice` lists them");
  }
  return Answer{
      fmt::format("Removed link of {} to {} ({})", link.actor, link.contract_id, link.link_name),
      {{"actor_id", link.actor},
       {"contract_id", link.contract_id},
       {"link_name", link.link_name},
       {"result", "published"}}};
}

}  // namespace trellis::cli
