#include "apply/references.hpp"

#include <fmt/format.h>

#include <system_error>

#include "package/reference.hpp"

namespace trellis::apply {

namespace fs = std::filesystem;

Result<std::string> References::find(const std::string& reference, std::string_view remedy) const {
  std::string looked;
  for (const auto& folder : folders_) {
    std::error_code problem;
    const auto path = folder / reference;  // an absolute reference replaces the folder
    // Existing file first, as first-party hosts do (host.md 11). Canonical, so that one file has
    // one name in links, plans and exports.
    if (fs::exists(path, problem)) return fs::weakly_canonical(path, problem).string();
    looked += fmt::format("{}{}", looked.empty() ? "" : " and ", folder.string());
  }
  // Images are not looked up here: their registry may be slow, and is asked where they are needed.
  if (package::parse_reference(reference)) return reference;
  return fail(ErrorCode::not_found,
              fmt::format("'{}': no such file (looked in {}), and no image in a registry",
                          reference, looked),
              std::string(remedy));
}

Result<std::string> References::actor(const std::string& reference) const {
  return find(reference,
              "name the file of a signed module (`trellis claims sign` makes one), or an image");
}

Result<std::string> References::provider(const std::string& reference) const {
  if (reference.starts_with("builtin:")) return reference;
  return find(reference,
              "name a built-in provider (builtin:httpserver; docs/providers.md lists all), or a "
              "provider's library, archive or image");
}

}  // namespace trellis::apply
