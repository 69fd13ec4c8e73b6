#include "cli/inspection.hpp"

#include <fstream>
#include <system_error>

#include "base/call_limits.hpp"
#include "base/text.hpp"
#include "package/oci_digest.hpp"
#include "package/reference.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_bytes = 256 * limits::kib;

/// Check of a digest, which is of a file itself; of an image it is of the manifest (cli.md 4, 5).
Result<void> check_file_digest(const std::string& name, const package::ContentDigest& expected) {
  package::DigestHasher hasher(expected.algorithm);
  std::ifstream file(name, std::ios::binary);
  // In pieces: archives may be hundreds of megabytes.
  Bytes piece(piece_bytes);
  while (file) {
    file.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
    hasher.add(ByteView(piece).first(static_cast<std::size_t>(file.gcount())));
  }
  if (hasher.finish() == expected) return {};
  // Text of the first-party tool (cli.md 4).
  return fail(ErrorCode::denied, "Image digest did not match provided digest, aborting");
}

}  // namespace

void add_artifact_options(Command& leaf, ArtifactChoice& choice, const std::string& positional,
                          const std::string& help) {
  leaf.add_option(positional, choice.name, help).required().completes(ValueKind::file);
  leaf.add_option("-d,--digest", choice.digest,
                  "SHA-256 that the file must have; of an image, that the manifest must have");
  add_registry_options(leaf, choice.registry);
}

Result<fs::path> find_artifact(const Context& context, const ArtifactChoice& choice,
                               const OutputOptions& output) {
  // First of all: a digest that is mistyped must not cost a download.
  auto expected = expected_digest(to_lower_ascii(choice.digest));
  if (!expected) return pass(expected);
  std::error_code ignored;
  // Existing file first, as for hosts and manifests.
  if (fs::exists(choice.name, ignored)) {
    if (*expected) {
      if (auto good = check_file_digest(choice.name, **expected); !good) return pass(good);
    }
    return fs::path(choice.name);
  }
  const auto reference = package::parse_reference(choice.name);
  if (!reference) {
    return fail(ErrorCode::not_found, choice.name + ": no such file, and no reference either",
                "give the path of a module (.wasm) or an archive (.par.gz), or HOST/PATH:TAG");
  }
  TransferProgress progress(context, output);
  package::PullOptions how;
  how.timeout = choice.registry.timeout;
  how.expected = std::move(*expected);
  how.allow_latest = choice.registry.allow_latest;
  how.progress = [&progress](const package::Progress& now) { progress.show(now); };
  package::RegistryClient client(registry_settings(context, choice.registry, reference->registry),
                                 context.clock, context.random);
  auto image = client.pull(*reference, how);
  if (!image) return pass(image);
  return std::move(image->file);
}

}  // namespace trellis::cli
