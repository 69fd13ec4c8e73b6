// States of a host: the one a manifest asks for, the one it is in, and who is responsible for what.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trellis/host_types.hpp"

namespace trellis::apply {

/// Slot that tells providers apart: key (or, while that is not known, reference) and link name.
using ProviderSlot = std::pair<std::string, std::string>;
/// Slot that tells links apart: actor, contract, link name.
struct LinkSlot {
  std::string actor;
  std::string contract_id;
  std::string link_name;
  friend auto operator<=>(const LinkSlot&, const LinkSlot&) = default;
};
[[nodiscard]] inline LinkSlot slot_of(const Link& link) {
  return {link.actor, link.contract_id, link.link_name};
}

/// An item as the manifest names it.
struct Named {
  std::string what;
  std::string where;
};

struct WantedActor : Named {
  std::string source;  ///< whole path of a file, or an image
  std::string key;
  std::string hash;  ///< empty: not looked at, because it runs from that very image
  ActorIdentity identity;
  ActorOptions options;
};

struct WantedProvider : Named {
  std::string source;
  std::string key;  ///< empty: not looked at
  std::string link_name = "default";
  ProviderMode mode = ProviderMode::automatic;
};

struct WantedLink : Named {
  Link link;  ///< with the keys, as far as they are known; else the source of the provider
};

/// State that a host shall be in. Plain data.
struct Desired {
  std::string file;  ///< as messages name it
  std::map<std::string, std::string> labels;
  std::vector<WantedActor> actors;
  std::vector<WantedProvider> providers;
  std::vector<WantedLink> links;
};

/// State that a host is in. Plain data.
struct Actual {
  Inventory inventory;
  std::vector<LinkInfo> links;
};

/// Items that manifests have brought into a host: the rest is of no concern to the next one. Each
/// with the name it had there. Plain data.
struct Managed {
  std::map<std::string, std::string> labels;  ///< and their values
  std::map<std::string, std::string> actors;  ///< by key
  std::map<ProviderSlot, std::string> providers;
  std::map<LinkSlot, std::string> links;
};

}  // namespace trellis::apply
