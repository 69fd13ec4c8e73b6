#include "control/socket_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

namespace trellis::control {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> system_failure(const fs::path& path, int number, ErrorCode code) {
  return fail(code, fmt::format("{}: {}", path.string(), std::generic_category().message(number)));
}

bool is_own_folder(const std::string& path, uid_t uid) {
  struct stat status{};
  return path.starts_with('/') && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == uid;
}

Result<sockaddr_un> address_of(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto& text = path.native();
  if (text.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{}: too long for the name of a socket", text),
                "set XDG_RUNTIME_DIR to a folder with a short name");
  }
  std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
  return address;
}

Result<Descriptor> new_socket(const fs::path& path) {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return system_failure(path, errno, ErrorCode::unavailable);
  return socket;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/// 0 for a name that is not `<pid>.sock`.
pid_t pid_of(const fs::path& path) {
  const auto stem = path.stem().string();
  const bool number =
      !stem.empty() && stem.size() < 10 &&
      std::all_of(stem.begin(), stem.end(), [](char c) { return c >= '0' && c <= '9'; });
  return path.extension() == ".sock" && number ? static_cast<pid_t>(std::stol(stem)) : 0;
}

Result<Descriptor> bind_and_listen(const fs::path& path) {
  auto address = address_of(path);
  if (!address) return pass(address);
  auto socket = new_socket(path);
  if (!socket) return socket;
  ::unlink(path.c_str());
  if (::bind(socket->get(), generic(*address), sizeof *address) != 0 ||
      ::chmod(path.c_str(), 0600) != 0 || ::listen(socket->get(), 64) != 0) {
    return system_failure(path, errno, ErrorCode::unavailable);
  }
  return socket;
}

}  // namespace

fs::path socket_folder(const std::optional<std::string>& xdg_runtime_dir, uid_t uid) {
  if (xdg_runtime_dir && is_own_folder(*xdg_runtime_dir, uid)) {
    return fs::path(*xdg_runtime_dir) / "trellis";
  }
  return fmt::format("/tmp/trellis-{}", uid);
}

Result<void> prepare_folder(const fs::path& folder, uid_t uid) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_failure(folder, errno, ErrorCode::unavailable);
  }
  return check_folder(folder, uid);
}

Result<void> check_folder(const fs::path& folder, uid_t uid) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened && errno == ENOENT) return system_failure(folder, errno, ErrorCode::not_found);
  struct stat status{};
  if (!opened || ::fstat(opened.get(), &status) != 0) {
    return fail(ErrorCode::denied,
                fmt::format("{}: not a folder of this user's (a file or a symbolic link?)",
                            folder.string()),
                "remove it, or set XDG_RUNTIME_DIR to a folder of your own");
  }
  if (status.st_uid != uid) {
    return fail(
        ErrorCode::denied,
        fmt::format("{}: belongs to user {}, not to {}", folder.string(), status.st_uid, uid),
        "remove it, or set XDG_RUNTIME_DIR to a folder of your own");
  }
  if ((status.st_mode & 077) != 0) {
    return fail(ErrorCode::denied,
                fmt::format("{}: other users may enter it (mode {:o})", folder.string(),
                            status.st_mode & 07777),
                "run: chmod 700 " + folder.string());
  }
  return {};
}

Result<Listener> Listener::open(const fs::path& folder, pid_t pid) {
  const auto path = folder / fmt::format("{}.sock", pid);
  if (connect_socket(path)) {
    return fail(ErrorCode::already_exists, path.string() + ": this process has a control socket");
  }
  const auto hidden = folder / fmt::format(".{}.new", pid);
  auto socket = bind_and_listen(hidden);
  if (!socket) return pass(socket);
  if (::rename(hidden.c_str(), path.c_str()) != 0) {
    const int number = errno;
    ::unlink(hidden.c_str());
    return system_failure(path, number, ErrorCode::unavailable);
  }
  return Listener(std::move(*socket), path);
}

Listener::Listener(Listener&& other) noexcept
    : socket_(std::move(other.socket_)), path_(std::move(other.path_)) {
  other.path_.clear();
}

Listener::~Listener() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Result<Descriptor> connect_socket(const fs::path& path) {
  auto address = address_of(path);
  if (!address) return pass(address);
  auto socket = new_socket(path);
  if (!socket) return socket;
  if (::connect(socket->get(), generic(*address), sizeof *address) == 0) return socket;
  if (errno == EAGAIN) {
    return fail(ErrorCode::busy, path.string() + ": the host accepts no more connections now",
                "try again later");
  }
  const bool nobody = errno == ENOENT || errno == ECONNREFUSED;
  return system_failure(path, errno, nobody ? ErrorCode::not_found : ErrorCode::unavailable);
}

Result<Peer> peer_of(int socket) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
    return fail(ErrorCode::unavailable,
                "control connection: " + std::generic_category().message(errno));
  }
  return Peer{credentials.pid, credentials.uid};
}

Result<std::vector<fs::path>> live_sockets(const fs::path& folder, uid_t uid) {
  std::vector<fs::path> live;
  if (auto usable = check_folder(folder, uid); !usable) {
    if (usable.error().code == ErrorCode::not_found) return live;
    return pass(usable);
  }
  std::error_code problem;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end;
       at.increment(problem)) {
    const auto path = at->path();
    if (pid_of(path) == 0) continue;
    const auto socket = connect_socket(path);
    if (socket || socket.error().code == ErrorCode::busy) {
      live.push_back(path);
    } else if (socket.error().code == ErrorCode::not_found) {
      ::unlink(path.c_str());  // nobody listens: its process is gone
    }
  }
  std::sort(live.begin(), live.end(),
            [](const auto& a, const auto& b) { return pid_of(a) < pid_of(b); });
  return live;
}

}  // namespace trellis::control
