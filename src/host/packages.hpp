// From what names an artifact to its bytes: files as they are, references through registries and
// the folder of downloads (identity.md 4 to 6).
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "base/random.hpp"
#include "package/provider_store.hpp"
#include "package/registry_client.hpp"
#include "trellis/clock.hpp"
#include "trellis/host_types.hpp"
#include "trellis/result.hpp"

namespace trellis::host {

/// Any thread; everything that fetches blocks.
class Packages {
 public:
  Packages(const trellis::RegistryOptions& options, std::vector<std::string> allowed_issuers,
           std::shared_ptr<const Clock> clock, Log log);

  /// The file itself where one of that name exists, else what the registry has under the
  /// reference. `latest` is fetched when the options allow it and `latest_allowed` does.
  [[nodiscard]] Result<std::filesystem::path> find(std::string_view reference,
                                                   bool latest_allowed = true);
  /// The bytes of a module.
  [[nodiscard]] Result<std::string> module(std::string_view reference, bool latest_allowed = true);
  /// Verifies an archive and unpacks this machine's library of it.
  [[nodiscard]] Result<package::ExtractedProvider> unpack(const std::filesystem::path& archive);

  /// Whether a text can be a reference this host may fetch; asks nobody.
  [[nodiscard]] Result<void> may_fetch(std::string_view reference,
                                       bool latest_allowed = true) const;

 private:
  [[nodiscard]] Result<package::Reference> checked(std::string_view reference,
                                                   bool latest_allowed) const;

  const trellis::RegistryOptions options_;
  const identity::AdmissionPolicy policy_;
  const std::shared_ptr<const Clock> clock_;
  const Log log_;
  SystemRandom random_;
  package::RegistryClient client_;
};

}  // namespace trellis::host
