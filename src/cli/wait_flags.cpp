#include "cli/wait_flags.hpp"

#include <fmt/format.h>

#include "cli/durations.hpp"

namespace trellis::cli {

void add_wait_flags(Command& leaf, WaitFlags& flags) {
  leaf.add_flag(
      "--wait,!--no-wait", flags.wait,
      "Wait for the outcome, and fail when it is none (default); or only ask for it, on a "
      "lattice");
  add_duration(
      leaf, "--wait-for", flags.limit, std::chrono::seconds(1),
      fmt::format("How long to wait at most ({}): 500ms, 2s, 1m", duration_text(flags.limit)));
}

}  // namespace trellis::cli
