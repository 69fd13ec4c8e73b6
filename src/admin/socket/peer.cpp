// Trust on one machine is by users and groups, as the kernel knows them of the other end of a
// socket and of the folders above it: nothing here rests on what the other side says.
#include "admin/socket/peer.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

namespace trellis::admin {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_groups = 65536;  // NGROUPS_MAX of Linux

std::unexpected<Error> no_credentials() {
  return fail(ErrorCode::unavailable,
              "control connection: " + std::generic_category().message(errno));
}

/// Groups of the peer by the kernel's list; empty where it has none to give (before 4.13).
Result<std::vector<gid_t>> groups_of(int socket) {
  std::vector<gid_t> groups(64);
  while (true) {
    auto length = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) == 0) {
      groups.resize(length / sizeof(gid_t));
      return groups;
    }
    if (errno == ENOPROTOOPT) return std::vector<gid_t>{};
    // Too little room: asked again with more, up to what the kernel allows.
    if (errno != ERANGE || groups.size() >= max_groups) return no_credentials();
    groups.resize(std::min(max_groups, std::max<std::size_t>(length / sizeof(gid_t), 128)));
  }
}

/// Status of the path, or of the nearest folder above it that can be looked at.
std::optional<struct stat> nearest_status(fs::path path) {
  struct stat status{};
  while (::lstat(path.c_str(), &status) != 0) {
    if (!path.has_relative_path()) return std::nullopt;
    path = path.parent_path();
  }
  return status;
}

std::unexpected<Error> distrust(const fs::path& folder, std::string_view why) {
  return fail(ErrorCode::denied,
              fmt::format("{}: {}, so a host there could be anybody's", folder.string(), why),
              "name a socket in a folder of yours, of root's or of the host's user");
}

}  // namespace

Result<Peer> peer_of(int socket) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
    return no_credentials();
  }
  auto groups = groups_of(socket);
  if (!groups) return pass(groups);
  return Peer{credentials.pid, credentials.uid, credentials.gid, std::move(*groups)};
}

bool may_speak(const Peer& peer, const Audience& audience) {
  if (peer.uid == audience.owner || peer.uid == 0) return true;
  if (!audience.group) return false;
  return peer.gid == *audience.group ||
         std::ranges::find(peer.groups, *audience.group) != peer.groups.end();
}

Result<std::vector<uid_t>> believed_users(const fs::path& folder, uid_t caller) {
  std::error_code problem;
  // Links are resolved first: each real folder on the way decides who could have put another one
  // there.
  const auto whole = fs::canonical(folder, problem);
  if (problem == std::errc::permission_denied) return cannot_reach(folder);
  if (problem) {
    return fail(ErrorCode::not_found, fmt::format("{}: {}", folder.string(), problem.message()));
  }
  fs::path at("/");
  struct stat status{};
  bool for_all = false;  // whether everybody may make something in `at`
  for (const auto& part : whole.relative_path()) {
    at /= part;
    if (::lstat(at.c_str(), &status) != 0) return cannot_reach(folder);
    const bool stranger = status.st_uid != caller && status.st_uid != 0;
    // Folder in `/tmp` or alike may be made by anybody; root names what it likes, and means it.
    if (for_all && stranger && caller != 0) {
      return distrust(at, fmt::format("user {} made it where everybody may", status.st_uid));
    }
    for_all = (status.st_mode & S_IWOTH) != 0;
    // Sticky bit keeps others from renaming what is not theirs; without it no name here means
    // anything.
    if (for_all && (status.st_mode & S_ISVTX) == 0) {
      return distrust(at, "everybody may exchange what is in it");
    }
  }
  std::vector<uid_t> users{caller, 0};
  // Owner of the folder decides what stands in it, and so is believed.
  if (!for_all) users.push_back(status.st_uid);
  return users;
}

std::string group_name(gid_t group) {
  std::vector<char> buffer(4096);
  struct group entry{};
  struct group* found = nullptr;
  while (::getgrgid_r(group, &entry, buffer.data(), buffer.size(), &found) == ERANGE &&
         buffer.size() < (std::size_t{1} << 20U)) {
    buffer.resize(buffer.size() * 2);
  }
  return found == nullptr ? std::to_string(group) : std::string(found->gr_name);
}

std::unexpected<Error> cannot_reach(const fs::path& path) {
  auto text = fmt::format("cannot reach the host at {}: permission denied", path.string());
  const auto status = nearest_status(path);
  const bool for_members = status && (status->st_mode & S_IXGRP) != 0 && status->st_gid != 0;
  const bool members_connect =
      status && S_ISSOCK(status->st_mode) && (status->st_mode & S_IWGRP) != 0;
  if (for_members || (members_connect && status->st_gid != 0)) {
    const auto group = group_name(status->st_gid);
    return fail(
        ErrorCode::denied,
        fmt::format("{}; this user is neither root nor in the group {}", text, group),
        fmt::format("be root (sudo), or join: usermod -aG {} USER, and log in again", group));
  }
  return fail(ErrorCode::denied, std::move(text), "be root, or the user the host runs as");
}

}  // namespace trellis::admin
