// How commands and hosts reach registries (host.md 12.1, cli.md 5).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "package/oci_digest.hpp"
#include "package/registry_client.hpp"

namespace trellis::cli {

/// Options of commands that deal with one registry.
struct RegistryFlags {
  bool allow_latest = false;
  bool insecure = false;
  std::string user;
  std::string password;
  std::vector<std::string> token_servers;
  std::string ca_file;
  std::string cache;
  std::chrono::milliseconds timeout = std::chrono::minutes(5);
};

/// The value of --digest, with or without "sha256:"; nothing for an empty one. Errors: those of
/// package::parse_digest().
[[nodiscard]] Result<std::optional<package::ContentDigest>> expected_digest(
    const std::string& option);

void add_registry_options(Command& leaf, RegistryFlags& flags);
/// `registry` is the one the command is about; --insecure is meant for it.
[[nodiscard]] package::RegistrySettings registry_settings(const Context& context,
                                                          const RegistryFlags& flags,
                                                          const std::string& registry);

/// Shows how far a transfer is, on a terminal only. One thread.
class TransferProgress {
 public:
  TransferProgress(const Context& context, const OutputOptions& output);
  ~TransferProgress();  ///< clears the line
  TransferProgress(const TransferProgress&) = delete;
  TransferProgress& operator=(const TransferProgress&) = delete;

  void show(const package::Progress& progress);

 private:
  const Context& context_;
  const bool visible_;
  std::uint64_t shown_percent_ = 101;
};

}  // namespace trellis::cli
