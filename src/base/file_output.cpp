#include "base/file_output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace trellis {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> cannot_write(const fs::path& path, int number) {
  return fail(number == EEXIST ? ErrorCode::already_exists : ErrorCode::unavailable,
              "cannot write " + path.string() + ": " + std::generic_category().message(number),
              "check that the folder exists, may be written and has space");
}

/// Closes on the way out unless closed before, and then says whether closing worked.
class OutputFile {
 public:
  explicit OutputFile(int number) : number_(number) {}
  ~OutputFile() {
    if (number_ >= 0) ::close(number_);
  }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] int close() noexcept { return ::close(std::exchange(number_, -1)); }

 private:
  int number_;
};

/// Creates `path`, which must not exist, with all of `content` on disk.
Result<void> create(const fs::path& path, ByteView content, mode_t mode) {
  OutputFile file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (file.get() < 0) return cannot_write(path, errno);
  int problem = write_all(file.get(), content);
  // On disk before it has its name, or a power failure could leave a whole name with half a
  // content.
  if (problem == 0 && ::fsync(file.get()) != 0) problem = errno;
  // Closing may be what tells of a full disk.
  if (file.close() != 0 && problem == 0) problem = errno;
  if (problem == 0) return {};
  ::unlink(path.c_str());
  return cannot_write(path, problem);
}

}  // namespace

Result<void> make_own_folder(const fs::path& folder) {
  const auto unusable = [&](ErrorCode code, const std::string& why) {
    return fail(code, folder.string() + ": " + why, "name another folder, one of this user's own");
  };
  if (auto made = make_private_folder(folder); !made) {
    return unusable(ErrorCode::unavailable, made.error().message);
  }
  struct stat status{};
  // Link is no folder here: it may lead to another user's, and lead elsewhere tomorrow.
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return unusable(ErrorCode::denied, "is no folder");
  }
  if (status.st_uid != ::geteuid()) return unusable(ErrorCode::denied, "belongs to another user");
  if ((status.st_mode & 077) != 0 && ::chmod(folder.c_str(), 0700) != 0) {
    return unusable(ErrorCode::denied, "others can use it");
  }
  return {};
}

int write_all(int descriptor, ByteView content) {
  while (!content.empty()) {
    const auto written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    content = content.subspan(static_cast<std::size_t>(written));
  }
  return 0;
}

Result<void> make_private_folder(const fs::path& folder) {
  std::error_code problem;
  if (folder.empty() || fs::is_directory(folder, problem)) return {};
  if (auto parent = make_private_folder(folder.parent_path()); !parent) return pass(parent);
  // Folder may have come into being meanwhile, by another thread or process.
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return cannot_write(folder, errno);
  return {};
}

Result<void> write_file(const fs::path& path, ByteView content) {
  auto temporary = path;
  // Thread's number keeps writers of one file apart, in this process and others.
  temporary += ".part" + std::to_string(::gettid());
  auto made = create(temporary, content, 0666);
  // Leftover of a writer that was killed: its number comes again, in a container soon, and without
  // this the file could never be written any more.
  if (!made && made.error().code == ErrorCode::already_exists) {
    ::unlink(temporary.c_str());
    made = create(temporary, content, 0666);
  }
  if (!made) return made;
  // Renamed over the file before: readers meet the old content or the new, and never half of one.
  if (::rename(temporary.c_str(), path.c_str()) == 0) return {};
  const int problem = errno;
  ::unlink(temporary.c_str());
  return cannot_write(path, problem);
}

Result<void> create_secret_file(const fs::path& path, ByteView content) {
  if (auto folder = make_private_folder(path.parent_path()); !folder) return pass(folder);
  return create(path, content, 0600);
}

}  // namespace trellis
