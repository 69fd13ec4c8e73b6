// Queries of `get`, from a host of this machine and from a lattice: the same questions, the same
// views.
#pragma once

#include <string>
#include <vector>

#include "cli/reach.hpp"

namespace trellis::cli {

struct GetOptions {
  ReachFlags reach;
  std::vector<std::string> words;  ///< of the inventory: the host
  bool wide = false;
  bool all = false;           ///< what hosts have for themselves, too
  bool show_secrets = false;  ///< of links of a host on this machine
};

[[nodiscard]] Result<Answer> local_hosts(const Context& context, const GetOptions& flags);
[[nodiscard]] Result<Answer> local_inventory(const Context& context, const GetOptions& flags);
[[nodiscard]] Result<Answer> local_links(const Context& context, const GetOptions& flags);
[[nodiscard]] Result<Answer> local_claims(const Context& context, const GetOptions& flags);

[[nodiscard]] Result<Answer> lattice_hosts(const Context& context, const GetOptions& options);
[[nodiscard]] Result<Answer> lattice_inventory(const Context& context, const GetOptions& options);
[[nodiscard]] Result<Answer> lattice_links(const Context& context, const GetOptions& options);
[[nodiscard]] Result<Answer> lattice_claims(const Context& context, const GetOptions& options);

}  // namespace trellis::cli
