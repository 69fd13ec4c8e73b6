// Running a user's build command.
#pragma once

#include <string>

#include "cli/stop_request.hpp"
#include "trellis/result.hpp"

namespace trellis::cli {

/// Runs `command` with /bin/sh, its output on ours, and waits. A stop request ends it. The
/// environment is ours, with TRELLIS=`program` unless somebody has set that. Errors:
/// unavailable (cannot be run), invalid_argument (its status is not 0).
[[nodiscard]] Result<void> run_build(const std::string& command, const std::string& program,
                                     const StopRequest& stop);

}  // namespace trellis::cli
