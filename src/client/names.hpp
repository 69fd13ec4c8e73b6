// Which actor, provider or host a person means, among those that are there: one rule for one host
// and for a lattice. Pure functions; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trellis/result.hpp"

namespace trellis::client {

/// Something that runs, by all that a person may call it. Empty members are not known. Plain value.
struct Named {
  std::string key;
  std::string name;
  std::string alias;        ///< of actors
  std::string source;       ///< file, image reference or "builtin:…"
  std::string contract_id;  ///< of providers
  std::string link_name;    ///< of providers; those of one key are told apart by it
  std::string host_id;      ///< in a lattice
};

/// The only one that is meant: by key, call alias, name, source, name whatever its case, name of
/// the file or image without folders, suffix and tag, short name of a built-in provider
/// ("keyvalue"), contract (with or without "wasmcloud:"), unique beginning of the key of three
/// characters or more. The first rule that fits wins. One that runs on several hosts is one.
/// `what` is "actor" or "provider". Errors: not_found, invalid_argument (several fit), both saying
/// what there is, and `where`: "on this host".
[[nodiscard]] Result<const Named*> resolve(std::span<const Named> all, std::string_view what,
                                           std::string_view wanted, std::string_view where);

/// A host that answers. Plain value.
struct NamedHost {
  std::string id;
  std::vector<std::pair<std::string, std::string>> labels;
};

/// The label by which hosts say their name.
inline constexpr std::string_view host_name_label = "hostcore.hostname";

/// By id, name (host_name_label), label ("zone=a"), or unique beginning of the id. Errors as above.
[[nodiscard]] Result<const NamedHost*> resolve_host(std::span<const NamedHost> all,
                                                    std::string_view wanted);

/// "kvcounter" of "/srv/kvcounter.wasm" and of "registry/demo/kvcounter:1"; empty where there is
/// nothing like that.
[[nodiscard]] std::string short_source(std::string_view source);
/// The first characters of a key, for people: enough to type and to compare.
[[nodiscard]] std::string_view short_key(std::string_view key);

}  // namespace trellis::client
