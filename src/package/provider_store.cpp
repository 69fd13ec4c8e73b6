#include "package/provider_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "base/descriptor.hpp"
#include "base/file_output.hpp"
#include "base/text.hpp"
#include "package/image_cache.hpp"
#include "package/oci_digest.hpp"

namespace trellis::package {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> disk_error(const fs::path& path) {
  return fail(ErrorCode::unavailable,
              fmt::format("{}: {}", path.string(), std::generic_category().message(errno)),
              "check that the folder may be written and has space");
}

/// The library, held; empty unless it is there, is ours alone to write, and has the hash.
Descriptor hold_whole(const fs::path& path, const ArchiveLibrary& library) {
  auto file = open_held(path);
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0 || status.st_uid != ::geteuid() ||
      (status.st_mode & 022) != 0) {
    // A link, or what others could write: never to be used, and in the way.
    if (file || (::lstat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))) {
      ::unlink(path.c_str());
    }
    return {};
  }
  DigestHasher hasher(DigestAlgorithm::sha256);
  if (!hash_file(file.get(), hasher) || to_upper_ascii(hasher.finish().hex) != library.sha256) {
    ::unlink(path.c_str());
    return {};
  }
  ::futimens(file.get(), nullptr);  // what was used last is removed last
  return file;
}

/// What is there already stays: others may hold it.
bool put_in_place(const fs::path& part, const fs::path& place) {
  if (::renameat2(AT_FDCWD, part.c_str(), AT_FDCWD, place.c_str(), RENAME_NOREPLACE) == 0) {
    return true;
  }
  if (errno == EEXIST) return true;
  return errno == EINVAL && ::rename(part.c_str(), place.c_str()) == 0;  // some file systems
}

/// Unpacks beside its place and moves it there, so that nobody ever sees half of it.
Result<void> unpack(const fs::path& archive, const ArchiveLibrary& library, const fs::path& place,
                    Random& random) {
  auto part = place;
  part += "." + make_nuid(random) + ".part";
  // Mode without write permission: what was hashed shall not be changed by accident.
  const Descriptor file(
      ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0500));
  if (!file) return disk_error(part);
  DigestHasher hasher(DigestAlgorithm::sha256);
  auto written = read_library(archive, library.target, [&](ByteView piece) -> Result<void> {
    hasher.add(piece);
    errno = write_all(file.get(), piece);
    if (errno == 0) return {};
    return disk_error(part);
  });
  if (written && to_upper_ascii(hasher.finish().hex) != library.sha256) {
    written = fail(ErrorCode::malformed, "the archive changed while it was unpacked");
  }
  if (written && (::fsync(file.get()) != 0 || !put_in_place(part, place))) {
    written = disk_error(place);
  }
  ::unlink(part.c_str());
  return written;
}

}  // namespace

Result<ExtractedProvider> extract_provider(const fs::path& path, const fs::path& folder,
                                           const identity::AdmissionPolicy& policy, WallTime now,
                                           Random& random) {
  const auto archive = read_archive(path);
  if (!archive) return pass(archive);
  auto verified = identity::verify_provider_claims(archive->token, policy, now);
  if (!verified) return pass(verified);
  const auto* library = archive->find(this_target());
  if (library == nullptr) {
    std::string targets;
    for (const auto& one : archive->libraries) {
      targets += targets.empty() ? one.target : ", " + one.target;
    }
    return fail(ErrorCode::unsupported,
                fmt::format("the archive has nothing for {}, only for {}", this_target(), targets),
                "insert a library that was built for this machine: trellis par insert");
  }
  if (auto made = make_own_folder(folder); !made) return pass(made);
  const auto place = folder / (to_lower_ascii(library->sha256) + ".so");
  auto held = hold_whole(place, *library);
  if (!held) {
    if (auto unpacked = unpack(path, *library, place, random); !unpacked) return pass(unpacked);
    held = hold_whole(place, *library);
  }
  if (!held) {
    return fail(ErrorCode::unavailable, place.string() + " was removed while it was unpacked",
                "try again");
  }
  return ExtractedProvider{std::move(verified->claims), place,
                           std::make_shared<const Descriptor>(std::move(held))};
}

bool looks_like_archive(const fs::path& file) {
  const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 263> head{};
  if (!opened || ::read(opened.get(), head.data(), head.size()) < 2) return false;
  const std::string_view text(head.data(), head.size());
  return text.starts_with("\x1f\x8b") || text.substr(257, 5) == "ustar";
}

}  // namespace trellis::package
