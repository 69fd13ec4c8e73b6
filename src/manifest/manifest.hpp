// Host manifests: which labels, actors, providers and links a host starts with (host.md 11).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "manifest/environment.hpp"
#include "trellis/result.hpp"

namespace trellis::manifest {

/// Instances of an actor (host.md 6.6, D4). What is not set keeps the host's default.
struct Instances {
  std::optional<std::uint32_t> min;
  std::optional<std::uint32_t> max;  ///< at least 1
  bool serial = false;               ///< one call at a time; min and max are then not set
};

struct Actor {
  std::string ref;  ///< existing path: file, else image reference
  std::optional<Instances> instances;
  std::optional<std::uint32_t> memory_mb;                 ///< of one instance
  std::optional<std::chrono::milliseconds> call_timeout;  ///< of one call
  int line = 0;
};

struct Capability {
  std::string image_ref;  ///< "builtin:…", existing path: archive, else image reference
  std::string link_name = "default";
  std::string mode;  ///< "in-process" or "process"; empty = the host's default
  int line = 0;
};

struct Link {
  std::string actor;  ///< M key, or the file an actor was loaded from
  std::string contract_id;
  std::string provider_id;  ///< V key, or "builtin:…"
  std::string link_name = "default";
  std::map<std::string, std::string> values;
  int line = 0;
};

/// A manifest that was read and checked. Plain data; items keep their order and their line.
struct Manifest {
  std::string file;  ///< as named in messages
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<Actor> actors;
  std::vector<Capability> capabilities;
  std::vector<Link> links;
  std::vector<std::string> warnings;  ///< each with file, line and key
};

enum class Format { yaml, json };

struct ParseOptions {
  std::string file = "manifest";  ///< how messages name the text
  bool strict = false;            ///< refuse what would be a warning
};

/// Reads a manifest. `text` has its variables replaced already. Every error names file, line and
/// key ("demo.yaml:12: links[0].provider_id: missing"); its remedy says what to write.
/// An empty text is an empty manifest. Any thread.
[[nodiscard]] Result<Manifest> parse(std::string_view text, Format format,
                                     const ParseOptions& options = {});

/// YAML for `.yaml`, `.yml` or no extension in any letter case, else JSON.
[[nodiscard]] Format format_of(const std::filesystem::path& path);

/// Reads a file of at most limits::manifest_bytes, replaces variables and parses it; the format
/// follows the extension and messages name `path`. Without a `lookup` variables stay as written.
[[nodiscard]] Result<Manifest> load(const std::filesystem::path& path, const Lookup& lookup,
                                    bool strict = false);

}  // namespace trellis::manifest
