// Trust between the two ends of a control socket. Any thread.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "admin/socket/socket_folder.hpp"
#include "trellis/result.hpp"

namespace trellis::admin {

/// Process at the other end of a connection, as the kernel says.
struct Peer {
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups = {};  ///< supplementary ones
};
[[nodiscard]] Result<Peer> peer_of(int socket);

/// Whether a host serves this peer.
[[nodiscard]] bool may_speak(const Peer& peer, const Audience& audience);

/// Users whose process is believed to be the host behind a socket in `folder`: the caller, root,
/// and the owner of the folder when only root, the caller or that owner can have put it there.
/// Errors: denied (everybody may exchange what is in the folder, or some user made it where all
/// may), not_found.
[[nodiscard]] Result<std::vector<uid_t>> believed_users(const std::filesystem::path& folder,
                                                        uid_t caller);

/// "trellis", or the number of a group without a name.
[[nodiscard]] std::string group_name(gid_t group);

/// Error for a socket or folder that this user may not reach; names who may, and the remedy.
[[nodiscard]] std::unexpected<Error> cannot_reach(const std::filesystem::path& path);

}  // namespace trellis::admin
