// What a host may be started with.
#pragma once

#include "trellis/host.hpp"

namespace trellis::host {

/// The first option that makes no sense, with what to give instead. Asked before anything is made
/// of the options: pools, deadlines and rules may rely on them. Any thread.
[[nodiscard]] Result<void> check_options(const HostOptions& options);

}  // namespace trellis::host
