// Place of a host's control socket and the users who may connect to it, from options and
// environment.
#pragma once

#include <string>

#include "admin/socket/socket_folder.hpp"
#include "cli/command.hpp"

namespace trellis::cli {

/// Variable that names one socket, for hosts and for the commands that talk to them.
inline constexpr const char* socket_variable = "TRELLIS_SOCKET";

struct SocketFlags {
  std::string path;   ///< --socket
  std::string group;  ///< --socket-group: a name or a number
};

void add_socket_options(Command& leaf, SocketFlags& flags);

struct SocketOptions {
  admin::Place place = {};
  admin::Audience audience = {};
  bool wished = false;  ///< somebody named it: a host that cannot have it does not start
};

/// The first of: the socket that is named, a folder of the user's session ($XDG_RUNTIME_DIR), the
/// folder of the service ($RUNTIME_DIRECTORY), a folder of the user's own in /tmp. In a service's
/// folder the group `trellis` may connect where it exists and this process is in it.
[[nodiscard]] Result<SocketOptions> socket_options(const Context& context,
                                                   const SocketFlags& flags);

}  // namespace trellis::cli
