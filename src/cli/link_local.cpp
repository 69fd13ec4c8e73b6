// trellis link put|del on a host of this machine, over its control socket (cli.md 6 and 13).
#include <fmt/format.h>

#include "cli/contracts.hpp"
#include "cli/durations.hpp"
#include "cli/key_values.hpp"
#include "cli/link.hpp"
#include "cli/link_report.hpp"

namespace trellis::cli {
namespace {

std::string provider_argument(const std::string& provider) {
  // Words without a slash are names for the host to resolve, even if a file here is called so.
  return provider.find('/') == std::string::npos ? provider : artifact_name(provider);
}

}  // namespace

Result<Answer> local_put(const Context& context, const LinkOptions& options) {
  warn_of_odd_contracts(context, {options.link.contract_id});
  const auto values = parse_key_values(options.values);
  if (!values) return pass(values);
  auto answer = ask_host(context, options.reach.host,
                         {"set_link",
                          {{"actor", options.link.actor},
                           {"provider", provider_argument(options.link.provider_id)},
                           {"contract_id", options.link.contract_id},
                           {"link_name", options.link.link_name},
                           {"values", *values},
                           {"wait_ms", options.reach.lattice.wait.time().count()}}});
  if (!answer) return pass(answer);
  // Without waiting the host does not tell a state.
  const auto link = answer->find("link");
  if (link == answer->end()) {
    return Answer{fmt::format("Defined the link of {} to {}; `trellis get links` shows its state",
                              options.link.actor, options.link.provider_id),
                  std::move(*answer)};
  }
  // Names as the user wrote them: the host resolved them, and its keys are in the JSON.
  LinkReport report{options.link.actor,
                    options.link.provider_id,
                    options.link.contract_id,
                    options.link.link_name,
                    *values,
                    LinkState::binding,
                    text_of(*link, "problem"),
                    {},
                    0};
  report.state = link_state_of(text_of(*link, "state"));
  (*answer)["state"] = text_of(*link, "state");
  return report_link(report, std::move(*answer), options.reach.lattice.wait.time());
}

Result<Answer> local_del(const Context& context, const LinkOptions& options) {
  auto answer = ask_host(context, options.reach.host,
                         {"remove_link",
                          {{"actor", options.link.actor},
                           {"contract_id", options.link.contract_id},
                           {"link_name", options.link.link_name},
                           {"wait_ms", options.reach.lattice.wait.time().count()}}});
  const auto name = fmt::format("the link of {} to {} ({})", options.link.actor,
                                options.link.contract_id, options.link.link_name);
  if (!answer && answer.error().code == ErrorCode::not_found && options.ignore_missing) {
    return Answer{fmt::format("There is no such link: {}", name), {{"result", "missing"}}};
  }
  if (!answer) return pass(answer);
  // Removed and not told: the provider may still hold ports or connections of the link.
  if (!answer->value("told", true)) {
    return fail(ErrorCode::deadline,
                fmt::format("{} is removed, but its provider has not let go of the actor within {}",
                            name, duration_text(options.reach.lattice.wait.time())),
                "the host's log says more");
  }
  return Answer{"Removed " + name, std::move(*answer)};
}

}  // namespace trellis::cli
