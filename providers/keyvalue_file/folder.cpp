#include "providers/keyvalue_file/folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cstring>

#include "base/text.hpp"

namespace trellis::providers::keyvalue_file {

namespace {

/// In hexadecimal the name of a file is twice as long, and a file system has 255 for it.
constexpr std::size_t max_name_bytes = 100;

[[nodiscard]] std::unexpected<Error> unusable(const std::filesystem::path& path,
                                              std::string_view why) {
  return fail(ErrorCode::unavailable, fmt::format("DIRECTORY {}: {}", path.string(), why),
              "name a folder that the host may write, and nobody else uses");
}

}  // namespace

Result<std::shared_ptr<const Folder>> Folder::open(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  // Mode 0700 for the last folder only: keys may be secrets, folders above are the user's.
  if (!error && ::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return unusable(path, std::strerror(errno));
  }
  if (error) return unusable(path, error.message());
  const auto file = path / "lock";
  Descriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return unusable(path, std::strerror(errno));
  // Lock by flock and not by a file's presence: the system gives it back when the process dies,
  // however that happens. It belongs to the open file, so that a second provider in this process is
  // refused as well.
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return unusable(path, "another provider uses it");
  }
  return std::shared_ptr<const Folder>(new Folder(path, std::move(lock)));
}

Result<std::filesystem::path> Folder::file_of(const KeySpace& space) const {
  if (space.name.size() > max_name_bytes) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("link value NAMESPACE is longer than {} bytes", max_name_bytes),
                "choose a shorter name");
  }
  switch (space.kind) {
    case KeySpace::Kind::common: return path_ / "common.journal";
    // Names are any bytes, files are not.
    case KeySpace::Kind::named:
      return path_ / fmt::format("named-{}.journal", to_hex_lower(as_bytes(space.name)));
    case KeySpace::Kind::own:
      return path_ / fmt::format("actor-{}.journal", to_hex_lower(as_bytes(space.name)));
  }
  return path_;
}

}  // namespace trellis::providers::keyvalue_file
