// Host behind the control interface, as far as that needs it (lattice.md 5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/fields.hpp"
#include "lattice/wire/control_messages.hpp"
#include "lattice/wire/own_messages.hpp"
#include "trellis/result.hpp"

namespace trellis::lattice {

/// A provider that runs here.
struct RunningProvider {
  std::string key;
  std::string contract_id;
};

/// Any thread, concurrently. A reference is what a command names: an image reference, a file, a
/// built-in name or a public key.
class ControlTarget {
 public:
  virtual ~ControlTarget() = default;

  // Questions: answered from memory, without waiting for anything.
  [[nodiscard]] virtual std::uint64_t uptime_seconds() const = 0;
  [[nodiscard]] virtual codec::StringMap labels() const = 0;
  [[nodiscard]] virtual HostInventory inventory() const = 0;
  [[nodiscard]] virtual std::vector<LinkDefinition> links() const = 0;
  [[nodiscard]] virtual std::vector<ClaimsValues> claims() const = 0;
  [[nodiscard]] virtual std::vector<LinkStateRecord> link_states(
      const LinkStatesRequest& of) const = 0;
  /// The key of the running actor a reference means; empty when none is running.
  [[nodiscard]] virtual std::string running_actor(std::string_view reference) const = 0;
  [[nodiscard]] virtual std::optional<RunningProvider> running_provider(
      std::string_view reference, std::string_view link_name) const = 0;
  // Refusals that need nothing fetched.
  [[nodiscard]] virtual Result<void> may_start_actor(std::string_view reference) const = 0;
  [[nodiscard]] virtual Result<void> may_start_provider(std::string_view reference,
                                                        std::string_view link_name) const = 0;
  [[nodiscard]] virtual Result<void> may_update_actor(std::string_view key,
                                                      std::string_view reference) const = 0;
  [[nodiscard]] virtual Result<void> may_stop_host() const = 0;

  // Commands: as long as they take. Starts return the public key.
  [[nodiscard]] virtual Result<std::string> start_actor(const std::string& reference) = 0;
  [[nodiscard]] virtual Result<void> stop_actor(const std::string& key) = 0;
  [[nodiscard]] virtual Result<void> update_actor(const std::string& key,
                                                  const std::string& reference) = 0;
  [[nodiscard]] virtual Result<void> scale_actor(const std::string& key,
                                                 std::optional<std::uint32_t> minimum,
                                                 std::optional<std::uint32_t> maximum) = 0;
  [[nodiscard]] virtual Result<std::string> start_provider(const std::string& reference,
                                                           const std::string& link_name) = 0;
  [[nodiscard]] virtual Result<void> stop_provider(const std::string& key,
                                                   const std::string& link_name) = 0;
  /// Asks for the end of the host and returns before it.
  [[nodiscard]] virtual Result<void> stop_host() = 0;
};

}  // namespace trellis::lattice
