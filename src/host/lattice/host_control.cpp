#include "host/lattice/host_control.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "base/files.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "host/lattice/event_publisher.hpp"
#include "host/lattice/shared_cache.hpp"
#include "host/state/builtins.hpp"
#include "host/state/names.hpp"

namespace trellis::host {
namespace {

constexpr std::string_view file_scheme = "file://";

/// File that a reference names, with or without the scheme that clients put in front.
std::string_view without_scheme(std::string_view reference) {
  return reference.starts_with(file_scheme) ? reference.substr(file_scheme.size()) : reference;
}

// Components are compared, not text: "/srv/files-old" begins with "/srv/files" but is not in it.
bool lies_below(const std::filesystem::path& file, const std::filesystem::path& folder) {
  const auto [rest, at] = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return rest == folder.end() && at != file.end();
}

/// Links resolved; empty when there is no such file or folder.
std::filesystem::path resolved(const std::filesystem::path& path) {
  std::error_code problem;
  auto found = std::filesystem::canonical(path, problem);
  return problem ? std::filesystem::path() : found;
}

}  // namespace

std::uint64_t HostControl::uptime_seconds() const {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, host_.uptime().count()));
}

codec::StringMap HostControl::labels() const {
  const auto labels = host_.labels();
  return {labels.begin(), labels.end()};
}

lattice::HostInventory HostControl::inventory() const {
  lattice::HostInventory made;
  made.host_id = host_.id();
  made.labels = labels();
  for (const auto& actor : host_.actors()) {
    made.actors.push_back({actor.identity.key, image_reference(actor.source), actor.identity.name,
                           actor.identity.revision});
  }
  for (const auto& provider : host_.providers()) {
    made.providers.push_back({provider.key, provider.link_name, image_reference(provider.source),
                              provider.name, provider.revision});
  }
  return made;
}

std::vector<lattice::LinkDefinition> HostControl::links() const {
  std::vector<lattice::LinkDefinition> all;
  for (const auto& info : host_.registry().links()) {
    all.push_back(to_definition(info.link));
    // Names of values stay visible, so that people see which options a link has.
    if (!host_.options().lattice.redact_link_values) continue;
    for (auto& [name, value] : all.back().values) value = "(hidden)";
  }
  return all;
}

std::vector<lattice::LinkStateRecord> HostControl::link_states(
    const lattice::LinkStatesRequest& of) const {
  const auto now = host_.options().clock->wall();
  const auto matches = [](const std::string& wanted, const std::string& text) {
    return wanted.empty() || wanted == text;
  };
  std::vector<lattice::LinkStateRecord> all;
  for (auto& info : host_.registry().links(of.actor_id)) {
    const auto& link = info.link;
    if (!matches(of.contract_id, link.contract_id) || !matches(of.link_name, link.link_name)) {
      continue;
    }
    const auto age = std::chrono::floor<std::chrono::seconds>(now - info.since).count();
    // Comparison is made here, so that a client learns whether its link is in force without being
    // shown values that others set.
    const bool as_asked = of.provider_id && link.provider_id == *of.provider_id &&
                          std::ranges::equal(link.values, of.values);
    all.push_back({link.actor, link.contract_id, link.link_name, link.provider_id,
                   std::string(to_string(info.state)), std::move(info.problem),
                   static_cast<std::uint64_t>(std::max<std::int64_t>(0, age)), info.attempts,
                   std::string(to_string(info.origin)), as_asked});
  }
  return all;
}

std::vector<lattice::ClaimsValues> HostControl::claims() const {
  std::vector<lattice::ClaimsValues> all;
  for (const auto& known : host_.registry().known_claims()) {
    all.push_back(lattice::claims_values(lattice::to_advertisement(known->claims)));
  }
  return all;
}

std::string HostControl::running_actor(std::string_view reference) const {
  const auto tables = host_.registry().tables().read();
  // Key, then source, then what the cache says of the reference: what runs here counts before what
  // anybody may have written.
  if (tables->actors.find(reference) != nullptr) return std::string(reference);
  std::string found;
  tables->actors.for_each([&](std::string_view key, const auto& entry) {
    if (without_scheme(entry->actor->options().source) == without_scheme(reference)) found = key;
  });
  if (!found.empty()) return found;
  const auto known = host_.key_of_reference(reference);
  return known && tables->actors.find(*known) != nullptr ? *known : std::string();
}

std::optional<lattice::RunningProvider> HostControl::running_provider(
    std::string_view reference, std::string_view link_name) const {
  const auto name = normal_link_name(link_name);
  if (!name) return std::nullopt;
  const auto tables = host_.registry().tables().read();
  // Names that this host knows come first, then what the cache says a reference means.
  auto key = host_.provider_key_of(without_scheme(reference));
  const auto* running = tables->providers.find(provider_slot(key, *name));
  if (running == nullptr) {
    key = host_.key_of_reference(reference).value_or(key);
    running = tables->providers.find(provider_slot(key, *name));
  }
  if (running == nullptr) return std::nullopt;
  return lattice::RunningProvider{(*running)->key, (*running)->description.contract_id};
}

// Files are opened only where the operator has set a folder aside: whoever can reach the control
// interface can order starts.
Result<std::filesystem::path> HostControl::permitted_file(std::string_view reference) const {
  const auto path = without_scheme(reference);
  const auto& folders = host_.options().lattice.control_files;
  if (folders.empty()) {
    return fail(ErrorCode::denied, "this host starts no files on command of the lattice",
                "start it with --control-files FOLDER");
  }
  auto file = resolved(std::filesystem::path(path));
  const bool permitted =
      !file.empty() && std::any_of(folders.begin(), folders.end(), [&](auto& folder) {
        const auto real = resolved(folder);
        return !real.empty() && lies_below(file, real);
      });
  // Answers are the same for what is not there and what is not permitted: nothing can be probed.
  if (permitted) return file;
  return fail(ErrorCode::denied,
              fmt::format("there is no file '{}' that this host may start",
                          replace_bad_utf8(excerpt(path, limits::path_bytes))),
              "it must exist below one of the host's --control-files folders");
}

/// Reference of a command, as the packages understand it: a permitted file, or an image.
Result<std::string> HostControl::permitted(std::string_view reference, bool latest_allowed) const {
  if (without_scheme(reference).starts_with('/')) {
    const auto file = permitted_file(reference);
    if (!file) return pass(file);
    return file->string();
  }
  if (auto good = host_.packages().may_fetch(reference, latest_allowed); !good) return pass(good);
  // A file in the host's working folder must not stand in for it.
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::path(reference), ignored)) {
    return fail(ErrorCode::denied, fmt::format("'{}' is a file of the host", reference),
                "name it whole, below one of the host's --control-files folders");
  }
  return std::string(reference);
}

Result<void> HostControl::may_start_actor(std::string_view reference) const {
  if (auto good = permitted(reference, true); !good) return pass(good);
  return {};
}

// Links come from the lattice too: what is started here would act for everybody who speaks there.
Result<void> HostControl::may_start_builtin(std::string_view reference) const {
  const auto* builtin = find_builtin(host_.options().builtins, reference);
  if (builtin == nullptr) {
    return fail(ErrorCode::not_found, fmt::format("there is no built-in provider '{}'",
                                                  replace_bad_utf8(excerpt(reference, 200))));
  }
  const auto& options = host_.options().lattice;
  const auto name = reference.substr(builtin_prefix.size());
  const auto& named = options.control_builtins;
  if (builtin->confined || options.control_providers ||
      std::find(named.begin(), named.end(), name) != named.end()) {
    return {};
  }
  return fail(
      ErrorCode::denied,
      fmt::format("this host does not start '{}' on command of the lattice: it reaches "
                  "files or the network",
                  reference),
      fmt::format("start the host with --control-builtin {}, or with --control-providers", name));
}

Result<void> HostControl::may_start_provider(std::string_view reference,
                                             std::string_view link_name) const {
  if (auto name = normal_link_name(link_name); !name) return pass(name);
  if (reference.starts_with(builtin_prefix)) return may_start_builtin(reference);
  if (auto good = permitted(reference, true); !good) return pass(good);
  // Files are permitted by their folder, images by their issuer: a provider is native code, and in
  // process it has all the host's rights.
  const bool file = without_scheme(reference).starts_with('/');
  const auto& options = host_.options();
  if (file || options.lattice.control_providers || !options.allowed_issuers.empty()) return {};
  return fail(
      ErrorCode::denied, "this host starts no providers from registries on command of the lattice",
      "providers are native code: say whose may run (--allowed-issuer), or allow everybody's "
      "(--control-providers)");
}

Result<void> HostControl::may_update_actor(std::string_view key, std::string_view reference) const {
  if (!host_.options().live_updates) {
    return fail(ErrorCode::denied,
                fmt::format("Attempt to update actor {} denied: updates are not enabled", key),
                "start the host with --allow-live-updates");
  }
  if (auto good = permitted(reference, false); !good) return pass(good);
  return {};
}

Result<void> HostControl::may_stop_host() const {
  if (host_.options().on_stop_order) return {};
  return fail(ErrorCode::denied, "this host does not take orders to stop from the lattice");
}

Result<std::string> HostControl::start_actor(const std::string& reference) {
  // Permission is asked for again, for the resolved path that is opened below: since the command
  // was acknowledged a symbolic link may have moved.
  const auto what = permitted(reference, true);
  if (!what) return pass(what);
  ActorOptions options;
  options.source = without_scheme(reference);
  return host_.start_actor_from(*what, std::move(options));
}

Result<void> HostControl::stop_actor(const std::string& key) {
  return host_.stop_actor(key);
}

Result<void> HostControl::update_actor(const std::string& key, const std::string& reference) {
  // `latest` is never fetched for an update (identity.md 5.5).
  const auto what = permitted(reference, false);
  if (!what) return pass(what);
  return host_.update_actor_from(key, *what);
}

Result<void> HostControl::scale_actor(const std::string& key, std::optional<std::uint32_t> minimum,
                                      std::optional<std::uint32_t> maximum) {
  return host_.scale_actor(key, minimum, maximum);
}

Result<std::string> HostControl::start_provider(const std::string& reference,
                                                const std::string& link_name) {
  if (auto may = may_start_provider(reference, link_name); !may) return pass(may);
  if (reference.starts_with(builtin_prefix)) {
    return host_.start_provider(reference, {.link_name = link_name});
  }
  const auto what = permitted(reference, true);
  if (!what) return pass(what);
  return host_.start_provider(*what, {.link_name = link_name});
}

Result<void> HostControl::stop_provider(const std::string& key, const std::string& link_name) {
  return host_.stop_provider(key, {}, link_name);
}

Result<void> HostControl::stop_host() {
  // Program decides how the host stops: this is a thread of the host itself, which could not wait
  // for its own end.
  host_.options().on_stop_order();
  return {};
}

}  // namespace trellis::host
