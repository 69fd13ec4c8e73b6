#include "host/state/packages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/call_limits.hpp"
#include "base/files.hpp"
#include "base/limits.hpp"
#include "package/cache_store.hpp"

namespace trellis::host {
namespace {

/// Options of the host, as the client of registries understands them.
package::RegistrySettings to_settings(const RegistryOptions& options) {
  package::RegistrySettings settings;
  if (!options.cache_folder.empty()) settings.cache_folder = options.cache_folder / "images";
  settings.insecure = options.insecure;
  settings.ca_file = options.ca_file;
  if (!options.user.empty() && !options.password.empty()) {
    settings.credentials = {options.user, options.password, options.credentials_for};
  }
  settings.docker_config = options.docker_config;
  settings.token_servers = options.credentials_for;
  settings.cache_bytes = UINT64_MAX;  // make_room() bounds libraries as well
  return settings;
}

bool has(const std::vector<std::string>& list, const std::string& entry) {
  return std::find(list.begin(), list.end(), entry) != list.end();
}

}  // namespace

Packages::Packages(const RegistryOptions& options, const LatticeOptions& lattice,
                   std::vector<std::string> allowed_issuers, std::shared_ptr<const Clock> clock,
                   Log log)
    : options_(options),
      in_lattice_(lattice.rpc || lattice.control),
      for_commands_(lattice.control_registries),
      policy_{std::move(allowed_issuers)},
      clock_(std::move(clock)),
      log_(std::move(log)),
      client_(to_settings(options), *clock_, random_) {}

Result<package::Reference> Packages::checked(std::string_view text, bool latest_allowed) const {
  auto reference = package::parse_reference(text);
  if (!reference) {
    return fail(reference.error().code,
                fmt::format("there is no such file, and {}", reference.error().message),
                "name a file, or an image: HOST[:PORT]/PATH:TAG");
  }
  const bool latest = options_.allow_latest && latest_allowed;
  if (auto good = package::check_latest(*reference, latest); !good) return pass(good);
  return reference;
}

void Packages::name_registry_of(std::string_view text) {
  std::error_code ignored;
  // Files go before references: what exists under this name is one, whatever it looks like.
  if (std::filesystem::exists(std::filesystem::path(text), ignored)) return;
  const auto reference = package::parse_reference(text);
  if (!reference) return;
  const MutexLock lock(mutex_);
  if (named_.size() < limits::named_registries) named_.insert(reference->registry);
}

bool Packages::is_named(const std::string& registry) const {
  const MutexLock lock(mutex_);
  return named_.contains(registry);
}

// Registries need permission: whoever speaks on the lattice would have this host connect wherever
// they like, and tell them what answers there.
Result<void> Packages::may_fetch(std::string_view text, bool latest_allowed) const {
  const auto reference = checked(text, latest_allowed);
  if (!reference) return pass(reference);
  const auto& registry = reference->registry;
  if (has(for_commands_, registry) || has(for_commands_, "*") ||
      has(options_.credentials_for, registry) || has(options_.insecure, registry) ||
      is_named(registry)) {
    return {};
  }
  return fail(ErrorCode::denied,
              fmt::format("this host fetches nothing from {} on command of the lattice", registry),
              fmt::format("start the host with --control-registries {}", registry));
}

Result<Packages::Found> Packages::find(std::string_view text, bool latest_allowed) {
  std::error_code ignored;
  std::filesystem::path file(text);
  // Existing file wins over a registry (identity.md 6.1).
  if (std::filesystem::exists(file, ignored)) return Found{std::move(file), {}};
  const auto reference = checked(text, latest_allowed);
  if (!reference) return pass(reference);
  package::PullOptions how;
  how.timeout = options_.timeout;
  how.allow_latest = options_.allow_latest && latest_allowed;
  how.offline = options_.offline;
  // User and password are for registries that the user has named: in a lattice anybody may order an
  // image from a server of their own.
  how.with_credentials =
      !in_lattice_ || !options_.credentials_for.empty() || is_named(reference->registry);
  log_.info("fetching {}", text);
  auto image = client_.pull(*reference, how);
  if (!image) return pass(image);
  log_.info("fetched {} ({} bytes, {})", text, image->layer.size, to_string(image->source));
  // Room is made once something has come; what is held stays.
  if (image->source == package::ImageSource::registry) make_room();
  return Found{std::move(image->file), std::move(image->hold)};
}

void Packages::make_room() const {
  const auto& folder = options_.cache_folder;
  const auto done =
      package::prune_cache({.images = folder / "images", .providers = folder / "providers"},
                           {.keep_bytes = options_.cache_bytes});
  if (done.removed.empty()) return;
  log_.info("removed {} file{} used longest ago from {} ({} bytes)", done.removed.size(),
            done.removed.size() == 1 ? "" : "s", folder.string(), done.bytes_removed);
}

Result<std::string> Packages::module(std::string_view reference, bool latest_allowed) {
  const auto file = find(reference, latest_allowed);
  if (!file) return pass(file);
  return read_file(file->file, limits::module_bytes);
}

Result<package::ExtractedProvider> Packages::unpack(const std::filesystem::path& archive) {
  if (options_.cache_folder.empty()) {
    return fail(ErrorCode::unsupported, "this host has no folder to unpack archives in",
                "name one: --cache DIR, or HostOptions::registry.cache_folder");
  }
  auto extracted = package::extract_provider(archive, options_.cache_folder / "providers", policy_,
                                             clock_->wall(), random_);
  if (extracted) make_room();
  return extracted;
}

}  // namespace trellis::host
