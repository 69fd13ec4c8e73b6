// Options of `link put` and `link del`, on a host of this machine and on a lattice.
#pragma once

#include <string>
#include <vector>

#include "cli/reach.hpp"

namespace trellis::cli {

struct LinkOptions {
  ReachFlags reach;
  Link link;  ///< actor and provider as the user names them
  std::vector<std::string> values;
  bool ignore_missing = false;
};

[[nodiscard]] Result<Answer> local_put(const Context& context, const LinkOptions& options);
[[nodiscard]] Result<Answer> local_del(const Context& context, const LinkOptions& options);
[[nodiscard]] Result<Answer> lattice_put(const Context& context, LinkOptions options);
[[nodiscard]] Result<Answer> lattice_del(const Context& context, LinkOptions options);

}  // namespace trellis::cli
