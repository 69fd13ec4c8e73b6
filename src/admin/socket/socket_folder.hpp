// Places of control sockets, and the sockets in them.
//
// Whoever may connect may command the host, and whoever listens is believed to be it. So a place is
// checked from both sides, by kernel facts only (owners, modes, SO_PEERCRED, SO_PEERGROUPS): /tmp
// belongs to everybody, and another user may have been there first. Any thread.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.hpp"
#include "trellis/result.hpp"

namespace trellis::admin {

/// Users who may command a host: its owner, root, and the members of a group where one is given.
struct Audience {
  uid_t owner = 0;
  std::optional<gid_t> group = {};
};

/// Where a socket is, or is to be.
struct Place {
  enum class Kind {
    own,     ///< folder of one user, 0700; made where missing
    shared,  ///< folder of a service (/run/trellis): others may look in, only its owner may write
    named    ///< one socket in a folder that exists, as somebody wished (--socket)
  };
  Kind kind = Kind::own;
  std::filesystem::path folder = {};
  std::filesystem::path socket = {};  ///< whole path; of Kind::named only
};

/// Folder of the system's own host, which the service manager makes for it.
inline constexpr const char* system_folder = "/run/trellis";

/// `$XDG_RUNTIME_DIR/trellis` when that variable names a folder of ours.
[[nodiscard]] std::optional<std::filesystem::path> session_folder(
    const std::optional<std::string>& xdg_runtime_dir, uid_t uid);
/// Session folder, else `/tmp/trellis-<uid>`: where hosts that are no service have their sockets.
[[nodiscard]] std::filesystem::path socket_folder(const std::optional<std::string>& xdg_runtime_dir,
                                                  uid_t uid);
/// A named place; a relative path is below the working folder.
[[nodiscard]] Place named_place(const std::filesystem::path& socket);

/// Makes the folder where that is ours to do, hands it to the group, and checks it.
/// Errors: denied, not_found (of a named place).
[[nodiscard]] Result<void> prepare_place(const Place& place, const Audience& audience);
/// A folder of the user's own. Errors: not_found, denied (a link, another owner, others may enter).
[[nodiscard]] Result<void> check_folder(const std::filesystem::path& folder, uid_t uid);

/// A listening socket with a name, which goes with the object.
class Listener {
 public:
  /// Appears under its name only once it listens: a connection is never refused by a live host.
  /// Removes a left-over of the same name. Mode 0600, with a group 0660.
  /// Errors: already_exists (somebody listens there), denied (not a member of the group).
  [[nodiscard]] static Result<Listener> open(const std::filesystem::path& path,
                                             const Audience& audience);

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&& other) = delete;
  ~Listener();

  [[nodiscard]] int get() const noexcept { return socket_.get(); }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  Listener(Descriptor socket, std::filesystem::path path)
      : socket_(std::move(socket)), path_(std::move(path)) {}
  Descriptor socket_;
  std::filesystem::path path_;
};

/// Connects without waiting. Errors: not_found (no such socket, or nobody listens any more), busy,
/// denied (this user may not reach it), invalid_argument (no socket).
[[nodiscard]] Result<Descriptor> connect_socket(const std::filesystem::path& path);

/// Sockets called `<pid>.sock` in the folder on which somebody listens, by process id; also those
/// this user may not reach. Those of dead processes are removed on the way. No folder: none.
/// Errors: denied (the folder is no good, or this user may not look in).
[[nodiscard]] Result<std::vector<std::filesystem::path>> live_sockets(const Place& place,
                                                                      uid_t uid);

}  // namespace trellis::admin
