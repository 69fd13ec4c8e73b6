// The manifest of a running host, read again when somebody asks for it.
#pragma once

#include <filesystem>
#include <mutex>

#include "base/json.hpp"
#include "base/log.hpp"
#include "control/apply.hpp"
#include "control/protocol.hpp"
#include "manifest/manifest.hpp"

namespace trellis::control {

struct ReloadOptions {
  std::filesystem::path file;  ///< the manifest; empty: the host runs without
  manifest::Lookup lookup;     ///< variables in it
  bool strict = false;         ///< refuse what would be a warning
  bool lenient = false;        ///< read it as first-party hosts do
  ApplyOptions apply;
};

/// Knows what the manifest brought into a host, and puts its next version in place. Any thread;
/// one application at a time, others wait.
class Reloader {
 public:
  /// `host` outlives this.
  Reloader(Host& host, ReloadOptions options, Log log);

  /// Errors: those of manifest::load. Without a file an empty manifest.
  [[nodiscard]] Result<manifest::Manifest> load() const;
  /// The first application.
  [[nodiscard]] ApplyReport start(const manifest::Manifest& manifest);
  /// Reads the file again and makes the host look like it; what was done is logged. A file that
  /// cannot be read, or makes no sense, changes nothing and is an error, logged too.
  [[nodiscard]] Result<ApplyReport> reload();

 private:
  void tell(const ApplyReport& report) const;

  const ReloadOptions options_;
  const Log log_;
  std::mutex mutex_;
  HostTarget target_;  // under mutex_
  Applied applied_;    // under mutex_
};

/// `items` (kind, what, where, deed, key, problem, remedy) and the number of `failures`.
[[nodiscard]] nlohmann::json to_json(const ApplyReport& report);

}  // namespace trellis::control
