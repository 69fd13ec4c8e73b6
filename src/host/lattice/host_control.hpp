// The control interface as it acts on a host (lattice.md 5): from references to what runs, and what
// commands from the network may do here.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "host/lattice/controlled_host.hpp"
#include "lattice/control/control_target.hpp"

namespace trellis::host {

/// Any thread, while the host is started.
class HostControl final : public lattice::ControlTarget {
 public:
  explicit HostControl(ControlledHost& host) : host_(host) {}

  [[nodiscard]] std::uint64_t uptime_seconds() const override;
  [[nodiscard]] codec::StringMap labels() const override;
  [[nodiscard]] lattice::HostInventory inventory() const override;
  [[nodiscard]] std::vector<lattice::LinkDefinition> links() const override;
  [[nodiscard]] std::vector<lattice::ClaimsValues> claims() const override;
  [[nodiscard]] std::vector<lattice::LinkStateRecord> link_states(
      const lattice::LinkStatesRequest& of) const override;
  [[nodiscard]] std::string running_actor(std::string_view reference) const override;
  [[nodiscard]] std::optional<lattice::RunningProvider> running_provider(
      std::string_view reference, std::string_view link_name) const override;
  [[nodiscard]] Result<void> may_start_actor(std::string_view reference) const override;
  [[nodiscard]] Result<void> may_start_provider(std::string_view reference,
                                                std::string_view link_name) const override;
  [[nodiscard]] Result<void> may_update_actor(std::string_view key,
                                              std::string_view reference) const override;
  [[nodiscard]] Result<void> may_stop_host() const override;

  [[nodiscard]] Result<std::string> start_actor(const std::string& reference) override;
  [[nodiscard]] Result<void> stop_actor(const std::string& key) override;
  [[nodiscard]] Result<void> update_actor(const std::string& key,
                                          const std::string& reference) override;
  [[nodiscard]] Result<void> scale_actor(const std::string& key,
                                         std::optional<std::uint32_t> minimum,
                                         std::optional<std::uint32_t> maximum) override;
  [[nodiscard]] Result<std::string> start_provider(const std::string& reference,
                                                   const std::string& link_name) override;
  [[nodiscard]] Result<void> stop_provider(const std::string& key,
                                           const std::string& link_name) override;
  [[nodiscard]] Result<void> stop_host() override;

 private:
  /// The file a reference names, with links resolved, when commands may use it.
  [[nodiscard]] Result<std::filesystem::path> permitted_file(std::string_view reference) const;
  [[nodiscard]] Result<void> may_start_builtin(std::string_view reference) const;
  [[nodiscard]] Result<std::string> permitted(std::string_view reference,
                                              bool latest_allowed) const;

  ControlledHost& host_;
};

}  // namespace trellis::host
