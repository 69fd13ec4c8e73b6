#include "admin/socket/socket_folder.hpp"

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

#include "admin/socket/peer.hpp"
#include "base/ascii.hpp"
#include "base/files.hpp"

namespace trellis::admin {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> system_failure(const fs::path& path, int number, ErrorCode code) {
  return fail(code, fmt::format("{}: {}", path.string(), std::generic_category().message(number)));
}

/// Whether the folder is this user's: the variable may be left over from another one, after `su`
/// for example.
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
                "name a shorter one (--socket, or XDG_RUNTIME_DIR)");
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

/// Whether the process lives and is a host: numbers of processes are used again.
bool is_host(pid_t pid) {
  const auto name = read_file(fmt::format("/proc/{}/comm", pid), 64);
  return name && name->starts_with("trellis");
}

/// Number in `<pid>.sock`; 0 for another name.
pid_t pid_of(const fs::path& path) {
  const auto stem = path.stem().string();
  const bool number =
      !stem.empty() && stem.size() < 10 && std::all_of(stem.begin(), stem.end(), is_digit);
  return path.extension() == ".sock" && number ? static_cast<pid_t>(std::stol(stem)) : 0;
}

std::unexpected<Error> no_member(gid_t group) {
  return fail(ErrorCode::denied,
              fmt::format("the control socket cannot be handed to the group {0}: this user is not "
                          "in it",
                          group_name(group)),
              "run the host with that group (Group= of the unit), or choose another with "
              "--socket-group");
}

/// Makes a socket with its group and mode. Until it listens nobody can connect, so these may be set
/// in any order before.
Result<Descriptor> bind_and_listen(const fs::path& path, const Audience& audience) {
  auto address = address_of(path);
  if (!address) return pass(address);
  auto socket = new_socket(path);
  if (!socket) return socket;
  ::unlink(path.c_str());
  if (::bind(socket->get(), generic(*address), sizeof *address) != 0) {
    return system_failure(path, errno, ErrorCode::unavailable);
  }
  if (audience.group && ::lchown(path.c_str(), uid_t(-1), *audience.group) != 0) {
    return no_member(*audience.group);
  }
  if (::chmod(path.c_str(), audience.group ? 0660 : 0600) != 0 ||
      ::listen(socket->get(), 64) != 0) {
    return system_failure(path, errno, ErrorCode::unavailable);
  }
  return socket;
}

/// Folder itself, never what a symbolic link leads to: it is looked at and changed by its
/// descriptor, so that nobody can exchange it in between.
Result<Descriptor> open_folder(const fs::path& folder) {
  Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (opened) return opened;
  if (errno == ENOENT) return system_failure(folder, errno, ErrorCode::not_found);
  if (errno == EACCES) return cannot_reach(folder);
  if (errno != ENOTDIR && errno != ELOOP) {
    return system_failure(folder, errno, ErrorCode::unavailable);
  }
  return fail(
      ErrorCode::denied,
      fmt::format("{}: not a folder of this user's (a file or a symbolic link?)", folder.string()),
      "remove it, or set XDG_RUNTIME_DIR to a folder of your own");
}

Result<struct stat> status_of(const fs::path& folder) {
  const auto opened = open_folder(folder);
  if (!opened) return pass(opened);
  struct stat status{};
  if (::fstat(opened->get(), &status) == 0) return status;
  return system_failure(folder, errno, ErrorCode::unavailable);
}

/// Checks the owner of a folder that a host makes its socket in.
Result<void> check_owner(const fs::path& folder, const struct stat& status, uid_t uid) {
  if (status.st_uid == uid) return {};
  return fail(ErrorCode::denied,
              fmt::format("{}: belongs to user {}, not to {}", folder.string(), status.st_uid, uid),
              "remove it, or set XDG_RUNTIME_DIR to a folder of your own");
}

std::unexpected<Error> others_write(const fs::path& folder, mode_t mode) {
  return fail(
      ErrorCode::denied,
      fmt::format("{}: other users may write to it (mode {:o})", folder.string(), mode & 07777),
      "run: chmod go-w " + folder.string());
}

/// Prepares the folder of a service: where systemd has not done it yet, its group may look in.
Result<void> share_folder(const fs::path& folder, const Audience& audience) {
  const auto opened = open_folder(folder);
  if (!opened) return pass(opened);
  struct stat status{};
  if (::fstat(opened->get(), &status) != 0) {
    return system_failure(folder, errno, ErrorCode::unavailable);
  }
  if (auto ours = check_owner(folder, status, audience.owner); !ours) return ours;
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) return others_write(folder, status.st_mode);
  if (!audience.group) return {};
  if (status.st_gid != *audience.group &&
      ::fchown(opened->get(), uid_t(-1), *audience.group) != 0) {
    return no_member(*audience.group);
  }
  constexpr mode_t look = S_IRGRP | S_IXGRP;
  if ((status.st_mode & look) == look) return {};
  if (::fchmod(opened->get(), (status.st_mode & 07777) | look) == 0) return {};
  return system_failure(folder, errno, ErrorCode::unavailable);
}

/// Checks a folder that somebody else made: whoever may write there could put another socket in our
/// place.
Result<void> check_named(const fs::path& folder, uid_t uid) {
  const auto status = status_of(folder);
  if (!status && status.error().code == ErrorCode::not_found) {
    return fail(ErrorCode::not_found, status.error().message,
                "make the folder of the socket first");
  }
  if (!status) return pass(status);
  const bool others = (status->st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (others && (status->st_mode & S_ISVTX) == 0) return others_write(folder, status->st_mode);
  if (status->st_uid == 0) return {};
  return check_owner(folder, *status, uid);
}

Result<void> make_folder(const fs::path& folder) {
  // Folder that exists is checked afterwards, whoever made it.
  if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return system_failure(folder, errno, ErrorCode::unavailable);
}

bool is_a_socket(const fs::path& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

/// Checks a place before it is looked into. A service's folder is looked into by others: root
/// decided whose it is.
Result<void> check_place(const Place& place, uid_t uid) {
  if (place.kind == Place::Kind::own) return check_folder(place.folder, uid);
  const auto opened = open_folder(place.folder);
  if (!opened) return pass(opened);
  const auto believed = believed_users(place.folder, uid);
  if (!believed) return pass(believed);
  return {};
}

}  // namespace

std::optional<fs::path> session_folder(const std::optional<std::string>& xdg_runtime_dir,
                                       uid_t uid) {
  if (!xdg_runtime_dir || !is_own_folder(*xdg_runtime_dir, uid)) return std::nullopt;
  return fs::path(*xdg_runtime_dir) / "trellis";
}

fs::path socket_folder(const std::optional<std::string>& xdg_runtime_dir, uid_t uid) {
  return session_folder(xdg_runtime_dir, uid).value_or(fmt::format("/tmp/trellis-{}", uid));
}

Place named_place(const fs::path& socket) {
  std::error_code problem;
  auto whole = fs::absolute(socket, problem).lexically_normal();
  auto folder = whole.parent_path();
  return {.kind = Place::Kind::named, .folder = std::move(folder), .socket = std::move(whole)};
}

Result<void> prepare_place(const Place& place, const Audience& audience) {
  if (place.kind == Place::Kind::named) return check_named(place.folder, audience.owner);
  if (auto made = make_folder(place.folder); !made) return made;
  if (place.kind == Place::Kind::shared) return share_folder(place.folder, audience);
  return check_folder(place.folder, audience.owner);
}

Result<void> check_folder(const fs::path& folder, uid_t uid) {
  const auto status = status_of(folder);
  if (!status) return pass(status);
  if (auto ours = check_owner(folder, *status, uid); !ours) return ours;
  if ((status->st_mode & 077) == 0) return {};
  return fail(ErrorCode::denied,
              fmt::format("{}: other users may enter it (mode {:o})", folder.string(),
                          status->st_mode & 07777),
              "run: chmod 700 " + folder.string());
}

Result<Listener> Listener::open(const fs::path& path, const Audience& audience) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode)) {
    return fail(ErrorCode::already_exists, path.string() + ": exists, and is no socket",
                "remove it, or choose another name");
  }
  // File of a socket alone means nothing: a host is there only if it answers.
  const auto other = connect_socket(path);
  if (other || other.error().code == ErrorCode::busy) {
    return fail(ErrorCode::already_exists, path.string() + ": a host listens there already",
                "stop that one first (trellis down --socket PATH), or choose another name");
  }
  // Socket gets its name when it listens: whoever sees the name can connect, and a dead socket of
  // that name is replaced at once.
  const auto hidden = path.parent_path() / ("." + path.filename().string() + ".new");
  auto socket = bind_and_listen(hidden, audience);
  if (!socket) {
    ::unlink(hidden.c_str());
    return pass(socket);
  }
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
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == EACCES) return cannot_reach(path);
    return system_failure(path, errno, ErrorCode::not_found);
  }
  // Symbolic link could lead to the socket of anything else on the machine.
  if (!S_ISSOCK(status.st_mode)) {
    return fail(ErrorCode::invalid_argument, path.string() + ": not a socket");
  }
  auto socket = new_socket(path);
  if (!socket) return socket;
  if (::connect(socket->get(), generic(*address), sizeof *address) == 0) return socket;
  if (errno == EAGAIN) {
    return fail(ErrorCode::busy, path.string() + ": the host accepts no more connections now",
                "try again later");
  }
  if (errno == EACCES) return cannot_reach(path);
  const bool nobody = errno == ENOENT || errno == ECONNREFUSED;
  return system_failure(path, errno, nobody ? ErrorCode::not_found : ErrorCode::unavailable);
}

Result<std::vector<fs::path>> live_sockets(const Place& place, uid_t uid) {
  std::vector<fs::path> live;
  if (auto usable = check_place(place, uid); !usable) {
    if (usable.error().code == ErrorCode::not_found) return live;
    return pass(usable);
  }
  std::error_code problem;
  for (fs::directory_iterator at(place.folder, problem), end; !problem && at != end;
       at.increment(problem)) {
    const auto path = at->path();
    if (pid_of(path) == 0 || !is_a_socket(path)) continue;
    const auto socket = connect_socket(path);
    if (socket || socket.error().code != ErrorCode::not_found || is_host(pid_of(path))) {
      live.push_back(path);  // also one that cannot be reached now: its user must be told
    } else {
      ::unlink(path.c_str());  // nobody listens: its process is gone
    }
  }
  if (problem) return system_failure(place.folder, problem.value(), ErrorCode::unavailable);
  std::sort(live.begin(), live.end(),
            [](const auto& a, const auto& b) { return pid_of(a) < pid_of(b); });
  return live;
}

}  // namespace trellis::admin
