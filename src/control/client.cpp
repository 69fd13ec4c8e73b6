#include "control/client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.hpp"
#include "control/frame.hpp"
#include "control/socket_folder.hpp"

namespace trellis::control {
namespace {

constexpr std::chrono::seconds ping_timeout{2};

Result<RunningHost> ask(const std::filesystem::path& path, uid_t uid) {
  auto client = Client::connect(path, uid);
  if (!client) return pass(client);
  const auto answer = client->request({.operation = "ping"}, ping_timeout);
  if (!answer) return std::unexpected(answer.error());
  if (!answer->is_object()) return fail(ErrorCode::malformed, "ping: not an object");
  RunningHost host{.pid = client->pid(), .socket = path};
  if (const auto id = answer->find("host_id"); id != answer->end() && id->is_string())
    host.id = *id;
  if (const auto uptime = answer->find("uptime"); uptime != answer->end() && uptime->is_number()) {
    host.uptime = std::chrono::seconds(uptime->get<std::int64_t>());
  }
  return host;
}

bool fits(const RunningHost& host, std::string_view wanted) {
  return wanted.empty() || std::to_string(host.pid) == wanted || host.id.starts_with(wanted);
}

std::string list_of(const std::vector<RunningHost>& hosts) {
  std::string text;
  for (const auto& host : hosts) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", host.pid, host.id);
  }
  return text;
}

}  // namespace

Result<Client> Client::connect(const std::filesystem::path& path, uid_t uid) {
  auto socket = connect_socket(path);
  if (!socket) return pass(socket);
  const auto peer = peer_of(socket->get());
  if (!peer) return std::unexpected(peer.error());
  if (!may_speak(*peer, uid)) {
    return fail(ErrorCode::denied,
                fmt::format("{}: listened to by user {}", path.string(), peer->uid));
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
  // A host that refuses says why before it closes, so look for an answer all the same.
  auto frame = read_frame(socket_.get(), {limits::control_frame_bytes, timeout, timeout});
  if (!frame) return sent ? Outcome(pass(frame)) : std::unexpected(sent.error());
  if (*frame) return decode_response(**frame);
  return fail(ErrorCode::unavailable, fmt::format("{}: the host gave no answer", request.operation),
              "it may have stopped, or still be at work: look at its log");
}

Result<std::vector<RunningHost>> running_hosts(const std::filesystem::path& folder, uid_t uid) {
  const auto sockets = live_sockets(folder, uid);
  if (!sockets) return std::unexpected(sockets.error());
  std::vector<RunningHost> hosts;
  for (const auto& path : *sockets) {
    if (auto host = ask(path, uid); host) hosts.push_back(std::move(*host));
  }
  return hosts;
}

Result<RunningHost> choose_host(const std::vector<RunningHost>& hosts, std::string_view wanted) {
  std::vector<RunningHost> fitting;
  std::copy_if(hosts.begin(), hosts.end(), std::back_inserter(fitting),
               [&](const auto& host) { return fits(host, wanted); });
  if (fitting.size() == 1) return fitting.front();
  if (hosts.empty()) {
    return fail(ErrorCode::not_found, "no host is running",
                "start one with `trellis up` (as this user, with the same XDG_RUNTIME_DIR)");
  }
  if (fitting.empty()) {
    return fail(ErrorCode::not_found, fmt::format("no running host fits '{}'", wanted),
                "running: " + list_of(hosts));
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} hosts are running{}", fitting.size(),
                          wanted.empty() ? "" : fmt::format(" that fit '{}'", wanted)),
              "choose one with --host PID or --host KEY: " + list_of(fitting));
}

}  // namespace trellis::control
