// The asking side of the control socket: finding hosts and sending them requests.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "admin/socket/protocol.hpp"
#include "admin/socket/socket_folder.hpp"
#include "base/descriptor.hpp"

namespace trellis::admin {

/// A connection to one host; requests are answered in order. One thread at a time.
class Client {
 public:
  /// Errors: not_found (nobody listens), busy, denied (this user may not reach it, or whoever
  /// listens is not believed to be a host: see believed_users()).
  [[nodiscard]] static Result<Client> connect(const std::filesystem::path& path, uid_t uid);

  /// Sends a request and waits for the answer. After deadline or unavailable the connection is of
  /// no more use.
  [[nodiscard]] Outcome request(const Request& request, std::chrono::milliseconds timeout);
  /// The process at the other end, as the kernel says.
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  Client(Descriptor socket, pid_t pid) : socket_(std::move(socket)), pid_(pid) {}
  Descriptor socket_;
  pid_t pid_;
};

/// A host that answered.
struct RunningHost {
  pid_t pid = 0;
  std::string id = {};
  std::chrono::seconds uptime{0};
  std::filesystem::path socket = {};
  std::map<std::string, std::string> labels = {};
};

/// The host behind one socket, by asking it. Errors: those of connect() and request().
[[nodiscard]] Result<RunningHost> host_at(const std::filesystem::path& socket, uid_t uid);

/// Hosts that were found in the places where they are looked for.
struct Hosts {
  std::vector<RunningHost> running;
  std::vector<Error> unreachable;  ///< places and hosts that are there, but not for this user
};

/// All hosts that answer within two seconds; those that do not are left out. An error is that of a
/// folder of the user's own, which must be mended first.
[[nodiscard]] Result<Hosts> find_hosts(const std::vector<Place>& places, uid_t uid);

/// The one host meant by `wanted`: a process id, or what client::resolve_host() understands (key,
/// name, label, beginning of the key); empty means the only one that runs. Errors: not_found,
/// invalid_argument (several fit), with what runs; denied when there are hosts, but none this user
/// may reach.
[[nodiscard]] Result<RunningHost> choose_host(const Hosts& hosts, std::string_view wanted);

}  // namespace trellis::admin
