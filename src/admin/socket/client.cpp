#include "admin/socket/client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "admin/socket/frame.hpp"
#include "admin/socket/peer.hpp"
#include "admin/socket/socket_folder.hpp"
#include "base/limits.hpp"
#include "client/names.hpp"

namespace trellis::admin {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds ping_timeout{2};

std::string name_of(const RunningHost& host) {
  const auto found = host.labels.find(std::string(client::host_name_label));
  return found == host.labels.end() ? std::string() : found->second;
}

std::string list_of(const std::vector<RunningHost>& hosts) {
  std::string text;
  for (const auto& host : hosts) {
    const auto name = name_of(host);
    text += fmt::format("{}{} ({}{}{})", text.empty() ? "" : ", ", host.pid, name,
                        name.empty() ? "" : ", ", host.id);
  }
  return text;
}

/// Labels of an answer. Members that are not texts are left out: what they are for, this version
/// does not know.
std::map<std::string, std::string> labels_of(const nlohmann::json& answer) {
  std::map<std::string, std::string> labels;
  const auto found = answer.find("labels");
  if (found == answer.end() || !found->is_object()) return labels;
  for (const auto& [name, value] : found->items()) {
    if (value.is_string()) labels.emplace(name, value.get<std::string>());
  }
  return labels;
}

/// Host that is called so, among several, or by a name that may be wrong.
Result<RunningHost> host_called(const std::vector<RunningHost>& running, std::string_view wanted) {
  const auto process = std::ranges::find_if(
      running, [&](const auto& host) { return std::to_string(host.pid) == wanted; });
  if (process != running.end()) return *process;
  std::vector<client::NamedHost> named;
  for (const auto& host : running) {
    named.push_back({host.id, {host.labels.begin(), host.labels.end()}});
  }
  const auto found = client::resolve_host(named, wanted);
  if (found) return running[static_cast<std::size_t>(*found - named.data())];
  if (found.error().code == ErrorCode::invalid_argument) {
    return fail(found.error().code, found.error().message,
                "choose one with --host PID or --host KEY; " + found.error().remedy);
  }
  return fail(ErrorCode::not_found, fmt::format("no running host fits '{}'", wanted),
              "running: " + list_of(running));
}

/// Error for a host that runs and cannot be reached; "no host is running" would send its user to
/// look for the reason elsewhere.
Error unreachable(const fs::path& socket, const Error& why) {
  if (why.code == ErrorCode::denied) return why;
  return {
      why.code,
      fmt::format("cannot reach the host with process {}: {}", socket.stem().string(), why.message),
      why.remedy.empty() ? "it may be stopped or have too much to do: look at its log"
                         : why.remedy};
}

}  // namespace

Result<Client> Client::connect(const std::filesystem::path& path, uid_t uid) {
  // Peer is checked before anything is sent: a stranger must not even learn what is asked.
  auto socket = connect_socket(path);
  if (!socket) return pass(socket);
  const auto believed = believed_users(path.parent_path(), uid);
  if (!believed) return pass(believed);
  const auto peer = peer_of(socket->get());
  if (!peer) return pass(peer);
  if (std::ranges::find(*believed, peer->uid) == believed->end()) {
    return fail(ErrorCode::denied,
                fmt::format("{}: user {} listens there, who is not believed to run this host: "
                            "neither this user, nor root, nor the owner of the folder",
                            path.string(), peer->uid),
                "if that is right, be root to name it");
  }
  return Client(std::move(*socket), peer->pid);
}

Outcome Client::request(const Request& request, std::chrono::milliseconds timeout) {
  const auto text = encode_request(request);
  if (text.size() > limits::control_frame_bytes) {
    return fail(ErrorCode::limit, fmt::format("the request has {} bytes, at most {} are accepted",
                                              text.size(), limits::control_frame_bytes));
  }
  const auto sent = write_frame(socket_.get(), text, timeout);
  // Host that refuses says why before it closes, so an answer is looked for all the same.
  auto frame = read_frame(socket_.get(), {limits::control_frame_bytes, timeout, timeout});
  if (!frame) return sent ? Outcome(pass(frame)) : std::unexpected(sent.error());
  if (*frame) return decode_response(**frame);
  return fail(ErrorCode::unavailable, fmt::format("{}: the host gave no answer", request.operation),
              "it may have stopped, or still be at work: look at its log");
}

Result<RunningHost> host_at(const std::filesystem::path& socket, uid_t uid) {
  auto client = Client::connect(socket, uid);
  if (!client) return pass(client);
  const auto answer = client->request({.operation = "ping"}, ping_timeout);
  if (!answer) return pass(answer);
  if (!answer->is_object()) return fail(ErrorCode::malformed, "ping: not an object");
  // Process is the kernel's word, not that of the answer.
  RunningHost host{.pid = client->pid(), .socket = socket};
  if (const auto id = answer->find("host_id"); id != answer->end() && id->is_string())
    host.id = *id;
  if (const auto uptime = answer->find("uptime"); uptime != answer->end() && uptime->is_number()) {
    host.uptime = std::chrono::seconds(uptime->get<std::int64_t>());
  }
  host.labels = labels_of(*answer);
  return host;
}

Result<Hosts> find_hosts(const std::vector<Place>& places, uid_t uid) {
  Hosts found;
  std::error_code problem;
  for (const auto& place : places) {
    const auto sockets = live_sockets(place, uid);
    // Own folder that cannot be trusted is an error; folders of services are those of others.
    if (!sockets && place.kind == Place::Kind::own) return pass(sockets);
    if (!sockets) {
      found.unreachable.push_back(sockets.error());
      continue;
    }
    for (const auto& path : *sockets) {
      if (auto host = host_at(path, uid); host) {
        found.running.push_back(std::move(*host));
      } else if (host.error().code != ErrorCode::not_found || fs::exists(path, problem)) {
        found.unreachable.push_back(unreachable(path, host.error()));
      }
    }
  }
  return found;
}

Result<RunningHost> choose_host(const Hosts& hosts, std::string_view wanted) {
  const auto& running = hosts.running;
  if (running.empty()) {
    if (!hosts.unreachable.empty()) return std::unexpected(hosts.unreachable.front());
    return fail(ErrorCode::not_found, "no host is running",
                "start one with `trellis up` (as this user, with the same XDG_RUNTIME_DIR)");
  }
  if (!wanted.empty()) {
    auto host = host_called(running, wanted);
    // Host that is meant may be among those this user may not ask.
    if (!host && host.error().code == ErrorCode::not_found && !hosts.unreachable.empty()) {
      return std::unexpected(hosts.unreachable.front());
    }
    return host;
  }
  if (running.size() == 1) return running.front();
  return fail(ErrorCode::invalid_argument, fmt::format("{} hosts are running", running.size()),
              "choose one with --host NAME, PID or KEY: " + list_of(running));
}

}  // namespace trellis::admin
