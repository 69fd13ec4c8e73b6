// How registries are reached (identity.md 6.4).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/call_limits.hpp"

namespace trellis::package {

/// One pair for all registries, unless `registries` names those it is for (HOST or HOST:PORT). Sent
/// to the registry as HTTP Basic, or to the token server it names where that has the same origin,
/// is known to be its own (docker.io) or is named among the token servers; never over plain HTTP to
/// a registry that is not on the list of insecure ones.
struct RegistryCredentials {
  std::string user;
  std::string password;
  std::vector<std::string> registries = {};
};

/// When a request is made again: after a broken connection, and statuses 408, 429, 500, 502, 503
/// and 504. Pauses double from the first to the longest; half of each is random.
struct RetryPolicy {
  int attempts = 4;
  std::chrono::milliseconds first_pause{250};
  std::chrono::milliseconds longest_pause = std::chrono::seconds(5);
  /// A registry that asks (Retry-After) for more is not waited for.
  std::chrono::seconds longest_retry_after{60};
};

struct RegistrySettings {
  /// For downloads and what to use when a registry is away; made with mode 0700.
  std::filesystem::path cache_folder = {};
  std::uint64_t cache_bytes = 4 * 1024 * std::uint64_t{limits::mib};
  /// Registries spoken to over plain HTTP: HOST or HOST:PORT exactly as references have it.
  std::vector<std::string> insecure = {};
  std::optional<RegistryCredentials> credentials = {};
  /// Where logins of single registries are looked up for which the pair is not, once a registry
  /// asks for one; empty: nowhere.
  std::filesystem::path docker_config = {};
  /// Token servers of other origins than their registries that may be told logins.
  std::vector<std::string> token_servers = {};
  /// PEM file of authorities trusted besides the system's.
  std::filesystem::path ca_file = {};
  RetryPolicy retry = {};
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  std::chrono::seconds stall_timeout{30};
  std::string user_agent = "trellis";
};

}  // namespace trellis::package
