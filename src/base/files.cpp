#include "base/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace trellis {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) noexcept : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

std::unexpected<Error> system_failure(const std::filesystem::path& path, int number) {
  const auto code = number == ENOENT || number == ENOTDIR ? ErrorCode::not_found
                    : number == EACCES                    ? ErrorCode::denied
                                                          : ErrorCode::unavailable;
  return fail(code, fmt::format("{}: {}", path.string(), std::generic_category().message(number)),
              "check that the file exists and that this user may read it");
}

std::unexpected<Error> too_large(const std::filesystem::path& path, std::size_t most) {
  return fail(ErrorCode::limit, fmt::format("{}: larger than {} bytes", path.string(), most),
              "check that this is the file you mean");
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t most) {
  // Non-blocking, or opening a pipe without a writer would wait for ever; no effect on files.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return system_failure(path, errno);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return system_failure(path, errno);
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::invalid_argument, fmt::format("{}: not a regular file", path.string()),
                "name a file");
  }
  if (static_cast<std::uintmax_t>(status.st_size) > most) return too_large(path, most);
  // The size may change while it is read, and is 0 for files the kernel makes up: read to the end.
  std::string content;
  char buffer[16384];
  while (true) {
    const auto got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure(path, errno);
    if (got == 0) return content;
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > most) return too_large(path, most);
  }
}

}  // namespace trellis
