// A nats-server of this machine, for those who want a lattice and have none yet.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "cli/command.hpp"

namespace trellis::cli {

/// A server started for one host; ends with it, also when that is killed. Main thread only.
class LocalNats {
 public:
  /// Null when a server answers at `url` already, or when that is another machine; else one that is
  /// started there, for this machine alone. Errors: what is missing, or why it does not start.
  [[nodiscard]] static Result<std::unique_ptr<LocalNats>> find_or_start(const Context& context,
                                                                        const std::string& url);
  ~LocalNats();
  LocalNats(const LocalNats&) = delete;
  LocalNats& operator=(const LocalNats&) = delete;

 private:
  explicit LocalNats(pid_t child) : child_(child) {}

  const pid_t child_;
};

}  // namespace trellis::cli
