// Options of a host in this process: those of host.md 12.1 that need no network, and our own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/local_host.hpp"
#include "cli/socket_flags.hpp"

namespace trellis::cli {

struct HostFlags {
  std::string name;  ///< empty: as the machine
  std::vector<std::string> labels;
  std::vector<std::string> allowed_issuers;
  bool live_updates = false;
  bool any_capabilities = false;  ///< --disable-strict-update-check
  std::string log_level;
  std::string log_format = "text";
  bool local_time = false;  ///< of the log; no option
  std::string health_address;
  SocketFlags socket;
  std::string provider_mode = "auto";
  std::size_t provider_memory_mb = ProviderProcessOptions{}.memory_mb;
  std::size_t memory_budget_mb = 0;
  std::string secrets_dir;
  bool allow_latest = false;
  bool offline = false;
  std::vector<std::string> insecure;
  std::vector<std::string> credentials_for;
  std::string registry_ca;
  std::string cache;
  std::optional<std::uint64_t> cache_size;
};

void add_log_options(Command& leaf, HostFlags& flags);
void add_host_options(Command& leaf, HostFlags& flags);

/// Reads flags and environment (TRELLIS_LOG, RUST_LOG, HEARTBEAT_INTERVAL_S) and makes the log
/// sink.
[[nodiscard]] Result<LocalHostOptions> host_options(const Context& context, const HostFlags& flags,
                                                    const std::string& default_level);

}  // namespace trellis::cli
