// Inspection of a module or an archive that lies in a file or in a registry.
#pragma once

#include <filesystem>
#include <string>

#include "cli/registry_flags.hpp"

namespace trellis::cli {

/// Which artifact a command is about.
struct ArtifactChoice {
  std::string name;    ///< a file, or a reference
  std::string digest;  ///< --digest; empty: any
  RegistryFlags registry;
};

/// A positional argument for the name, --digest and the options of registries.
void add_artifact_options(Command& leaf, ArtifactChoice& choice, const std::string& positional,
                          const std::string& help);

/// The file itself, or the one in the cache that a reference names, fetched when it is missing.
/// Errors: not_found (neither), denied (another digest), those of RegistryClient::pull().
[[nodiscard]] Result<std::filesystem::path> find_artifact(const Context& context,
                                                          const ArtifactChoice& choice,
                                                          const OutputOptions& output);

/// The claims of a module, in the shape of `claims inspect` (cli.md 3.1). `shown`: what messages
/// call the file.
[[nodiscard]] Result<Answer> inspect_module(const Context& context,
                                            const std::filesystem::path& file,
                                            const std::string& shown, bool jwt_only,
                                            const OutputOptions& output);
/// The claims and targets of a provider archive, in the shape of `par inspect` (cli.md 4).
[[nodiscard]] Result<Answer> inspect_archive(const Context& context,
                                             const std::filesystem::path& file);

}  // namespace trellis::cli
