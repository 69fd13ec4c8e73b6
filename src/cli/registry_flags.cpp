#include "cli/registry_flags.hpp"

#include "base/call_limits.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <ostream>

#include "cli/durations.hpp"
#include "cli/folders.hpp"

namespace trellis::cli {

namespace fs = std::filesystem;

namespace {

/// User and password: options, then the variables of commands, then those of hosts. Always both of
/// them; half a login is none.
std::optional<package::RegistryCredentials> pair_of(const Context& context,
                                                    const RegistryFlags& flags) {
  const auto user = option_or_env(context, flags.user, "WASH_REG_USER");
  const auto password = option_or_env(context, flags.password, "WASH_REG_PASSWORD");
  if (user && password) return package::RegistryCredentials{*user, *password};
  const auto other_user = user ? user : context.env("OCI_REGISTRY_USER");
  const auto other_password = password ? password : context.env("OCI_REGISTRY_PASSWORD");
  if (!other_user || !other_password) return std::nullopt;
  return package::RegistryCredentials{*other_user, *other_password};
}

}  // namespace

Result<std::optional<package::ContentDigest>> expected_digest(const std::string& option) {
  if (option.empty()) return std::nullopt;
  // Bare digits are SHA-256, as the first-party tool takes them.
  auto digest = package::parse_digest(option.contains(':') ? option : "sha256:" + option);
  if (!digest) return pass(digest);
  return std::move(*digest);
}

void add_registry_options(Command& leaf, RegistryFlags& flags) {
  leaf.add_flag("--allow-latest", flags.allow_latest, "Permit the tag latest");
  leaf.add_option("-u,--user", flags.user,
                  "Registry user; without, what docker login knows "
                  "[env WASH_REG_USER, OCI_REGISTRY_USER]");
  leaf.add_option("-p,--password", flags.password,
                  "Registry password [env WASH_REG_PASSWORD, OCI_REGISTRY_PASSWORD]");
  leaf.add_option("--token-server", flags.token_servers,
                  "Token server besides the registry that may be told user and password: HOST or "
                  "HOST:PORT")
      .one_each();
  leaf.add_flag("--insecure", flags.insecure, "Speak plain HTTP with this registry");
  leaf.add_option("--ca-file", flags.ca_file,
                  "PEM file of authorities trusted besides the system's")
      .existing_file();
  leaf.add_option("--cache", flags.cache,
                  "Folder for downloads (default ~/.cache/trellis; of a service $CACHE_DIRECTORY)");
  add_duration(leaf, "--timeout", flags.timeout, std::chrono::seconds(1),
               "How long the whole transfer may take: 90s, 10m; a bare number: seconds")
      .show_default(duration_text(flags.timeout));
}

package::RegistrySettings registry_settings(const Context& context, const RegistryFlags& flags,
                                            const std::string& registry) {
  package::RegistrySettings settings;
  const auto cache = flags.cache.empty() ? folders(context.env).cache : fs::path(flags.cache);
  if (!cache.empty()) settings.cache_folder = cache / "images";
  settings.ca_file = flags.ca_file;
  settings.user_agent = "trellis/" TRELLIS_VERSION;
  // This registry only: a redirect to another stays encrypted.
  if (flags.insecure) settings.insecure = {registry};
  settings.token_servers = flags.token_servers;
  settings.credentials = pair_of(context, flags);
  // Credentials for this registry only, wherever it sends us.
  if (settings.credentials) settings.credentials->registries = {registry};
  if (const auto docker = folders(context.env).docker_config; !docker.empty()) {
    settings.docker_config = docker / "config.json";
  }
  tell(context,
       fmt::format("registry {}, {}, {}", package::registry_server(registry),
                   settings.credentials ? "as " + settings.credentials->user
                                        : std::string("anonymous, or as docker login says"),
                   flags.insecure ? "plain HTTP" : "HTTPS"));
  return settings;
}

TransferProgress::TransferProgress(const Context& context, const OutputOptions& output)
    : context_(context), visible_(!output.json && !context.quiet && ::isatty(STDERR_FILENO) == 1) {}

TransferProgress::~TransferProgress() {
  // Line of the progress is erased: the result stands in its place.
  if (visible_ && shown_percent_ <= 100) context_.err << "\r\x1b[K" << std::flush;
}

void TransferProgress::show(const package::Progress& progress) {
  if (!visible_ || progress.total == 0) return;
  // Written when the number changes, not for each block.
  const auto percent = progress.done * 100 / progress.total;
  if (percent == shown_percent_) return;
  shown_percent_ = percent;
  context_.err << fmt::format("\r{:3} %  {:.1f} of {:.1f} MiB", percent,
                              static_cast<double>(progress.done) / limits::mib,
                              static_cast<double>(progress.total) / limits::mib)
               << std::flush;
}

}  // namespace trellis::cli
