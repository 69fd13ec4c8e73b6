// Which actor, provider or host of a lattice the words of a command mean (client/names.hpp).
#pragma once

#include <string>
#include <vector>

#include "client/names.hpp"
#include "trellis/client.hpp"

namespace trellis::cli {

/// Keys as they are; else by what the inventories of all hosts and the cache of aliases say.
/// Errors: not_found, invalid_argument (several fit), both with the candidates.
[[nodiscard]] Result<std::string> lattice_actor(Client& client, const std::string& wanted);
/// A provider that runs somewhere, or any key, or "builtin:…", whose key is the same everywhere.
[[nodiscard]] Result<std::string> lattice_provider(Client& client, const std::string& wanted,
                                                   const std::string& link_name);
/// By id, name, label (zone=a), or unique beginning of the id.
[[nodiscard]] Result<std::string> lattice_host(Client& client, const std::string& wanted);

/// Something that runs, and the only host where it does.
struct Placed {
  client::Named what;
  std::string host;
};
/// Errors also when it runs on several hosts: which one is to be named.
[[nodiscard]] Result<Placed> placed_actor(Client& client, const std::string& wanted);
[[nodiscard]] Result<Placed> placed_provider(Client& client, const std::string& wanted,
                                             const std::string& link_name);

/// The "builtin:…" whose key this is; empty for other providers.
[[nodiscard]] std::string builtin_of_key(const std::string& key);

}  // namespace trellis::cli
