// Report on a link, told to the user in the same words for one host and for a lattice.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "cli/command.hpp"
#include "trellis/host_types.hpp"

namespace trellis::cli {

/// A link that was defined, and as far as it has come. Plain value.
struct LinkReport {
  std::string actor;  ///< as the user knows it
  std::string provider;
  std::string contract_id;
  std::string link_name;
  std::map<std::string, std::string> values;
  LinkState state = LinkState::binding;
  std::string problem;
  std::string host_id;  ///< empty: the host that was asked
  std::uint32_t attempts = 0;
};

/// The state of that name; `elsewhere` for names of later versions.
[[nodiscard]] LinkState link_state_of(std::string_view name);

/// Where an HTTP link serves, from its values: "http://127.0.0.1:8080"; empty for other contracts,
/// and where the values do not say it.
[[nodiscard]] std::string url_of_link(std::string_view contract_id,
                                      const std::map<std::string, std::string>& values);

/// Success is a link that is in force: the answer says so, anything else is an error with what is
/// missing and what to do. `waited` is how long that was waited for.
[[nodiscard]] Result<Answer> report_link(const LinkReport& report, nlohmann::json json,
                                         std::chrono::milliseconds waited);

}  // namespace trellis::cli
