// Where a host started from the command line has its secrets: a folder of files, and the
// environment.
#pragma once

#include <filesystem>

#include "cli/command.hpp"
#include "trellis/host.hpp"

namespace trellis::cli {

/// Looks for NAME in `folder` (a file of that name; one line end at its end does not count), then
/// for the variable TRELLIS_SECRET_NAME with NAME in upper case and `_` for `.` and `-`. Names are
/// 1 to 64 letters, digits, dots, hyphens and underscores, and do not begin with a dot. Read anew
/// each time. Without a folder only variables. Any thread, as long as nobody changes the
/// environment.
[[nodiscard]] SecretSource secret_source(const Context& context,
                                         const std::filesystem::path& folder);

}  // namespace trellis::cli
