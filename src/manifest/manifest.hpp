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
#include "manifest/node.hpp"
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
  Position at = {};
};

struct Capability {
  std::string image_ref;  ///< "builtin:…", existing path: archive, else image reference
  std::string link_name = "default";
  std::string mode = {};  ///< "in-process" or "process"; empty = the host's default
  Position at = {};
};

struct Link {
  std::string actor;        ///< M key, or the file an actor was loaded from
  std::string contract_id;  ///< empty (on the command line): what the provider serves
  std::string provider_id;  ///< V key, or a reference; empty: whoever serves the contract
  std::string link_name = "default";
  std::map<std::string, std::string> values = {};
  Position at = {};
  Position actor_at = {};
  Position provider_at = {};
};

/// A manifest that was read and checked. Plain data; items keep their order and their place. Links
/// written below an actor come like all others, after those of the actors before.
struct Manifest {
  std::string file;  ///< as named in messages
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<Actor> actors;
  std::vector<Capability> capabilities;
  std::vector<Link> links;
  std::vector<std::string> warnings;  ///< each with file, line, column and key
};

enum class Format { yaml, json };

struct ParseOptions {
  std::string file = "manifest";  ///< how messages name the text
  bool strict = false;            ///< refuse what would be a warning
  /// As first-party hosts read it: unknown keys of items are warnings, variables that are not set
  /// stay as written, and `${NAME:-text}` has the default "-text".
  bool lenient = false;
};

/// Reads a manifest. `text` has its variables replaced already. Every error names file, line,
/// column and key ("demo.yaml:12:5: links[0].provider_id: missing"); its remedy says what to write.
/// An empty text is an empty manifest. Any thread.
[[nodiscard]] Result<Manifest> parse(std::string_view text, Format format,
                                     const ParseOptions& options = {});

/// Replaces variables and parses; places in messages are those of `source`. Without a `lookup`
/// variables stay as written. Any thread, as far as `lookup` is.
[[nodiscard]] Result<Manifest> read(std::string_view source, Format format, const Lookup& lookup,
                                    const ParseOptions& options = {});

/// YAML for `.yaml`, `.yml` or no extension in any letter case, else JSON.
[[nodiscard]] Format format_of(const std::filesystem::path& path);

/// Reads a file of at most limits::manifest_bytes; the format follows the extension and messages
/// name `path`.
[[nodiscard]] Result<Manifest> load(const std::filesystem::path& path, const Lookup& lookup,
                                    ParseOptions options = {});

/// Adds the items of another manifest. An empty one takes its name, too.
void append(Manifest& manifest, const Manifest& other);

/// A contract named in short: "keyvalue" is "wasmcloud:keyvalue".
[[nodiscard]] std::string full_contract(std::string_view name);

}  // namespace trellis::manifest
