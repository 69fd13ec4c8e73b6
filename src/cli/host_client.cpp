#include "cli/host_client.hpp"

#include <unistd.h>

#include <system_error>
#include <vector>

#include "admin/socket/socket_folder.hpp"
#include "cli/folders.hpp"
#include "cli/socket_flags.hpp"
#include "cli/topics.hpp"
#include "json/json_text.hpp"
#include "package/reference.hpp"

namespace trellis::cli {

namespace {

using admin::Place;

/// Places of control sockets: the user's own, then the system's, which systemd tells a service;
/// else where that is.
std::vector<Place> places(const Context& context) {
  const auto own = admin::socket_folder(context.env("XDG_RUNTIME_DIR"), ::geteuid());
  auto service = folders(context.env).service_runtime;
  if (service.empty()) service = admin::system_folder;
  // One folder is asked once, or its hosts would be found twice.
  if (own == service) return {{.kind = Place::Kind::shared, .folder = own}};
  return {{.folder = own}, {.kind = Place::Kind::shared, .folder = std::move(service)}};
}

Result<admin::Hosts> host_behind(const std::filesystem::path& socket) {
  auto host = admin::host_at(socket, ::geteuid());
  if (host) return admin::Hosts{.running = {std::move(*host)}, .unreachable = {}};
  if (host.error().code != ErrorCode::not_found) return pass(host);
  return fail(ErrorCode::not_found, "no host listens at " + socket.string(),
              "start one with: trellis up --socket " + socket.string());
}

}  // namespace

void add_host_option(Command& leaf, HostChoice& choice) {
  leaf.add_option(
          "--host", choice.host,
          "Which host, when several run: name, label (zone=a), process id, or the beginning of its "
          "key")
      .completes(ValueKind::host)
      .group(where_group);
  add_socket_option(leaf, choice);
}

void add_socket_option(Command& leaf, HostChoice& choice) {
  leaf.add_option("--socket", choice.socket,
                  "Control socket of the host [env TRELLIS_SOCKET]; without it, the places where "
                  "hosts of this user and of the system have theirs")
      .completes(ValueKind::file)
      .group(where_group);
}

Result<admin::Hosts> hosts_in_reach(const Context& context, const HostChoice& choice) {
  // A named socket is the only place: hosts elsewhere are not meant.
  if (const auto socket = option_or_env(context, choice.socket, socket_variable)) {
    return host_behind(admin::named_place(*socket).socket);
  }
  return admin::find_hosts(places(context), ::geteuid());
}

Result<admin::Client> connect_host(const Context& context, const HostChoice& choice) {
  const auto hosts = hosts_in_reach(context, choice);
  if (!hosts) return pass(hosts);
  const auto host = admin::choose_host(*hosts, choice.host);
  if (!host) return pass(host);
  tell(context, "host " + host->id + " at " + host->socket.string());
  return admin::Client::connect(host->socket, ::geteuid());
}

admin::Outcome ask_host(const Context& context, const HostChoice& choice,
                        const admin::Request& request, std::chrono::milliseconds patience) {
  auto client = connect_host(context, choice);
  if (!client) return pass(client);
  tell(context, "asking it: " + request.operation);
  return client->request(request, patience);
}

std::string artifact_name(const std::string& given) {
  std::error_code problem;
  const bool file = std::filesystem::exists(given, problem);
  // Existing files win over images of the same spelling, as in manifests (host.md 11).
  if (given.starts_with("builtin:") || (!file && package::parse_reference(given))) return given;
  return absolute_path(given);
}

std::string absolute_path(const std::string& path) {
  // Absolute first, since weakly_canonical() leaves a path relative whose first part does not
  // exist.
  std::error_code problem;
  const auto absolute = std::filesystem::absolute(path);
  const auto whole = std::filesystem::weakly_canonical(absolute, problem);
  return problem ? absolute.string() : whole.string();
}

std::string text_of(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  if (found == object.end()) return {};
  return found->is_string() ? found->get<std::string>() : dump_json(*found);
}

}  // namespace trellis::cli
