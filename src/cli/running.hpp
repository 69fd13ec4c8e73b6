// Options and work of `start`, `stop`, `update` and `scale`, on a host of this machine and on a
// lattice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/reach.hpp"

namespace trellis::cli {

/// Each command uses some of it.
struct RunningOptions {
  ReachFlags reach;
  std::vector<std::string> words;  ///< as typed: what runs, behind its host or not
  std::string subject;             ///< what runs, by any of its names
  std::string reference;           ///< what is to run
  std::string link_name = "default";
  std::string contract;
  std::string mode;                      ///< of a provider on this machine; empty: not given
  std::vector<std::string> constraints;  ///< labels a host of the lattice must have
  std::optional<std::uint32_t> minimum;
  std::optional<std::uint32_t> maximum;
};

[[nodiscard]] Result<Answer> local_start_actor(const Context&, const RunningOptions&);
[[nodiscard]] Result<Answer> local_start_provider(const Context&, const RunningOptions&);
[[nodiscard]] Result<Answer> local_stop_actor(const Context&, const RunningOptions&);
[[nodiscard]] Result<Answer> local_stop_provider(const Context&, const RunningOptions&);
/// Also waits until the process is gone.
[[nodiscard]] Result<Answer> local_stop_host(const Context&, const RunningOptions&);
[[nodiscard]] Result<Answer> local_update_actor(const Context&, const RunningOptions&);
[[nodiscard]] Result<Answer> local_scale_actor(const Context&, const RunningOptions&);

[[nodiscard]] Result<Answer> lattice_start_actor(const Context&, const RunningOptions&);
[[nodiscard]] Result<Answer> lattice_start_provider(const Context&, const RunningOptions&);
[[nodiscard]] Result<Answer> lattice_stop_actor(const Context&, const RunningOptions&);
[[nodiscard]] Result<Answer> lattice_stop_provider(const Context&, const RunningOptions&);
[[nodiscard]] Result<Answer> lattice_stop_host(const Context&, const RunningOptions&);
[[nodiscard]] Result<Answer> lattice_update_actor(const Context&, const RunningOptions&);
[[nodiscard]] Result<Answer> lattice_scale_actor(const Context&, const RunningOptions&);

}  // namespace trellis::cli
