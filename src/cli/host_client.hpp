// Host client: all that commands which talk to a running host on this machine have in common.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "admin/socket/client.hpp"
#include "cli/command.hpp"

namespace trellis::cli {

/// Which host a command is meant for.
struct HostChoice {
  std::string host;  ///< --host: name, label, process id or beginning of a key; empty: the only one
  std::string socket;  ///< --socket: one control socket; empty: every place is looked into
};

/// Adds --host, which chooses among several running hosts, and --socket.
void add_host_option(Command& leaf, HostChoice& choice);
/// Adds --socket alone.
void add_socket_option(Command& leaf, HostChoice& choice);

/// Hosts behind the socket that was named; else those of this user and of the system. Errors:
/// not_found (nobody listens at the socket), denied.
[[nodiscard]] Result<admin::Hosts> hosts_in_reach(const Context& context, const HostChoice& choice);

/// Long enough for a host to read and compile a large module.
inline constexpr std::chrono::seconds request_patience{120};

/// Connects to the only running host, or the one wanted.
[[nodiscard]] Result<admin::Client> connect_host(const Context& context, const HostChoice& choice);

/// One request to the only running host, or the one wanted.
[[nodiscard]] admin::Outcome ask_host(const Context& context, const HostChoice& choice,
                                      const admin::Request& request,
                                      std::chrono::milliseconds patience = request_patience);

/// A path as the host will understand it, whatever its working folder.
[[nodiscard]] std::string absolute_path(const std::string& path);
/// Name of an actor or provider as a command was given it, so that a host understands it: the whole
/// path of a file, or a built-in name or an image's reference as it is. An existing file wins.
[[nodiscard]] std::string artifact_name(const std::string& given);

/// A member of an answer as text: texts as they are, other values as JSON, missing ones empty.
[[nodiscard]] std::string text_of(const nlohmann::json& object, const char* name);

}  // namespace trellis::cli
