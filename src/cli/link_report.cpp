#include "cli/link_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/durations.hpp"
#include "cli/printable.hpp"

namespace trellis::cli {
namespace {

std::string what(const LinkReport& report) {
  auto text =
      fmt::format("the link of {} to {} ({})", report.actor, report.provider, report.contract_id);
  if (report.link_name != "default") text += fmt::format(", link name {}", report.link_name);
  return text;
}

// Host of the report, which only lattices tell.
std::string where(const LinkReport& report) {
  return report.host_id.empty() ? "" : fmt::format(" on host {}", report.host_id);
}

}  // namespace

LinkState link_state_of(std::string_view name) {
  for (const auto state :
       {LinkState::waiting_for_actor, LinkState::waiting_for_provider, LinkState::refused,
        LinkState::binding, LinkState::bound, LinkState::failed}) {
    if (to_string(state) == name) return state;
  }
  // States that this version does not know are no success.
  return LinkState::elsewhere;
}

std::string url_of_link(std::string_view contract_id,
                        const std::map<std::string, std::string>& values) {
  if (contract_id != "wasmcloud:httpserver") return {};
  const auto value = [&](const char* key) {
    const auto found = values.find(key);
    return found == values.end() ? std::string() : found->second;
  };
  auto address = value("BIND");
  // Defaults of the HTTP server (contracts.md 3.1).
  if (address.empty()) address = "0.0.0.0:" + (value("PORT").empty() ? "8080" : value("PORT"));
  address.resize(std::min(address.find(','), address.size()));
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return {};
  const auto port = address.substr(colon + 1);
  auto host = address.substr(0, colon);
  if (port == "0") return {};  // whatever is free; the host's log and health say it
  const bool all = host.empty() || host == "0.0.0.0" || host == "[::]";
  if (all) host = host == "[::]" ? "[::1]" : "127.0.0.1";
  return fmt::format("{}://{}:{}{}{}", value("TLS_CERT").empty() ? "http" : "https", host, port,
                     value("PATH_PREFIX"), all ? " (and every other address of the machine)" : "");
}

Result<Answer> report_link(const LinkReport& report, nlohmann::json fields,
                           std::chrono::milliseconds waited) {
  const auto subject = what(report) + where(report);
  switch (report.state) {
    case LinkState::bound: {
      const auto url = url_of_link(report.contract_id, report.values);
      if (!url.empty()) fields["url"] = url.substr(0, url.find(' '));
      return Answer{fmt::format("Linked {} to {} ({}){}{}", printable(report.actor),
                                printable(report.provider), printable(report.contract_id),
                                printable(where(report)), url.empty() ? "" : ": " + printable(url)),
                    std::move(fields)};
    }
    // Each state that carries nothing is an error: success would mean that it happened.
    case LinkState::failed:
      return fail(ErrorCode::unavailable,
                  fmt::format("{}: the provider refuses it: {}", subject, report.problem),
                  "it is tried again with growing pauses; put the link again with other values, or "
                  "remove it with `link del`");
    case LinkState::refused:
      return fail(ErrorCode::denied, fmt::format("{} is not made: {}", subject, report.problem));
    case LinkState::binding:
      return fail(ErrorCode::deadline,
                  fmt::format("{}: the provider has not answered within {}", subject,
                              duration_text(waited)),
                  "`get links` shows what becomes of it; --wait-for allows more");
    case LinkState::waiting_for_actor:
      return fail(ErrorCode::not_found,
                  fmt::format("{} is defined, but no such actor is known yet", subject),
                  "it is made as soon as the actor starts; --no-wait defines links ahead");
    case LinkState::elsewhere:
      // Elsewhere, said by one host: it does not know what another has.
      if (report.host_id.empty()) {
        return Answer{
            fmt::format("Defined {}. The provider does not run on this host; `trellis "
                        "get links --lattice` shows what another host of the lattice made of it",
                        printable(what(report))),
            std::move(fields)};
      }
      break;
    case LinkState::waiting_for_provider: break;
  }
  return fail(ErrorCode::not_found,
              fmt::format("{} is defined, but no such provider runs{}", subject,
                          report.host_id.empty() ? "" : " there, nor on any host that answered"),
              "it is made as soon as the provider starts; is the contract one that it serves? "
              "--no-wait defines links ahead");
}

}  // namespace trellis::cli
