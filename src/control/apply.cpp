#include "control/apply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include "base/files.hpp"
#include "base/call_limits.hpp"
#include "identity/keys.hpp"
#include "identity/module_token.hpp"
#include "package/reference.hpp"

namespace trellis::control {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view builtin_prefix = "builtin:";

/// One application: what was started under which reference, for the links that come later.
class Application {
 public:
  Application(ApplyTarget& target, const manifest::Manifest& manifest, const ApplyOptions& options)
      : target_(target), manifest_(manifest), options_(options) {}

  ApplyReport run() {
    target_.merge_labels({manifest_.labels.begin(), manifest_.labels.end()});
    each(manifest_.actors, [this](const auto& actor) { start_actor(actor); });
    each(manifest_.capabilities, [this](const auto& one) { start_provider(one); });
    each(manifest_.links, [this](const auto& link) { set_link(link); });
    return std::move(report_);
  }

 private:
  template <class Items, class Work>
  void each(const Items& items, Work work) {
    for (const auto& item : items) {
      report_.cancelled = report_.cancelled || (options_.cancelled && options_.cancelled());
      if (report_.cancelled) return;
      work(item);
    }
  }

  ItemReport& new_item(ItemKind kind, std::string what, int line) {
    return report_.items.emplace_back(ItemReport{
        kind, std::move(what), fmt::format("{}:{}", manifest_.file, line), {}, false, {}, {}});
  }

  static void set_problem(ItemReport& item, const Error& error) {
    item.problem = error.message.empty() ? "failed" : error.message;
    item.remedy = error.remedy;
  }

  /// The file a reference means, as one spelling for all ways to name it.
  [[nodiscard]] std::optional<fs::path> find_file(const std::string& reference) const {
    for (const auto& folder : options_.folders) {
      std::error_code problem;
      const auto path = folder / reference;  // an absolute reference replaces the folder
      if (fs::exists(path, problem)) return fs::weakly_canonical(path, problem);
    }
    return std::nullopt;
  }

  [[nodiscard]] std::unexpected<Error> no_file(const std::string& reference,
                                               std::string_view remedy) const {
    std::string looked;
    for (const auto& folder : options_.folders) {
      looked += fmt::format("{}{}", looked.empty() ? "" : " and ", folder.string());
    }
    return fail(ErrorCode::not_found,
                fmt::format("'{}': no such file (looked in {}), and no image in a registry",
                            reference, looked),
                std::string(remedy));
  }

  /// The whole path of a file, which wins, or the reference of an image as it is.
  [[nodiscard]] Result<std::string> find_source(const std::string& reference,
                                                std::string_view remedy) const {
    if (const auto path = find_file(reference)) return path->string();
    if (package::parse_reference(reference)) return reference;
    return no_file(reference, remedy);
  }

  void start_actor(const manifest::Actor& actor) {
    auto& item = new_item(ItemKind::actor, actor.ref, actor.line);
    const auto source = find_source(actor.ref,
                                    "name the file of a signed module (`trellis claims "
                                    "sign` makes one), or an image");
    if (!source) return set_problem(item, source.error());
    const auto key = target_.start_actor(*source, options_of(actor, *source));
    if (key) {
      item.key = *key;
    } else if (auto running = running_actor(*source, key.error()); running) {
      item.key = std::move(*running);
      item.was_running = true;
    } else {
      return set_problem(item, key.error());
    }
    actors_[*source] = item.key;
  }

  static ActorOptions options_of(const manifest::Actor& actor, const std::string& source) {
    ActorOptions options;
    options.source = source;
    options.limits.memory_mb = actor.memory_mb;
    options.limits.call_timeout = actor.call_timeout;
    if (actor.instances) {
      const auto& instances = *actor.instances;
      if (instances.min) options.min_instances = *instances.min;
      if (instances.max) options.max_instances = *instances.max;
      if (instances.serial) options.max_instances = 1;
    }
    return options;
  }

  /// The key of the actor in a file when a start failed only because it runs in that revision; of
  /// an image, when it runs from that very reference.
  [[nodiscard]] std::optional<std::string> running_actor(const std::string& source,
                                                         const Error& error) const {
    if (error.code != ErrorCode::already_exists) return std::nullopt;
    const auto inventory = target_.inventory();
    if (!inventory) return std::nullopt;
    for (const auto& actor : inventory->actors) {
      if (actor.source == source && !source.starts_with('/')) return actor.identity.key;
    }
    const auto module = read_file(source, limits::module_bytes);
    if (!module) return std::nullopt;
    const auto token = identity::extract_claims(as_bytes(*module));
    if (!token || !*token) return std::nullopt;
    const auto& claims = (*token)->decoded.claims;
    const bool same = std::any_of(inventory->actors.begin(), inventory->actors.end(),
                                  [&](const ActorInfo& running) {
                                    return running.identity.key == claims.sub &&
                                           running.identity.revision == claims.rev.value_or(0);
                                  });
    return same ? std::optional(claims.sub) : std::nullopt;
  }

  void start_provider(const manifest::Capability& capability) {
    auto& item = new_item(ItemKind::provider, capability.image_ref, capability.line);
    const auto reference = provider_reference(capability.image_ref);
    if (!reference) return set_problem(item, reference.error());
    const auto key = target_.start_provider(*reference, options_of(capability));
    if (key) {
      item.key = *key;
    } else if (auto running = running_provider(*reference, capability.link_name, key.error())) {
      item.key = std::move(*running);
      item.was_running = true;
    } else {
      return set_problem(item, key.error());
    }
  }

  static ProviderOptions options_of(const manifest::Capability& capability) {
    return {.link_name = capability.link_name,
            .mode = provider_mode_of(capability.mode).value_or(ProviderMode::automatic)};
  }

  [[nodiscard]] Result<std::string> provider_reference(const std::string& reference) const {
    if (reference.starts_with(builtin_prefix)) return reference;
    return find_source(
        reference,
        "name a built-in provider (builtin:httpserver; docs/providers.md lists all), "
        "or a provider's library, archive or image");
  }

  [[nodiscard]] std::optional<std::string> running_provider(const std::string& reference,
                                                            const std::string& link_name,
                                                            const Error& error) const {
    if (error.code != ErrorCode::already_exists) return std::nullopt;
    const auto inventory = target_.inventory();
    if (!inventory) return std::nullopt;
    for (const auto& provider : inventory->providers) {
      if (provider.source == reference && provider.link_name == link_name) return provider.key;
    }
    return std::nullopt;
  }

  void set_link(const manifest::Link& link) {
    auto& item = new_item(
        ItemKind::link,
        fmt::format("{} -> {} ({})", link.actor, link.provider_id, link.contract_id), link.line);
    const auto actor = actor_of(link.actor);
    if (!actor) return set_problem(item, actor.error());
    const auto provider = provider_of(link.provider_id);
    if (!provider) return set_problem(item, provider.error());
    item.key = *actor;
    const auto set =
        target_.set_link({*actor, link.contract_id, link.link_name, *provider, link.values});
    if (!set) set_problem(item, set.error());
  }

  [[nodiscard]] Result<std::string> actor_of(const std::string& wanted) const {
    if (identity::PublicKey::parse(wanted)) return wanted;
    const auto source =
        find_source(wanted, "name a file that is listed under `actors:`, or a key (M…)");
    if (!source) return std::unexpected(source.error());
    if (const auto found = actors_.find(*source); found != actors_.end()) {
      return found->second;
    }
    return fail(ErrorCode::not_found, fmt::format("no actor was started from '{}'", wanted),
                "list the file under `actors:`; if it is, see why its start failed");
  }

  [[nodiscard]] Result<std::string> provider_of(const std::string& wanted) const {
    if (identity::PublicKey::parse(wanted)) return wanted;
    return provider_reference(wanted);
  }

  ApplyTarget& target_;
  const manifest::Manifest& manifest_;
  const ApplyOptions& options_;
  std::map<std::string, std::string> actors_;  // canonical path -> key
  ApplyReport report_;
};

}  // namespace

std::string_view to_string(ItemKind kind) noexcept {
  switch (kind) {
    case ItemKind::actor: return "actor";
    case ItemKind::provider: return "provider";
    case ItemKind::link: return "link";
  }
  return "item";
}

std::size_t ApplyReport::failures() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(items.begin(), items.end(), [](const auto& item) { return !item.ok(); }));
}

std::size_t ApplyReport::started() const noexcept {
  return static_cast<std::size_t>(std::count_if(items.begin(), items.end(), [](const auto& item) {
    return item.ok() && item.kind != ItemKind::link;
  }));
}

ApplyReport apply(ApplyTarget& target, const manifest::Manifest& manifest,
                  const ApplyOptions& options) {
  return Application(target, manifest, options).run();
}

}  // namespace trellis::control
