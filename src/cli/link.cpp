// trellis link put|del|query, over the control socket (cli.md 6 and 13).
#include <fmt/format.h>

#include <vector>

#include "cli/host_client.hpp"
#include "cli/key_values.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

struct LinkCommandOptions {
  HostChoice host;
  std::string actor;
  std::string provider;
  std::string contract;
  std::vector<std::string> values;
  std::string link_name = "default";
};

std::string provider_argument(const std::string& provider) {
  return provider.find('/') == std::string::npos ? provider : artifact_name(provider);
}

Result<Answer> put(const Context& context, const LinkCommandOptions& options) {
  const auto values = parse_key_values(options.values);
  if (!values) return std::unexpected(values.error());
  auto answer = ask_host(context, options.host,
                         {"set_link",
                          {{"actor", options.actor},
                           {"provider", provider_argument(options.provider)},
                           {"contract_id", options.contract},
                           {"link_name", options.link_name},
                           {"values", *values}}});
  if (!answer) return pass(answer);
  return Answer{fmt::format("Defined the link ({}) <-> ({}); `trellis link query` shows its state",
                            text_of(*answer, "actor_id"), text_of(*answer, "provider_id")),
                std::move(*answer)};
}

Result<Answer> del(const Context& context, const LinkCommandOptions& options) {
  auto answer = ask_host(context, options.host,
                         {"remove_link",
                          {{"actor", options.actor},
                           {"contract_id", options.contract},
                           {"link_name", options.link_name}}});
  if (!answer) return pass(answer);
  return Answer{fmt::format("Removed the link of {} to {} ({})", text_of(*answer, "actor_id"),
                            options.contract, options.link_name),
                std::move(*answer)};
}

void add_common(Command& leaf, LinkCommandOptions& options) {
  leaf.add_option("-l,--link-name", options.link_name, "Link name");
  add_host_option(leaf, options.host);
}

void add_put(Command& link, Context& context) {
  auto& leaf = link.add_subcommand("put", "Define or change a link");
  auto options = std::make_shared<LinkCommandOptions>();
  leaf.add_option("actor", options->actor, "Key, alias or name of the actor")
      .required()
      .completes(ValueKind::actor);
  leaf.add_option("provider", options->provider, "Key or builtin name of the provider")
      .required()
      .completes(ValueKind::provider);
  leaf.add_option("contract", options->contract, "Contract id: wasmcloud:httpserver").required();
  leaf.add_option("values", options->values, "Settings: KEY=VALUE …");
  add_common(leaf, *options);
  add_leaf(leaf, context, [options, &context](auto&) { return put(context, *options); });
}

void add_del(Command& link, Context& context) {
  auto& leaf = link.add_subcommand("del", "Remove a link");
  auto options = std::make_shared<LinkCommandOptions>();
  leaf.add_option("actor", options->actor, "Key, alias or name of the actor")
      .required()
      .completes(ValueKind::actor);
  leaf.add_option("contract", options->contract, "Contract id: wasmcloud:httpserver").required();
  add_common(leaf, *options);
  add_leaf(leaf, context, [options, &context](auto&) { return del(context, *options); });
}

}  // namespace

void add_link(Command& app, Context& context) {
  auto& link = app.add_subcommand("link", "Define, remove and look at links of a running host");
  link.require_subcommand();
  add_put(link, context);
  add_del(link, context);
  add_links_query(link, context, "query");
}

}  // namespace trellis::cli
