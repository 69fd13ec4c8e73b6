// Hosts, what they run and their links as people see them: names first, short keys, ages in words.
// One form for a host of this machine and for a lattice; what is not known is left out.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "cli/terminal_table.hpp"

namespace trellis::cli {

using LabelMap = std::map<std::string, std::string>;

/// File's name of a path: its end is what tells files apart.
[[nodiscard]] std::string shown_source(const std::string& source, const Display& display);

struct ShownHost {
  std::string id = {};
  LabelMap labels = {};
  std::chrono::seconds uptime{0};
  std::string process = {};
};

struct ShownActor {
  std::string name = {};
  std::string key = {};
  std::string revision = {};
  std::string source = {};
  std::string instances = {};
  std::string calls = {};
  std::string errors = {};
  std::string age = {};
  std::string health = {};  ///< "healthy", "unhealthy: why"
};

struct ShownProvider {
  std::string name = {};
  std::string key = {};
  std::string link_name = {};
  std::string contract = {};
  std::string source = {};
  std::string calls = {};
  std::string errors = {};
  std::string age = {};
  std::string runs = {};  ///< "process 17"
  std::string urls = {};  ///< where an HTTP server listens
  std::string health = {};
};

struct ShownLink {
  std::string actor = {};  ///< its name, where that is known
  std::string actor_key = {};
  std::string contract = {};
  std::string link_name = {};
  std::string provider = {};  ///< "builtin:keyvalue", or its name, where that is known
  std::string provider_key = {};
  std::string state = {};  ///< as to_string(LinkState), or anything
  std::string age = {};
  std::string host = {};
  LabelMap values = {};  ///< without secrets
  std::string problem = {};
};

struct ShownClaims {
  std::string name = {};
  std::string key = {};
  std::string issuer = {};
  std::string revision = {};
  std::string version = {};
  std::string capabilities = {};  ///< between commas
};

struct ShownInventory {
  ShownHost host;
  std::vector<ShownActor> actors;
  std::vector<ShownProvider> providers;
  std::vector<ShownLink> links;
  bool has_links = false;  ///< whether links are a part of it
};

/// By the host's label; empty where it has none.
[[nodiscard]] std::string name_of_host(const LabelMap& labels);
/// Name of a host in a cell; else the beginning of its id.
[[nodiscard]] std::string host_cell(const LabelMap& labels, const std::string& id,
                                    const Display& display);

/// The state of a link, in words that fit into a column.
[[nodiscard]] Cell state_cell(const std::string& state);

[[nodiscard]] std::string hosts_view(const std::vector<ShownHost>& hosts, const Display& display);
[[nodiscard]] std::string inventory_view(const ShownInventory& inventory, const Display& display);
/// Links with whole keys, for programs: what `get links` prints where no person looks.
[[nodiscard]] std::string links_table(const std::vector<ShownLink>& links);
/// Empty when there are none.
[[nodiscard]] std::string links_view(const std::vector<ShownLink>& links, const Display& display);
/// Empty when there are none.
[[nodiscard]] std::string claims_view(const std::vector<ShownClaims>& claims,
                                      const Display& display);

}  // namespace trellis::cli
