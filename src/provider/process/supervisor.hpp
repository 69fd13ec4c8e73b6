// A provider in a process of its own: started, watched, started again, stopped.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "provider/process/child.hpp"
#include "provider/provider.hpp"

namespace trellis::provider::process {

/// How a provider's process is run. Every member has a working default but the command.
struct ProcessSettings {
  ChildCommand command;
  std::chrono::milliseconds start_timeout = std::chrono::seconds(10);
  /// A process that does not return from a call for so long after its caller gave up is ended.
  std::chrono::milliseconds hang_timeout = std::chrono::seconds(30);
  /// Pauses before a new start double from the first to the longest; half of each is random. A
  /// process that ran for the longest pause begins anew.
  std::chrono::milliseconds first_pause{100};
  std::chrono::milliseconds longest_pause = std::chrono::seconds(30);
};

/// A plugin whose instances each live in a process. Starts the first process at once, to ask it
/// what it is. Errors: unavailable, deadline, and whatever the process says of the file.
[[nodiscard]] Result<std::shared_ptr<const Plugin>> open_process(
    ProcessSettings settings, std::shared_ptr<const Clock> clock);

}  // namespace trellis::provider::process
