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

Result<Manifest> load(const std::filesystem::path& path, const Lookup& lookup, bool strict) {
  auto text = read_file(path, limits::manifest_bytes);
  if (!text) return pass(text);
  if (lookup) {
    text = expand_environment(*text, lookup);
    if (!text) {
      text.error().message.insert(0, path.string() + ": ");
      return pass(text);
    }
  }
  return parse(*text, format_of(path), {path.string(), strict});
}

}  // namespace trellis::manifest
