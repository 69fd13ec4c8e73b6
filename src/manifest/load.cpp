// Manifests from files: format by extension, bounded reading.
#include "base/files.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "manifest/manifest.hpp"

namespace trellis::manifest {

Format format_of(const std::filesystem::path& path) {
  const auto extension = to_lower_ascii(path.extension().string());
  const bool yaml = extension.empty() || extension == ".yaml" || extension == ".yml";
  return yaml ? Format::yaml : Format::json;
}

Result<Manifest> load(const std::filesystem::path& path, const Lookup& lookup,
                      ParseOptions options) {
  const auto text = read_file(path, limits::manifest_bytes);
  if (!text) return pass(text);
  options.file = path.string();
  return read(*text, format_of(path), lookup, options);
}

}  // namespace trellis::manifest
