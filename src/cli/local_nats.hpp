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
  /// One on a free port.
  [[nodiscard]] static Result<std::unique_ptr<LocalNats>> start_anywhere(const Context& context);
  ~LocalNats();
  LocalNats(const LocalNats&) = delete;
  LocalNats& operator=(const LocalNats&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return child_; }
  [[nodiscard]] std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }

 private:
  LocalNats(pid_t child, std::uint16_t port) : child_(child), port_(port) {}
  [[nodiscard]] static Result<std::unique_ptr<LocalNats>> start(const Context& context,
                                                                std::uint16_t port);

  pid_t child_;  // 0 once it has ended
  const std::uint16_t port_;
};

}  // namespace trellis::cli
