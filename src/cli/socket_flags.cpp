#include "cli/socket_flags.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>
#include <optional>
#include <vector>

#include "cli/folders.hpp"

namespace trellis::cli {
namespace {

using admin::Place;

/// Group whose members administer the system's host, where there is one.
constexpr const char* default_group = "trellis";

std::optional<gid_t> number(const std::string& text) {
  gid_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, value);
  // Largest number means "no change" to the kernel.
  if (problem != std::errc() || at != end || value == std::numeric_limits<gid_t>::max()) {
    return std::nullopt;
  }
  return value;
}

std::optional<gid_t> group_of_name(const std::string& name) {
  // Groups with many members need more room; a mebibyte is where that ends.
  std::vector<char> buffer(4096);
  struct group entry{};
  struct group* found = nullptr;
  while (::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == ERANGE &&
         buffer.size() < (std::size_t{1} << 20U)) {
    buffer.resize(buffer.size() * 2);
  }
  return found == nullptr ? std::nullopt : std::optional(found->gr_gid);
}

/// Membership: only a member (or root) may hand a file to a group.
bool is_member(gid_t group) {
  if (::geteuid() == 0 || ::getegid() == group) return true;
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  if (count < 0) return false;
  groups.resize(static_cast<std::size_t>(count));
  return std::ranges::find(groups, group) != groups.end();
}

// Names before numbers: a group may be called by digits.
Result<gid_t> find_group(const std::string& given) {
  if (const auto group = group_of_name(given)) return *group;
  if (const auto group = number(given)) return *group;
  return fail(ErrorCode::not_found, fmt::format("there is no group '{}'", given),
              fmt::format("name another with --socket-group, or run: groupadd --system {}", given));
}

Place default_place(const Context& context) {
  const auto uid = ::geteuid();
  const auto session = context.env("XDG_RUNTIME_DIR");
  // Session of a user first, then the folder systemd made for a service.
  if (const auto folder = admin::session_folder(session, uid)) return {.folder = *folder};
  if (auto folder = folders(context.env).service_runtime; !folder.empty()) {
    return {.kind = Place::Kind::shared, .folder = std::move(folder)};
  }
  return {.folder = admin::socket_folder(session, uid)};
}

bool is_of_the_system(const Context& context, const Place& place) {
  return place.kind == Place::Kind::shared || place.folder == admin::system_folder ||
         place.folder == folders(context.env).service_runtime;
}

}  // namespace

void add_socket_options(Command& leaf, SocketFlags& flags) {
  leaf.add_option("--socket", flags.path,
                  "Control socket to make, in a folder that exists [env TRELLIS_SOCKET]")
      .completes(ValueKind::file);
  leaf.add_option("--socket-group", flags.group,
                  "Group whose members may command the host, by name or number (default: trellis "
                  "in a service's folder, else nobody)");
}

Result<SocketOptions> socket_options(const Context& context, const SocketFlags& flags) {
  SocketOptions made{.place = default_place(context),
                     .audience = {.owner = ::geteuid()},
                     .wished = !flags.group.empty()};
  if (const auto named = option_or_env(context, flags.path, socket_variable)) {
    made.place = admin::named_place(*named);
    made.wished = true;
  }
  if (flags.group.empty()) {
    if (!is_of_the_system(context, made.place)) return made;
    // Default group is used where it is possible and silently not where it is not: nobody asked for
    // it.
    const auto group = group_of_name(default_group);
    if (group && is_member(*group)) made.audience.group = group;
    return made;
  }
  // Own folders have mode 0700: a group that cannot enter is a setting without effect.
  if (made.place.kind == Place::Kind::own) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("--socket-group: nobody else may enter {}", made.place.folder.string()),
                "name a socket in a folder the group may enter: --socket PATH");
  }
  const auto group = find_group(flags.group);
  if (!group) return pass(group);
  made.audience.group = *group;
  return made;
}

}  // namespace trellis::cli
