// Session of modules under development, which are signed, served, and replaced when they change.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "apply/state.hpp"
#include "cli/dev_links.hpp"
#include "cli/dev_signer.hpp"
#include "cli/file_watch.hpp"
#include "cli/local_host.hpp"
#include "manifest/manifest.hpp"

namespace trellis::cli {

struct DevOptions {
  std::vector<std::string> files;
  std::string manifest;
  std::uint16_t port = 8080;
  std::vector<DevLink> links;
  DevClaims claims;
  std::vector<std::filesystem::path> folders;  ///< where the manifest's references are looked for
};

/// One module under development. Main thread.
class DevActor {
 public:
  DevActor(std::string file, DevSigner signer)
      : file_(std::move(file)), signer_(std::move(signer)), watch_(file_) {}

  /// Signs what the file holds and puts it to work; what is no good changes nothing. The
  /// capabilities that were signed.
  [[nodiscard]] Result<std::vector<std::string>> load(Host& host, const DevClaims& claims);

  ActorOptions options;  ///< for the first start
  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  [[nodiscard]] std::string key() const { return signer_.key(); }
  [[nodiscard]] const std::string& place() const noexcept { return signer_.place(); }
  [[nodiscard]] std::int32_t revision() const noexcept { return revision_; }  ///< 0: nothing runs
  [[nodiscard]] FileWatch& watch() noexcept { return watch_; }

 private:
  const std::string file_;
  const DevSigner signer_;
  FileWatch watch_;
  std::int32_t revision_ = 0;
};

/// All of them, the manifest around them, and what is said about both. Main thread.
class DevSession {
 public:
  DevSession(Context& context, const DevOptions& options, LocalHost& local);

  /// The modules of the options and of the manifest. Errors: those of the manifest and of keys.
  [[nodiscard]] Result<void> open();
  [[nodiscard]] std::vector<std::filesystem::path> files() const;
  /// Looks once at each file, and puts to work what changed. Error: nothing can be served as long
  /// as this goes on (the port is taken).
  [[nodiscard]] Result<void> look(std::chrono::milliseconds patience);
  /// Says which files are missing.
  void tell_what_is_missing();
  /// Says what serves although the last build failed.
  void tell_what_serves();

 private:
  class Target;

  [[nodiscard]] Result<void> add_actor(const std::string& file);
  [[nodiscard]] Result<void> read_manifest();
  [[nodiscard]] Result<void> load(DevActor& actor);
  [[nodiscard]] Result<void> link_all(DevActor& actor, const std::vector<std::string>& contracts);
  void apply_manifest();
  void watch_provider(const std::string& file);
  void look_at_providers();
  void report_links();
  [[nodiscard]] Result<Inventory> inventory();
  [[nodiscard]] Result<void> announce();
  void announce_reload(const DevActor& actor);
  void complain(const Error& error, const DevActor& actor);
  [[nodiscard]] DevActor* find(const std::string& file);
  [[nodiscard]] std::string of_actor(const DevActor& actor) const;

  Context& context_;
  const DevOptions& options_;
  LocalHost& local_;
  DevLinker linker_;
  std::vector<std::unique_ptr<DevActor>> actors_;
  std::optional<FileWatch> manifest_watch_;
  manifest::Manifest manifest_;
  apply::Managed managed_;
  std::map<std::string, FileWatch> providers_;  // libraries and archives by path
  bool announced_ = false;
  enum class Told { nothing, problem, served };
  std::set<std::pair<std::string, std::string>> linked_;      // actor and contract
  std::map<std::pair<std::string, std::string>, Told> told_;  // of the same
};

}  // namespace trellis::cli
