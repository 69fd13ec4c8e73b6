// The host as commands and questions of the lattice see it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/state/labels.hpp"
#include "host/state/packages.hpp"
#include "host/state/registry.hpp"
#include "trellis/host.hpp"

namespace trellis::host {

/// HostRuntime is the real one. Any thread, while the host is started.
class ControlledHost {
 public:
  virtual ~ControlledHost() = default;

  [[nodiscard]] virtual const std::string& id() const noexcept = 0;
  [[nodiscard]] virtual std::chrono::seconds uptime() const = 0;
  [[nodiscard]] virtual Labels labels() const = 0;
  [[nodiscard]] virtual const HostOptions& options() const noexcept = 0;
  [[nodiscard]] virtual std::vector<ActorInfo> actors() const = 0;
  [[nodiscard]] virtual std::vector<ProviderInfo> providers() const = 0;
  [[nodiscard]] virtual const Registry& registry() const noexcept = 0;
  [[nodiscard]] virtual const Packages& packages() const noexcept = 0;
  /// The key behind a built-in name, a source or a key; what is not known comes back as it is.
  [[nodiscard]] virtual std::string provider_key_of(std::string_view key_or_reference) const = 0;
  /// The public key the lattice knows for an image reference.
  [[nodiscard]] virtual std::optional<std::string> key_of_reference(
      std::string_view reference) const = 0;

  // As in trellis/host.hpp.
  [[nodiscard]] virtual Result<std::string> start_actor_from(std::string_view reference,
                                                             ActorOptions options) = 0;
  [[nodiscard]] virtual Result<void> update_actor_from(std::string_view key,
                                                       std::string_view reference) = 0;
  [[nodiscard]] virtual Result<void> scale_actor(std::string_view key,
                                                 std::optional<std::size_t> minimum,
                                                 std::optional<std::size_t> maximum) = 0;
  [[nodiscard]] virtual Result<void> stop_actor(std::string_view key_or_source) = 0;
  [[nodiscard]] virtual Result<std::string> start_provider(std::string_view reference,
                                                           const ProviderOptions& options) = 0;
  [[nodiscard]] virtual Result<void> stop_provider(std::string_view key_or_reference,
                                                   std::string_view contract_id,
                                                   std::string_view link_name) = 0;
};

}  // namespace trellis::host
