// One process of a provider, from its start to its end.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.hpp"
#include "trellis/result.hpp"

namespace trellis::provider::process {

/// How a process for a plugin is started.
struct ChildCommand {
  std::filesystem::path program;       ///< that runs `serve`, normally the trellis binary
  std::vector<std::string> arguments;  ///< without the program's name
};

/// Owns the process: destroying it kills and reaps. Not for use by two threads at once, but kill().
class Child {
 public:
  /// Starts the process with three streams: calls, dispatches, and one for what it prints. It gets
  /// few of our variables (none that may hold secrets), no other descriptor, and a process group of
  /// its own. Errors: unavailable.
  [[nodiscard]] static Result<Child> start(const ChildCommand& command);

  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Readable when the process has ended.
  [[nodiscard]] int ended_descriptor() const noexcept { return pidfd_.get(); }
  [[nodiscard]] int output_descriptor() const noexcept { return output_.get(); }
  [[nodiscard]] Descriptor take_calls() noexcept { return std::move(calls_); }
  [[nodiscard]] Descriptor take_dispatches() noexcept { return std::move(dispatches_); }

  void kill() const noexcept;
  /// How it ended, as in "ended with status 3" and "was ended by signal 11 (Segmentation fault)";
  /// nothing when it still runs after `patience`.
  [[nodiscard]] std::optional<std::string> wait(std::chrono::milliseconds patience);

 private:
  Child() = default;
  /// For a process without pidfd_.
  void end_unwatched() noexcept;

  pid_t pid_ = 0;
  bool reaped_ = false;
  Descriptor pidfd_;
  Descriptor output_;
  Descriptor calls_;
  Descriptor dispatches_;
};

}  // namespace trellis::provider::process
