#include "control/apply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "base/call_limits.hpp"
#include "base/files.hpp"
#include "control/references.hpp"
#include "identity/keys.hpp"
#include "identity/module_token.hpp"

namespace trellis::control {
namespace {

ActorOptions options_of(const manifest::Actor& actor, const std::string& source) {
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

ProviderOptions options_of(const std::string& link_name, const std::string& mode) {
  return {.link_name = link_name, .mode = provider_mode_of(mode).value_or(ProviderMode::automatic)};
}

bool same_wish(const manifest::Actor& one, const manifest::Actor& two) {
  const auto plain = [](const manifest::Actor& actor) {
    const auto instances = actor.instances.value_or(manifest::Instances{});
    return std::tuple(instances.min, instances.max, instances.serial, actor.memory_mb,
                      actor.call_timeout);
  };
  return plain(one) == plain(two);
}

bool same_slot(const Link& one, const Link& two) {
  return one.actor == two.actor && one.contract_id == two.contract_id &&
         one.link_name == two.link_name;
}

template <class Items, class Fits>
auto find_in(Items& items, Fits fits) {
  const auto found = std::ranges::find_if(items, fits);
  return found == items.end() ? nullptr : &*found;
}

/// The key of the actor in a file when a start failed only because it runs in that revision; of an
/// image, when it runs from that very reference.
std::optional<std::string> running_actor(const Inventory& inventory, const std::string& source) {
  if (!source.starts_with('/')) {
    const auto* found = find_in(inventory.actors, [&](auto& one) { return one.source == source; });
    return found == nullptr ? std::nullopt : std::optional(found->identity.key);
  }
  const auto module = read_file(source, limits::module_bytes);
  if (!module) return std::nullopt;
  const auto token = identity::extract_claims(as_bytes(*module));
  if (!token || !*token) return std::nullopt;
  const auto& claims = (*token)->decoded.claims;
  const bool same = std::ranges::any_of(inventory.actors, [&](const ActorInfo& running) {
    return running.identity.key == claims.sub &&
           running.identity.revision == claims.rev.value_or(0);
  });
  return same ? std::optional(claims.sub) : std::nullopt;
}

/// One application: what was started under which reference, for the links that come later.
class Application {
 public:
  Application(ApplyTarget& target, const manifest::Manifest& manifest, const ApplyOptions& options,
              const Applied& before)
      : target_(target),
        manifest_(manifest),
        options_(options),
        before_(before),
        references_(options.folders) {}

  ApplyReport run() {
    merge_labels();
    each(manifest_.actors, [this](const auto& actor) { start_actor(actor); });
    each(manifest_.capabilities, [this](const auto& one) { start_provider(one); });
    // Links that are gone go first: others may want their ports.
    sound_ = all_started();
    std::vector<Link> wanted;
    for (const auto& link : manifest_.links) {
      if (auto made = link_of(link)) wanted.push_back(std::move(*made));
    }
    each(before_.links, [&](const auto& item) { retire_link(item, wanted); });
    each(manifest_.links, [this](const auto& link) { set_link(link); });
    each(before_.providers, [this](const auto& provider) { retire_provider(provider); });
    each(before_.actors, [this](const auto& actor) { retire_actor(actor); });
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

  ItemReport& new_item(ItemKind kind, std::string what, const manifest::Position& at) {
    return report_.items.emplace_back(
        ItemReport{.kind = kind,
                   .what = std::move(what),
                   .where = fmt::format("{}:{}:{}", manifest_.file, at.line, at.column),
                   .key = {},
                   .problem = {},
                   .remedy = {}});
  }

  /// Of something the manifest does not list any more.
  ItemReport& gone_item(ItemKind kind, const std::string& what, const std::string& key) {
    return report_.items.emplace_back(ItemReport{.kind = kind,
                                                 .what = what,
                                                 .where = manifest_.file,
                                                 .key = key,
                                                 .deed = Deed::stopped,
                                                 .problem = {},
                                                 .remedy = {}});
  }

  static void set_problem(ItemReport& item, const Error& error) {
    item.problem = error.message.empty() ? "failed" : error.message;
    item.remedy = error.remedy;
  }

  [[nodiscard]] bool all_started() const {
    return !report_.cancelled && std::ranges::all_of(report_.items, [](const auto& item) {
      return item.ok() || item.kind == ItemKind::label;
    });
  }

  void merge_labels() {
    report_.applied.labels = {manifest_.labels.begin(), manifest_.labels.end()};
    target_.merge_labels(report_.applied.labels);
    for (const auto& [name, value] : before_.labels) {
      if (report_.applied.labels.contains(name)) continue;
      set_problem(gone_item(ItemKind::label, name, {}),
                  {ErrorCode::unsupported, "a label cannot be taken away from a running host",
                   "restart the host"});
      report_.applied.labels.emplace(name, value);
    }
  }

  void start_actor(const manifest::Actor& actor) {
    auto& item = new_item(ItemKind::actor, actor.ref, actor.at);
    const auto source = references_.actor(actor.ref);
    const auto* old = find_in(before_.actors, [&](const auto& one) {
      return source ? one.source == *source : one.what == actor.ref;
    });
    auto key = source ? start_actor(actor, *source, old, item)
                      : Result<std::string>(std::unexpected(source.error()));
    if (!key) set_problem(item, key.error());
    // What failed now but ran before runs on, under the key that links know.
    if (!key && old == nullptr) return;
    item.key = key ? *key : old->key;
    auto made = key ? Applied::Actor{actor.ref, *source, *key, actor, is_ours(item, old)} : *old;
    report_.applied.actors.push_back(std::move(made));
  }

  Result<std::string> start_actor(const manifest::Actor& actor, const std::string& source,
                                  const Applied::Actor* old, ItemReport& item) {
    const auto options = options_of(actor, source);
    if (old != nullptr && same_wish(old->wish, actor) && runs_from_image(*old)) {
      item.deed = Deed::kept;
      return old->key;
    }
    if (old != nullptr && !same_wish(old->wish, actor)) {
      item.deed = Deed::changed;
      if (auto stopped = target_.stop_actor(old->key); !stopped) return pass(stopped);
    }
    auto key = target_.start_actor(source, options);
    if (key || key.error().code != ErrorCode::already_exists) return key;
    const auto inventory = target_.inventory();
    if (!inventory) return std::unexpected(inventory.error());
    if (auto running = running_actor(*inventory, source)) {
      item.deed = Deed::kept;
      return std::move(*running);
    }
    // The message names the key that is taken: an earlier version of the same actor?
    const auto& message = key.error().message;
    const auto* earlier =
        find_in(before_.actors, [&](auto& one) { return message.contains(one.key); });
    if (earlier == nullptr) return key;
    item.deed = Deed::changed;
    return replace_actor(*earlier, actor, source);
  }

  /// An image is not asked for again: its registry may be out of reach, and its tag means the same.
  [[nodiscard]] bool runs_from_image(const Applied::Actor& old) const {
    const auto inventory = target_.inventory();
    return inventory && !old.source.starts_with('/') &&
           find_in(inventory->actors, [&](const auto& one) {
             return one.identity.key == old.key && one.source == old.source;
           }) != nullptr;
  }

  /// By a live update where the host permits it, else by a stop and a start; when that start fails
  /// the earlier version comes back.
  Result<std::string> replace_actor(const Applied::Actor& earlier, const manifest::Actor& wish,
                                    const std::string& source) {
    if (same_wish(earlier.wish, wish) && target_.update_actor(earlier.key, source)) {
      return earlier.key;
    }
    if (auto stopped = target_.stop_actor(earlier.key); !stopped) return pass(stopped);
    auto key = target_.start_actor(source, options_of(wish, source));
    if (!key && earlier.source != source) {
      static_cast<void>(
          target_.start_actor(earlier.source, options_of(earlier.wish, earlier.source)));
    }
    return key;
  }

  void start_provider(const manifest::Capability& wish) {
    auto& item = new_item(ItemKind::provider, wish.image_ref, wish.at);
    const auto source = references_.provider(wish.image_ref);
    const auto* old = find_in(before_.providers, [&](const auto& one) {
      return one.link_name == wish.link_name &&
             (source ? one.source == *source : one.what == wish.image_ref);
    });
    auto key = source ? start_provider(wish, *source, old, item)
                      : Result<std::string>(std::unexpected(source.error()));
    if (!key) set_problem(item, key.error());
    if (!key && old == nullptr) return;
    item.key = key ? *key : old->key;
    auto made = key ? Applied::Provider{wish.image_ref, *source,   *key,
                                        wish.link_name, wish.mode, is_ours(item, old)}
                    : *old;
    report_.applied.providers.push_back(std::move(made));
  }

  Result<std::string> start_provider(const manifest::Capability& wish, const std::string& source,
                                     const Applied::Provider* old, ItemReport& item) {
    const auto options = options_of(wish.link_name, wish.mode);
    if (old != nullptr && old->mode == wish.mode && runs(*old)) {
      item.deed = Deed::kept;
      return old->key;
    }
    if (old != nullptr && old->mode != wish.mode) {
      item.deed = Deed::changed;
      if (auto stopped = target_.stop_provider(old->key, old->link_name); !stopped) {
        return pass(stopped);
      }
    }
    auto key = target_.start_provider(source, options);
    if (key || key.error().code != ErrorCode::already_exists) return key;
    const auto inventory = target_.inventory();
    if (!inventory) return std::unexpected(inventory.error());
    const auto* running = find_in(inventory->providers, [&](const auto& one) {
      return one.source == source && one.link_name == wish.link_name;
    });
    if (running != nullptr) {
      item.deed = Deed::kept;
      return running->key;
    }
    const auto& message = key.error().message;
    const auto* earlier = find_in(before_.providers, [&](const auto& one) {
      return one.link_name == wish.link_name && message.contains(one.key);
    });
    if (earlier == nullptr) return key;
    item.deed = Deed::changed;
    return replace_provider(*earlier, source, options);
  }

  [[nodiscard]] bool runs(const Applied::Provider& old) const {
    const auto inventory = target_.inventory();
    return inventory && find_in(inventory->providers, [&](const auto& one) {
                          return one.key == old.key && one.link_name == old.link_name;
                        }) != nullptr;
  }

  Result<std::string> replace_provider(const Applied::Provider& earlier, const std::string& source,
                                       const ProviderOptions& options) {
    if (auto stopped = target_.stop_provider(earlier.key, earlier.link_name); !stopped) {
      return pass(stopped);
    }
    auto key = target_.start_provider(source, options);
    if (!key) {
      static_cast<void>(
          target_.start_provider(earlier.source, options_of(earlier.link_name, earlier.mode)));
    }
    return key;
  }

  /// What ran before any manifest listed it stays when none lists it any more.
  template <class Old>
  static bool is_ours(const ItemReport& item, const Old* old) {
    if (item.deed != Deed::kept) return true;
    return old != nullptr && old->ours;
  }

  static std::string title(const manifest::Link& link) {
    return fmt::format("{} -> {} ({})", link.actor, link.provider_id, link.contract_id);
  }

  [[nodiscard]] Result<Link> link_of(const manifest::Link& link) const {
    auto actor = actor_of(link.actor);
    if (!actor) return pass(actor);
    auto provider = provider_of(link.provider_id);
    if (!provider) return pass(provider);
    return Link{std::move(*actor), link.contract_id, link.link_name, std::move(*provider),
                link.values};
  }

  void set_link(const manifest::Link& wish) {
    auto& item = new_item(ItemKind::link, title(wish), wish.at);
    auto link = link_of(wish);
    if (!link) return set_problem(item, link.error());
    item.key = link->actor;
    const auto fits = [&](const auto& one) { return same_slot(one.link, *link); };
    report_.applied.links.push_back({title(wish), *link});
    // The first time a link is always set: a lattice is told of it again (lattice.md 6.1).
    if (find_in(before_.links, fits) != nullptr) {
      const auto present = target_.links();
      const auto* now = find_in(present, fits);
      if (now != nullptr) item.deed = is_same(now->link, *link) ? Deed::kept : Deed::changed;
      if (item.deed == Deed::kept) return;
    }
    if (auto set = target_.set_link(std::move(*link)); !set) set_problem(item, set.error());
  }

  /// The host knows a provider by its key, the manifest by its reference.
  [[nodiscard]] bool is_same(const Link& present, Link wish) const {
    const auto* provider = find_in(report_.applied.providers,
                                   [&](const auto& one) { return one.source == wish.provider_id; });
    if (provider != nullptr) wish.provider_id = provider->key;
    return present == wish;
  }

  [[nodiscard]] Result<std::string> actor_of(const std::string& wanted) const {
    if (identity::PublicKey::parse(wanted)) return wanted;
    const auto source = references_.actor(wanted);
    const auto* found = find_in(report_.applied.actors, [&](const auto& one) {
      return source ? one.source == *source : one.what == wanted;
    });
    if (found != nullptr) return found->key;
    if (!source) {
      return fail(source.error().code, source.error().message,
                  "name a file that is listed under `actors:`, or a key (M…)");
    }
    return fail(ErrorCode::not_found, fmt::format("no actor was started from '{}'", wanted),
                "list the file under `actors:`; if it is, see why its start failed");
  }

  [[nodiscard]] Result<std::string> provider_of(const std::string& wanted) const {
    if (wanted.empty()) {
      return fail(ErrorCode::invalid_argument, "the link names no provider", "add `provider: …`");
    }
    if (identity::PublicKey::parse(wanted)) return wanted;
    return references_.provider(wanted);
  }

  void retire_link(const Applied::LinkItem& old, const std::vector<Link>& wanted) {
    if (find_in(wanted, [&](auto& one) { return same_slot(one, old.link); }) != nullptr) return;
    auto& item = gone_item(ItemKind::link, old.what, old.link.actor);
    if (!retire(item, [&] { return target_.remove_link(old.link); })) {
      report_.applied.links.push_back(old);
    }
  }

  void retire_provider(const Applied::Provider& old) {
    const auto* still = find_in(report_.applied.providers, [&](const auto& one) {
      return one.key == old.key && one.link_name == old.link_name;
    });
    if (still != nullptr || !old.ours) return;
    auto& item = gone_item(ItemKind::provider, old.what, old.key);
    if (!retire(item, [&] { return target_.stop_provider(old.key, old.link_name); })) {
      report_.applied.providers.push_back(old);
    }
  }

  void retire_actor(const Applied::Actor& old) {
    const auto* still =
        find_in(report_.applied.actors, [&](const auto& one) { return one.key == old.key; });
    if (still != nullptr || !old.ours) return;
    auto& item = gone_item(ItemKind::actor, old.what, old.key);
    if (!retire(item, [&] { return target_.stop_actor(old.key); })) {
      report_.applied.actors.push_back(old);
    }
  }

  /// True when it is gone; else it is remembered, for the next version to try again.
  template <class Work>
  bool retire(ItemReport& item, Work work) {
    if (!sound_) {
      set_problem(item, {ErrorCode::unavailable,
                         "is not listed any more, and stays while something new fails to start",
                         "mend that and reload again"});
      return false;
    }
    if (auto done = work(); !done) {
      set_problem(item, done.error());
      return false;
    }
    return true;
  }

  ApplyTarget& target_;
  const manifest::Manifest& manifest_;
  const ApplyOptions& options_;
  const Applied& before_;
  const References references_;
  bool sound_ = true;  // whether all that was to be started runs
  ApplyReport report_;
};

}  // namespace

std::string_view to_string(ItemKind kind) noexcept {
  switch (kind) {
    case ItemKind::actor: return "actor";
    case ItemKind::provider: return "provider";
    case ItemKind::link: return "link";
    case ItemKind::label: return "label";
  }
  return "item";
}

std::string_view to_string(Deed deed) noexcept {
  switch (deed) {
    case Deed::started: return "started";
    case Deed::kept: return "kept";
    case Deed::changed: return "changed";
    case Deed::stopped: return "stopped";
  }
  return "done";
}

std::size_t ApplyReport::failures() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(items.begin(), items.end(), [](const auto& item) { return !item.ok(); }));
}

std::size_t ApplyReport::started() const noexcept {
  return static_cast<std::size_t>(std::count_if(items.begin(), items.end(), [](const auto& item) {
    const bool runs = item.kind == ItemKind::actor || item.kind == ItemKind::provider;
    return item.ok() && runs && item.deed != Deed::stopped;
  }));
}

ApplyReport apply(ApplyTarget& target, const manifest::Manifest& manifest,
                  const ApplyOptions& options, const Applied& before) {
  return Application(target, manifest, options, before).run();
}

}  // namespace trellis::control
