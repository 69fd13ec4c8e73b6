// Artifacts, from what names them to their bytes: files as they are, references through registries
// and the folder of downloads (identity.md 4 to 6).
#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/random.hpp"
#include "package/provider_store.hpp"
#include "package/registry_client.hpp"
#include "trellis/clock.hpp"
#include "trellis/host_types.hpp"
#include "trellis/lattice_options.hpp"
#include "trellis/result.hpp"

namespace trellis::host {

/// Any thread; everything that fetches blocks.
class Packages {
 public:
  /// In a lattice user and password are for registries that are named only.
  Packages(const RegistryOptions& options, const LatticeOptions& lattice,
           std::vector<std::string> allowed_issuers, std::shared_ptr<const Clock> clock, Log log);

  /// The host's own user names an image: its registry may be asked by commands, too, and be told
  /// user and password. Nothing happens for what is no reference.
  void name_registry_of(std::string_view reference);

  /// A file, and what keeps it in the cache where it is from there.
  struct Found {
    std::filesystem::path file;
    package::CacheHold hold;
  };
  /// The file itself where one of that name exists, else what the registry has under the
  /// reference. `latest` is fetched when the options allow it and `latest_allowed` does.
  [[nodiscard]] Result<Found> find(std::string_view reference, bool latest_allowed = true);
  /// The bytes of a module.
  [[nodiscard]] Result<std::string> module(std::string_view reference, bool latest_allowed = true);
  /// Verifies an archive and unpacks this machine's library of it.
  [[nodiscard]] Result<package::ExtractedProvider> unpack(const std::filesystem::path& archive);

  /// Whether a text can be a reference that commands of the lattice may have fetched; asks nobody.
  [[nodiscard]] Result<void> may_fetch(std::string_view reference,
                                       bool latest_allowed = true) const;

 private:
  [[nodiscard]] Result<package::Reference> checked(std::string_view reference,
                                                   bool latest_allowed) const;

  [[nodiscard]] bool is_named(const std::string& registry) const;
  void make_room() const;

  const RegistryOptions options_;
  const bool in_lattice_;
  const std::vector<std::string> for_commands_;  ///< "*": any
  const identity::AdmissionPolicy policy_;
  const std::shared_ptr<const Clock> clock_;
  const Log log_;
  SystemRandom random_;
  package::RegistryClient client_;
  mutable Mutex mutex_;
  std::set<std::string> named_
      GUARDED_BY(mutex_);  ///< registries of images the host's own user named
};

}  // namespace trellis::host
