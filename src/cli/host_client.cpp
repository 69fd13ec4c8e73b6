#include "cli/host_client.hpp"

#include <unistd.h>

#include <system_error>

#include "control/json_text.hpp"
#include "control/socket_folder.hpp"
#include "package/reference.hpp"

namespace trellis::cli {

std::filesystem::path control_folder(const Context& context) {
  return control::socket_folder(context.env("XDG_RUNTIME_DIR"), ::geteuid());
}

void add_host_option(Command& leaf, std::string& wanted) {
  leaf.add_option("--host", wanted,
                  "Which host, when several run: process id, or the beginning of its key")
      .completes(ValueKind::host);
}

Result<control::Client> connect_host(const Context& context, const std::string& wanted) {
  const auto hosts = control::running_hosts(control_folder(context), ::geteuid());
  if (!hosts) return std::unexpected(hosts.error());
  const auto host = control::choose_host(*hosts, wanted);
  if (!host) return std::unexpected(host.error());
  return control::Client::connect(host->socket, ::geteuid());
}

control::Outcome ask_host(const Context& context, const std::string& wanted,
                          const control::Request& request, std::chrono::milliseconds patience) {
  auto client = connect_host(context, wanted);
  if (!client) return pass(client);
  return client->request(request, patience);
}

std::string artifact_name(const std::string& given) {
  std::error_code problem;
  const bool file = std::filesystem::exists(given, problem);
  if (given.starts_with("builtin:") || (!file && package::parse_reference(given))) return given;
  return absolute_path(given);
}

std::string absolute_path(const std::string& path) {
  std::error_code problem;
  const auto whole = std::filesystem::weakly_canonical(path, problem);
  return problem ? std::filesystem::absolute(path).string() : whole.string();
}

std::string text_of(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  if (found == object.end()) return {};
  return found->is_string() ? found->get<std::string>() : control::dump_json(*found);
}

}  // namespace trellis::cli
