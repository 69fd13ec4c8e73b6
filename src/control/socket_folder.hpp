// The folder with the control sockets of one user's hosts, and the sockets in it.
//
// Whoever may enter the folder may command the hosts, so it is 0700, ours, and no symbolic link;
// /tmp belongs to everybody, and another user may have been there first. Any thread.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.hpp"
#include "trellis/result.hpp"

namespace trellis::control {

/// `$XDG_RUNTIME_DIR/trellis` when that variable names a folder of ours, else `/tmp/trellis-<uid>`.
[[nodiscard]] std::filesystem::path socket_folder(const std::optional<std::string>& xdg_runtime_dir,
                                                  uid_t uid);

/// Makes the folder where it is missing, then checks it.
[[nodiscard]] Result<void> prepare_folder(const std::filesystem::path& folder, uid_t uid);
/// Errors: not_found, denied (a link, another owner, others may enter).
[[nodiscard]] Result<void> check_folder(const std::filesystem::path& folder, uid_t uid);

/// A listening socket with a name, `<pid>.sock`; the name goes with the object.
class Listener {
 public:
  /// Appears under its name only once it listens: a connection is never refused by a live host.
  /// Removes a left-over of the same name. Errors: already_exists (a second one in this process).
  [[nodiscard]] static Result<Listener> open(const std::filesystem::path& folder, pid_t pid);

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

/// Connects without waiting. Errors: not_found (no such socket, or nobody listens any more), busy.
[[nodiscard]] Result<Descriptor> connect_socket(const std::filesystem::path& path);

struct Peer {
  pid_t pid = 0;
  uid_t uid = 0;
};
/// Who is at the other end, as the kernel says.
[[nodiscard]] Result<Peer> peer_of(int socket);

/// The owner of a host and root may command it, and be believed to be it; nobody else.
[[nodiscard]] constexpr bool may_speak(const Peer& peer, uid_t owner) noexcept {
  return peer.uid == owner || peer.uid == 0;
}

/// Sockets in the folder on which somebody listens, by process id. Those of dead processes are
/// removed on the way. No folder: none.
[[nodiscard]] Result<std::vector<std::filesystem::path>> live_sockets(
    const std::filesystem::path& folder, uid_t uid);

}  // namespace trellis::control
