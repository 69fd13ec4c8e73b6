// The manifest of a running host: applied at its start, read again, and replaced by another.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "apply/execute.hpp"
#include "apply/resolve.hpp"
#include "apply/target.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "json/json.hpp"
#include "manifest/manifest.hpp"

namespace trellis::apply {

struct ReloadOptions {
  std::filesystem::path file;  ///< the manifest; empty: the host runs without
  manifest::Lookup lookup;     ///< variables in it
  bool strict = false;         ///< refuse what would be a warning
  bool lenient = false;        ///< read it as first-party hosts do
  manifest::Manifest extra;    ///< what the command line asks for beside it
  /// Where relative paths are looked for, in this order.
  std::vector<std::filesystem::path> folders;
  std::function<bool()> cancelled;  ///< asked between items
};

/// Request to a running host.
struct Request {
  bool dry_run = false;  ///< say what would be done, and do nothing
  bool prune = false;    ///< see PlanOptions
};

/// A manifest that is handed over, with what it needs of where it was written.
struct Handed {
  std::string text;
  manifest::Format format = manifest::Format::yaml;
  manifest::ParseOptions options;
  std::map<std::string, std::string> variables;
  std::vector<std::filesystem::path> folders;
};

/// Knows what manifests brought into a host, and puts the next version in place. Any thread; one
/// application at a time, others wait.
class Reloader {
 public:
  /// `host` outlives this.
  Reloader(Host& host, ReloadOptions options, Log log);

  /// The first application: what has a problem is reported, and the rest starts.
  [[nodiscard]] ApplyReport start(const manifest::Manifest& manifest);
  /// Reads the file again and makes the host look like it; what was done is logged. A file that
  /// cannot be read, or makes no sense, is an error, logged too. Where anything it names cannot be
  /// found or verified, nothing is changed (`untouched`).
  [[nodiscard]] Result<ApplyReport> reload(const Request& request = {});
  /// Makes the host look like a manifest that is handed over; the host's own file stays as it is.
  [[nodiscard]] Result<ApplyReport> apply(const Handed& handed, const Request& request);
  /// Links that manifests brought into the host.
  [[nodiscard]] std::map<LinkSlot, std::string> links() const;

 private:
  [[nodiscard]] Result<ApplyReport> replace(const Result<manifest::Manifest>& manifest,
                                            const std::vector<std::filesystem::path>& folders,
                                            const Request& request);
  [[nodiscard]] Result<std::vector<Step>> steps_to(const Desired& desired,
                                                   const Request& request) const REQUIRES(mutex_);
  void tell(const ApplyReport& report, const std::string& file) const;

  const ReloadOptions options_;
  const Log log_;
  mutable Mutex mutex_;
  HostTarget target_ GUARDED_BY(mutex_);
  Managed managed_ GUARDED_BY(mutex_);
};

/// `items` (kind, what, where, deed, key, reason, problem, remedy), the number of `failures`, and
/// whether the host is `untouched`.
[[nodiscard]] nlohmann::json to_json(const ApplyReport& report);

}  // namespace trellis::apply
