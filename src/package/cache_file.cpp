#include "package/cache_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

namespace trellis::package {
namespace {

/// Regular file, open for reading; empty for anything else.
Descriptor open_regular(const std::filesystem::path& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  return file;
}

bool lock(const Descriptor& file, int how) {
  while (::flock(file.get(), how) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

}  // namespace

Descriptor open_held(const std::filesystem::path& path) {
  // File may be locked for moments by whoever removes it; what came in its place is as good.
  for (int attempt = 0; attempt < 100; ++attempt) {
    auto file = open_regular(path);
    struct stat status{};
    if (!file || !lock(file, LOCK_SH) || ::fstat(file.get(), &status) != 0) return {};
    if (status.st_nlink > 0) return file;
  }
  return {};
}

RemoveOutcome remove_unheld(const std::filesystem::path& path) {
  const auto file = open_regular(path);
  if (!file) return RemoveOutcome::failed;
  if (!lock(file, LOCK_EX | LOCK_NB)) return RemoveOutcome::held;
  return ::unlink(path.c_str()) == 0 ? RemoveOutcome::removed : RemoveOutcome::failed;
}

bool is_held(const std::filesystem::path& path) {
  const auto file = open_regular(path);
  return file && !lock(file, LOCK_EX | LOCK_NB);
}

}  // namespace trellis::package
