#include "providers/blobstore_fs/folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <utility>

#include "base/text.hpp"

namespace trellis::providers::blobstore_fs {

namespace {

constexpr std::size_t max_name_bytes = 255;  // of Linux file systems
// An hour: uploads end after a minute without a chunk, so that an older file is a crash's.
constexpr std::time_t abandoned_after = 3600;
// Flags of every open below the root. With single names (no slash gets through clean_name) and
// O_NOFOLLOW there is no way out, also not for a link that somebody puts there between two calls.
constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;

// Error with the cleaned name only: paths of the host are none of the actor's business.
[[nodiscard]] std::unexpected<Error> not_found(std::string_view name) {
  return fail(ErrorCode::not_found, fmt::format("{} is not there", excerpt(name)));
}

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

/// Text without pairs of dots, in one pass: names come from guests and may be megabytes of dots.
[[nodiscard]] std::string without_pairs_of_dots(std::string_view text) {
  constexpr std::string_view pair = "..";
  std::string left;
  left.reserve(text.size());
  for (auto at = text.find(pair); at != text.npos; at = text.find(pair)) {
    left += text.substr(0, at);
    text.remove_prefix(at + pair.size());
  }
  return left += text;
}

}  // namespace

std::unexpected<Error> system_error(std::string_view what) {
  // Saved first: formatting may change it.
  const auto number = errno;
  const auto code =
      number == ENOSPC || number == EDQUOT ? ErrorCode::limit : ErrorCode::unavailable;
  return fail(code, fmt::format("{}: {}", what, std::strerror(number)),
              "check permissions and free space of ROOT");
}

Result<std::string> clean_name(std::string_view id) {
  // Order as in the first-party provider: leading dots and slashes, then pairs of dots, then
  // slashes (contracts.md 3.6). Removing pairs can leave a dot in front, which is refused below.
  auto name = without_pairs_of_dots(id.substr(std::min(id.size(), id.find_first_not_of("/."))));
  std::ranges::replace(name, '/', '_');
  if (name.empty() || name.starts_with('.') || name.size() > max_name_bytes ||
      name.contains('\0')) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("\"{}\" cannot be the name of a container or an object", excerpt(id)),
                "use names of 1 to 255 bytes that are more than dots and slashes");
  }
  return name;
}

Result<Folder> Folder::open(const std::string& path) {
  // The root itself may be a link: the one who made the link chose it.
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return system_error(path);
  return Folder(std::move(folder));
}

Result<Folder> Folder::folder(const std::string& name) const {
  Descriptor folder(::openat(folder_.get(), name.c_str(), folder_flags));
  if (folder) return Folder(std::move(folder));
  // Links are no folders to an actor: it is not told that there is one.
  if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return not_found(name);
  return system_error(name);
}

Result<bool> Folder::make_folder(const std::string& name) const {
  if (::mkdirat(folder_.get(), name.c_str(), 0700) == 0) return true;
  if (errno != EEXIST) return system_error(name);
  // Existing is not enough: a file or link of that name would make each upload fail later.
  if (auto there = folder(name); !there) {
    return fail(ErrorCode::already_exists, fmt::format("{} is no folder", excerpt(name)));
  }
  return false;
}

Result<void> Folder::remove_folder(const std::string& name) const {
  // Looked at first for the error's sake: the removal alone would not follow a link either.
  if (auto there = folder(name); !there) return pass(there);
  if (::unlinkat(folder_.get(), name.c_str(), AT_REMOVEDIR) == 0) return {};
  if (errno == ENOTEMPTY || errno == EEXIST) {
    return fail(ErrorCode::already_exists, fmt::format("{} is not empty", excerpt(name)),
                "remove its objects first");
  }
  return system_error(name);
}

std::optional<std::uint64_t> Folder::size_of(const std::string& name) const {
  struct stat status{};
  if (::fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};
  if (!S_ISREG(status.st_mode)) return {};
  return static_cast<std::uint64_t>(status.st_size);
}

Result<Descriptor> Folder::read(const std::string& name) const {
  // Not blocking on a pipe that somebody put there.
  Descriptor file(
      ::openat(folder_.get(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  // Type is asked of the open file, not of its name, which may have changed since.
  if (!file && errno != ENOENT && errno != ELOOP) return system_error(name);
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return not_found(name);
  }
  return file;
}

Result<Descriptor> Folder::create(const std::string& name) const {
  Descriptor file(::openat(folder_.get(), name.c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return system_error(name);
  return file;
}

Result<void> Folder::rename(const std::string& from, const std::string& to) const {
  if (::renameat(folder_.get(), from.c_str(), folder_.get(), to.c_str()) != 0) {
    return system_error(to);
  }
  // Folder is synced too: the name is part of what a commit promises.
  if (::fsync(folder_.get()) != 0) return system_error(to);
  return {};
}

Result<void> Folder::remove(const std::string& name) const {
  // Regular files only: unlink would remove a link or a pipe of somebody else's as well.
  if (!size_of(name)) return not_found(name);
  if (::unlinkat(folder_.get(), name.c_str(), 0) == 0) return {};
  if (errno == ENOENT) return not_found(name);
  return system_error(name);
}

Result<void> Folder::each(const std::function<bool(const std::string&)>& visit) const {
  const int again = ::openat(folder_.get(), ".", folder_flags);  // a position of its own
  if (again < 0) return system_error("reading a folder");
  const std::unique_ptr<DIR, CloseFolder> folder(::fdopendir(again));
  if (!folder) {
    ::close(again);
    return system_error("reading a folder");
  }
  while (true) {
    // readdir returns the same for an error as at the end, and errno alone tells: a listing, or the
    // count of a quota, must not be short in silence.
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) {
      if (errno != 0) return system_error("reading a folder");
      return {};
    }
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (!visit(name)) return {};
  }
}

void Folder::remove_abandoned() const {
  static_cast<void>(each([&](const std::string& name) {
    struct stat status{};
    if (name.starts_with(unfinished_prefix) &&
        ::fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        status.st_mtime < std::time(nullptr) - abandoned_after) {
      ::unlinkat(folder_.get(), name.c_str(), 0);
    }
    return true;
  }));
}

}  // namespace trellis::providers::blobstore_fs
