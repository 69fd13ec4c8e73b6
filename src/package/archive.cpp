#include "package/archive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"
#include "base/limits.hpp"
#include "base/platform.hpp"
#include "base/text.hpp"
#include "package/oci_digest.hpp"
#include "package/tar_reader.hpp"

namespace trellis::package {
namespace {

constexpr std::string_view claims_name = "claims.jwt";
constexpr std::string_view library_suffix = ".bin";

std::string shown(std::string_view text) {
  std::string out;
  append_printable(out, excerpt(text, 100));
  return out;
}

/// The text of identity.md 4.2, which first-party tools print.
std::unexpected<Error> incomplete() {
  return fail(ErrorCode::malformed,
              "Not enough files found in provider archive. Is this a complete archive?",
              "an archive has a claims.jwt and at least one <target>.bin");
}

/// "x86_64-linux": lower case letters, digits, '_' and one '-', so that it can be no path.
bool is_target(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 64 && text.contains('-') &&
         std::ranges::all_of(
             text, [](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-'; });
}

/// Without the "./" some writers put in front.
std::string_view plain_name(std::string_view name) noexcept {
  return name.starts_with("./") ? name.substr(2) : name;
}

/// The target whose library an entry is. Errors: any other name.
Result<std::string> target_of(std::string_view entry) {
  auto name = plain_name(entry);
  if (name.ends_with(library_suffix)) {
    name.remove_suffix(library_suffix.size());
    if (is_target(name)) return std::string(name);
  }
  return fail(ErrorCode::unsupported,
              fmt::format("'{}' in the archive is neither claims nor a library", shown(entry)),
              "archives contain claims.jwt and a <target>.bin for each platform");
}

/// Token of an archive, whose size is bounded like that of any token.
Result<std::string> read_token(TarReader& tar, const TarEntry& entry) {
  if (entry.size > limits::token_chars) {
    return fail(ErrorCode::limit, fmt::format("claims.jwt has {} bytes; {} are allowed", entry.size,
                                              limits::token_chars));
  }
  // Size is the header's word, so that the loop below counts for itself what really comes.
  std::string token;
  while (true) {
    const auto piece = tar.read();
    if (!piece) return pass(piece);
    if (piece->empty()) return token;
    if (token.size() + piece->size() > limits::token_chars) {
      return fail(ErrorCode::limit, "claims.jwt is longer than it says");
    }
    token += as_text(*piece);
  }
}

/// Size and hash of a library, read to its end.
Result<ArchiveLibrary> hash_library(TarReader& tar, std::string target) {
  ArchiveLibrary library{std::move(target), 0, {}};
  DigestHasher hasher(DigestAlgorithm::sha256);
  while (true) {
    const auto piece = tar.read();
    if (!piece) return pass(piece);
    if (piece->empty()) break;
    hasher.add(*piece);
    library.size += piece->size();
  }
  library.sha256 = to_upper_ascii(hasher.finish().hex);
  return library;
}

/// Reads one entry into the archive.
Result<void> take(TarReader& tar, const TarEntry& entry, ProviderArchive& archive) {
  if (plain_name(entry.name) == claims_name) {
    if (!archive.token.empty()) return fail(ErrorCode::malformed, "the archive has two claims.jwt");
    auto token = read_token(tar, entry);
    if (!token) return pass(token);
    archive.token = std::move(*token);
    return {};
  }
  auto target = target_of(entry.name);
  if (!target) return pass(target);
  if (archive.find(*target) != nullptr) {
    return fail(ErrorCode::malformed, fmt::format("the archive has two libraries for {}", *target));
  }
  auto library = hash_library(tar, std::move(*target));
  if (!library) return pass(library);
  archive.libraries.push_back(std::move(*library));
  return {};
}

Result<void> check_hashes(const ProviderArchive& archive) {
  for (const auto& library : archive.libraries) {
    const auto& hashes = archive.claims.target_hashes;
    const auto named =
        std::ranges::find(hashes, library.target, &std::pair<std::string, std::string>::first);
    if (named == hashes.end() || named->second != library.sha256) {
      return fail(
          ErrorCode::malformed,
          fmt::format("the library for {} does not have the hash its claims name", library.target),
          "the archive was changed after it was signed: fetch it again");
    }
  }
  return {};
}

}  // namespace

const ArchiveLibrary* ProviderArchive::find(std::string_view target) const noexcept {
  const auto found = std::ranges::find(libraries, target, &ArchiveLibrary::target);
  return found == libraries.end() ? nullptr : &*found;
}

std::string this_target() {
  return fmt::format("{}-{}", architecture, operating_system);
}

Result<ProviderArchive> read_archive(const std::filesystem::path& path) {
  auto tar = TarReader::open(path);
  if (!tar) return pass(tar);
  ProviderArchive archive;
  archive.compressed = tar->compressed();
  while (true) {
    const auto entry = tar->next();
    if (!entry) return pass(entry);
    if (!*entry) break;
    if (auto taken = take(*tar, **entry, archive); !taken) return pass(taken);
  }
  if (archive.token.empty() || archive.libraries.empty()) return incomplete();
  auto decoded = identity::decode_provider(archive.token);
  if (!decoded) return pass(decoded);
  archive.claims = std::move(decoded->claims);
  if (auto good = check_hashes(archive); !good) return pass(good);
  return archive;
}

Result<void> read_library(const std::filesystem::path& path, std::string_view target,
                          const std::function<Result<void>(ByteView)>& take_piece) {
  auto tar = TarReader::open(path);
  if (!tar) return pass(tar);
  while (true) {
    const auto entry = tar->next();
    if (!entry) return pass(entry);
    if (!*entry) break;
    // Hash is for the caller to compare once more: the file may have changed since read_archive().
    const auto found = target_of((*entry)->name);
    if (!found || *found != target) continue;
    while (true) {
      const auto piece = tar->read();
      if (!piece) return pass(piece);
      if (piece->empty()) return {};
      if (auto taken = take_piece(*piece); !taken) return taken;
    }
  }
  return fail(ErrorCode::not_found, fmt::format("the archive has no library for {}", target));
}

}  // namespace trellis::package
