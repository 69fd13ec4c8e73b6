// System that `trellis doctor` asks, so that tests can answer for the machine.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::cli {

enum class ResourceLimit { address_space, open_files, stack, processes };

/// Main thread only.
class System {
 public:
  static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

  virtual ~System() = default;
  /// The soft limit of this process.
  [[nodiscard]] virtual std::uint64_t limit(ResourceLimit kind) const = 0;
  /// A number below /proc/sys ("vm/max_map_count"); nothing when the kernel does not tell.
  [[nodiscard]] virtual std::optional<std::uint64_t> kernel_setting(
      const std::string& name) const = 0;
  /// CPUs this process may run on.
  [[nodiscard]] virtual unsigned cpus() const = 0;
  /// Address space that one guest of usual size reserves.
  [[nodiscard]] virtual std::uint64_t guest_reservation() const = 0;
  /// How many guests fit into the addresses of a process; nothing where memory ends first.
  [[nodiscard]] virtual std::optional<std::uint64_t> guests_that_fit() const = 0;
  /// Whether `bytes` of address space can be reserved now, without using memory.
  [[nodiscard]] virtual bool can_reserve(std::uint64_t bytes) const = 0;
  /// Starts the engine in a process of its own, since a failing start ends the process, and runs a
  /// small guest in it. The engine's name and version.
  [[nodiscard]] virtual Result<std::string> try_engine() const = 0;
  /// Whether a server could listen on the TCP port.
  [[nodiscard]] virtual Result<void> try_listen(std::uint16_t port) const = 0;
  /// Creates and removes a file in the folder.
  [[nodiscard]] virtual Result<void> try_write(const std::filesystem::path& folder) const = 0;
  /// The folder of control sockets: its path, or what is wrong with it.
  [[nodiscard]] virtual Result<std::string> state_folder() const = 0;
  [[nodiscard]] virtual WallTime now() const = 0;
  [[nodiscard]] virtual uid_t user() const = 0;
  /// Names of the environment variables that are set and not empty.
  [[nodiscard]] virtual std::vector<std::string> variables() const = 0;
};

/// This machine. `env` as in cli::Context; both must outlive the result.
[[nodiscard]] std::unique_ptr<System> make_system(
    const Clock& clock, const std::function<std::optional<std::string>(const char*)>& env);

}  // namespace trellis::cli
