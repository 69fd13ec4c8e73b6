#include "cli/artifact.hpp"

#include "base/call_limits.hpp"
#include "base/files.hpp"
#include "identity/admission.hpp"
#include "package/archive.hpp"
#include "package/provider_store.hpp"

namespace trellis::cli {

Result<package::ArtifactKind> artifact_kind_of(const std::filesystem::path& file, WallTime now) {
  // Kind by content, not by name; and verified, so that nothing unsigned is pushed or kept under a
  // name that says otherwise.
  if (package::looks_like_archive(file)) {
    const auto archive = package::read_archive(file);
    if (!archive) return pass(archive);
    const auto verified = identity::verify_provider_claims(archive->token, {}, now);
    if (!verified) return pass(verified);
    return package::ArtifactKind::provider;
  }
  const auto module = read_file(file, limits::module_bytes);
  if (!module) return pass(module);
  if (!module->starts_with(std::string_view("\0asm", 4))) {
    return fail(ErrorCode::unsupported, "Unsupported artifact type",
                "give a signed module (.wasm) or a provider archive (.par.gz)");
  }
  const auto verified = identity::verify_actor_module(as_bytes(*module), {}, now);
  if (!verified) return pass(verified);
  return package::ArtifactKind::actor;
}

std::string_view extension_of(package::ArtifactKind kind) noexcept {
  return kind == package::ArtifactKind::actor ? ".wasm" : ".par.gz";
}

}  // namespace trellis::cli
