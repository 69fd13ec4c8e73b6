// trellis link put|del|query, over the control socket (cli.md 6 and 13).
#include <fmt/format.h>

#include <vector>

#include "cli/contracts.hpp"
#include "cli/durations.hpp"
#include "cli/host_client.hpp"
#include "cli/key_values.hpp"
#include "cli/link_report.hpp"
#include "cli/wait_flags.hpp"

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
  WaitFlags wait{.limit = std::chrono::seconds(10)};
  bool ignore_missing = false;
};

std::string provider_argument(const std::string& provider) {
  return provider.find('/') == std::string::npos ? provider : artifact_name(provider);
}

Result<Answer> put(const Context& context, const LinkCommandOptions& options) {
  warn_of_odd_contracts(context.err, {options.contract});
  const auto values = parse_key_values(options.values);
  if (!values) return std::unexpected(values.error());
  auto answer = ask_host(context, options.host,
                         {"set_link",
                          {{"actor", options.actor},
                           {"provider", provider_argument(options.provider)},
                           {"contract_id", options.contract},
                           {"link_name", options.link_name},
                           {"values", *values},
                           {"wait_ms", options.wait.time().count()}}});
  if (!answer) return pass(answer);
  const auto link = answer->find("link");
  if (link == answer->end()) {
    return Answer{fmt::format("Defined the link of {} to {}; `trellis get links` shows its state",
                              options.actor, options.provider),
                  std::move(*answer)};
  }
  LinkReport report{options.actor,
                    options.provider,
                    options.contract,
                    options.link_name,
                    *values,
                    LinkState::binding,
                    text_of(*link, "problem"),
                    {},
                    0};
  report.state = link_state_of(text_of(*link, "state"));
  return report_link(report, std::move(*answer), options.wait.time());
}

Result<Answer> del(const Context& context, const LinkCommandOptions& options) {
  auto answer = ask_host(context, options.host,
                         {"remove_link",
                          {{"actor", options.actor},
                           {"contract_id", options.contract},
                           {"link_name", options.link_name},
                           {"wait_ms", options.wait.time().count()}}});
  const auto name =
      fmt::format("the link of {} to {} ({})", options.actor, options.contract, options.link_name);
  if (!answer && answer.error().code == ErrorCode::not_found && options.ignore_missing) {
    return Answer{fmt::format("There is no such link: {}", name), {{"result", "missing"}}};
  }
  if (!answer) return pass(answer);
  if (!answer->value("told", true)) {
    return fail(ErrorCode::deadline,
                fmt::format("{} is removed, but its provider has not let go of the actor within {}",
                            name, duration_text(options.wait.time())),
                "the host's log says more");
  }
  return Answer{"Removed " + name, std::move(*answer)};
}

void add_common(Command& leaf, LinkCommandOptions& options) {
  leaf.add_option("-l,--link-name", options.link_name, "Link name");
  add_wait_flags(leaf, options.wait);
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
  add_contract(leaf, options->contract);
  leaf.add_option("values", options->values, "Settings: KEY=VALUE …");
  add_common(leaf, *options);
  add_action_leaf(leaf, context, [options, &context](auto&) { return put(context, *options); });
}

void add_del(Command& link, Context& context) {
  auto& leaf = link.add_subcommand("del", "Remove a link");
  auto options = std::make_shared<LinkCommandOptions>();
  leaf.add_option("actor", options->actor, "Key, alias or name of the actor")
      .required()
      .completes(ValueKind::actor);
  add_contract(leaf, options->contract);
  leaf.add_flag("--ignore-missing", options->ignore_missing,
                "A link that is not there is no error");
  add_common(leaf, *options);
  add_action_leaf(leaf, context, [options, &context](auto&) { return del(context, *options); });
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
