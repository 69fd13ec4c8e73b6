// Commands that change something wait for what comes of it, unless told not to.
#pragma once

#include <chrono>

#include "cli/options.hpp"

namespace trellis::cli {

/// Plain value; lives as long as the command.
struct WaitFlags {
  std::chrono::milliseconds limit = std::chrono::seconds(60);
  bool wait = true;

  /// How long to wait; 0: not at all.
  [[nodiscard]] std::chrono::milliseconds time() const {
    return wait ? limit : std::chrono::milliseconds(0);
  }
};

/// --wait (the default), --no-wait and --wait-for.
void add_wait_flags(Command& leaf, WaitFlags& flags);

}  // namespace trellis::cli
