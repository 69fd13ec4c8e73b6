// What else a machine did while it was measured.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace trellis::bench {

/// From its construction on: of the time of all cores, the share that went to processes other than
/// this one, those that it started and waited for, and some named ones (servers). Time that a
/// virtual machine was not given counts as theirs. One thread.
class MachineUse {
 public:
  /// Beyond this share a ratio may be off by more than what it shall show.
  static constexpr double too_much = 0.10;

  explicit MachineUse(std::vector<pid_t> servers);

  /// 0 to 1; nothing was measurable: 0.
  [[nodiscard]] double others() const;

 private:
  struct Sample {
    double all = 0;   ///< seconds of all cores
    double busy = 0;  ///< of them not idle
    double ours = 0;
  };
  [[nodiscard]] Sample sample() const;

  const std::vector<pid_t> servers_;
  const Sample begin_;
};

/// Seconds of processor time a process has used; 0 when there is none.
[[nodiscard]] double processor_seconds(pid_t process);
/// Of this process.
[[nodiscard]] double own_processor_seconds();
/// Memory of a process that is in use now, in millions of bytes; 0 when there is none.
[[nodiscard]] double resident_mb(pid_t process);
/// Of this process.
[[nodiscard]] double resident_mb();

}  // namespace trellis::bench
