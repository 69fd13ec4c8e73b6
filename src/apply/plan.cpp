#include "apply/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "apply/find_in.hpp"

namespace trellis::apply {
namespace {

// Comparisons are of what was asked for, not of what resulted: a default that changes with a
// version is no difference.
bool same_limits(const ActorOptions& one, const ActorOptions& two) {
  return one.limits.memory_mb == two.limits.memory_mb &&
         one.limits.call_timeout == two.limits.call_timeout;
}

bool same_instances(const ActorOptions& one, const ActorOptions& two) {
  return one.min_instances == two.min_instances && one.max_instances == two.max_instances;
}

/// Whether scaling can bring one to the other. A number that is not given means the host's default,
/// which only a start can go back to.
bool can_be_scaled(const ActorOptions& from, const ActorOptions& to) {
  return same_limits(from, to) && (to.min_instances || from.min_instances == to.min_instances) &&
         (to.max_instances || from.max_instances == to.max_instances);
}

class Planner {
 public:
  Planner(const Desired& desired, const Actual& actual, const Managed& managed,
          const PlanOptions& options)
      : desired_(desired), actual_(actual), managed_(managed), options_(options) {}

  std::vector<Step> run() {
    // Order: actors before providers costs nothing, links need both; links that are gone free ports
    // for those that come; providers and actors that are gone end last, when nothing is bound to
    // them any more.
    labels();
    for (const auto& wanted : desired_.actors) actor(wanted);
    for (const auto& wanted : desired_.providers) provider(wanted);
    links_gone();
    for (const auto& wanted : desired_.links) link(wanted);
    providers_gone();
    actors_gone();
    return std::move(steps_);
  }

 private:
  Step& add(ItemKind kind, Action action, Deed deed, const Named& named, std::string key = {}) {
    Step step{
        .kind = kind, .action = action, .deed = deed, .what = named.what, .where = named.where};
    step.key = std::move(key);
    return steps_.emplace_back(std::move(step));
  }

  void labels() {
    for (const auto& [name, value] : desired_.labels) {
      const auto now = actual_.inventory.labels.find(name);
      const bool there = now != actual_.inventory.labels.end();
      // Labels of the host itself cannot be set (host.md 11.2).
      if (name.starts_with("hostcore.") || (there && now->second == value)) continue;
      auto& step = add(ItemKind::label, Action::set, there ? Deed::changed : Deed::started,
                       {name, desired_.file});
      step.label_value = value;
      if (there) step.reason = fmt::format("{} -> {}", now->second, value);
    }
    for (const auto& [name, value] : managed_.labels) {
      if (desired_.labels.contains(name)) continue;
      // Hosts have no way to take a label away.
      add(ItemKind::label, Action::refuse, Deed::stopped, {name, desired_.file});
    }
  }

  void actor(const WantedActor& wanted) {
    const auto* now = find_in(actual_.inventory.actors,
                              [&](const auto& one) { return one.identity.key == wanted.key; });
    const bool repeated = !seen_actors_.insert(wanted.key).second;
    const bool ours = managed_.actors.contains(wanted.key);
    // Twice listed is once started; the reader of the manifest has warned of it.
    if (repeated) return;
    if (now == nullptr) {
      add(ItemKind::actor, Action::start, Deed::started, wanted, wanted.key).actor = wanted;
      return;
    }
    auto& step = add(ItemKind::actor, Action::keep, Deed::kept, wanted, wanted.key);
    step.actor = wanted;
    step.source_before = now->source;
    step.options_before = now->options;
    choose(step, *now);
    // Actors that ran already, unchanged, stay the responsibility of whoever started them: a later
    // manifest does not stop them.
    step.ours = ours || step.action != Action::keep;
  }

  static void choose(Step& step, const ActorInfo& now) {
    const auto& wanted = step.actor;
    // Code is compared by hash and claims, since claims are not part of the hash: the same code may
    // have been signed anew.
    const bool other_hash = wanted.hash != now.hash;
    const bool other_code = !wanted.hash.empty() && (other_hash || wanted.identity != now.identity);
    const bool other_limits = !same_limits(wanted.options, now.options);
    const bool other_pool = !same_instances(wanted.options, now.options);
    if (!other_code && !other_limits && !other_pool) return;
    step.deed = Deed::changed;
    if (other_code) {
      const auto before = now.identity.revision;
      const auto after = wanted.identity.revision;
      step.reason = before != after ? fmt::format("revision {} -> {}", before, after)
                    : other_hash    ? fmt::format("another module of revision {}", after)
                                    : "signed anew";
    }
    if (other_limits) step.reason += step.reason.empty() ? "limits" : ", limits";
    if (other_pool) step.reason += step.reason.empty() ? "instances" : ", instances";
    const bool scalable = !other_code && can_be_scaled(now.options, wanted.options);
    const bool code_alone = other_code && !other_limits && !other_pool;
    // Gentlest action that does it all: scaling keeps instances, an update keeps calls, a restart
    // keeps neither.
    step.action = scalable ? Action::scale : code_alone ? Action::update : Action::restart;
  }

  void provider(const WantedProvider& wanted) {
    const auto* now = find_in(actual_.inventory.providers, [&](const auto& one) {
      // Keys are unknown for providers that were not opened; their source must do.
      const bool same = wanted.key.empty() ? one.source == wanted.source : one.key == wanted.key;
      return same && one.link_name == wanted.link_name;
    });
    const auto& name = wanted.key.empty() ? wanted.source : wanted.key;
    // Both names are noted, the one asked for and the key, because providers_gone() knows only
    // keys.
    if (!seen_providers_.insert({name, wanted.link_name}).second) return;
    if (now == nullptr) {
      add(ItemKind::provider, Action::start, Deed::started, wanted, wanted.key).provider = wanted;
      return;
    }
    seen_providers_.insert({now->key, now->link_name});
    auto& step = add(ItemKind::provider, Action::keep, Deed::kept, wanted, now->key);
    step.provider = wanted;
    step.source_before = now->source;
    step.mode_before = now->mode;
    step.ours = managed_.providers.contains({now->key, now->link_name});
    const bool other_mode = now->mode != wanted.mode && !now->of_host;
    // Archives that were changed on disk under the same name are not noticed here: libraries stay
    // mapped until the process ends (contracts.md 4.2).
    if (now->source == wanted.source && !other_mode) return;
    step.action = Action::restart;
    step.deed = Deed::changed;
    step.ours = true;
    step.reason = now->source == wanted.source
                      ? fmt::format("mode {} -> {}", to_string(now->mode), to_string(wanted.mode))
                      : fmt::format("{} -> {}", now->source, wanted.source);
  }

  void link(const WantedLink& wanted) {
    const auto slot = slot_of(wanted.link);
    if (!seen_links_.insert(slot).second) return;
    const auto* now =
        find_in(actual_.links, [&](const auto& one) { return slot_of(one.link) == slot; });
    const bool same = now != nullptr && same_link(now->link, wanted.link);
    const bool ours = managed_.links.contains(slot);
    // Links are always set the first time: a lattice is told of them again (lattice.md 6.1), and
    // they become those of this host's own user.
    const bool keep = same && ours && now->origin == LinkOrigin::local;
    const auto deed = same ? Deed::kept : now != nullptr ? Deed::changed : Deed::started;
    auto& step =
        add(ItemKind::link, keep ? Action::keep : Action::set, deed, wanted, wanted.link.actor);
    step.link = wanted.link;
    if (now != nullptr && !same) step.reason = link_reason(now->link, wanted.link);
  }

  /// Comparison of links, where the host knows a provider by its key; while that is not known here,
  /// by its source.
  [[nodiscard]] bool same_link(const Link& now, Link wanted) const {
    const auto* provider = find_in(actual_.inventory.providers, [&](const auto& one) {
      return one.source == wanted.provider_id && one.link_name == wanted.link_name;
    });
    if (provider != nullptr) wanted.provider_id = provider->key;
    return now == wanted;
  }

  /// Difference of two links as names of values only: some values are secrets.
  static std::string link_reason(const Link& now, const Link& wanted) {
    std::string names;
    const auto differ = [&](const Link& one, const Link& other) {
      for (const auto& [name, value] : one.values) {
        const auto found = other.values.find(name);
        const bool same = found != other.values.end() && found->second == value;
        if (same || names.contains(name)) continue;
        names += (names.empty() ? "" : ", ") + name;
      }
    };
    differ(wanted, now);
    differ(now, wanted);
    return names.empty() ? "provider" : names;
  }

  void links_gone() {
    std::set<LinkSlot> wanted;
    for (const auto& one : desired_.links) wanted.insert(slot_of(one.link));
    for (const auto& info : actual_.links) {
      const auto slot = slot_of(info.link);
      const auto managed = managed_.links.find(slot);
      // Links that no manifest brought came from commands or the lattice, and stay unless pruning
      // was asked for.
      if (wanted.contains(slot) || (managed == managed_.links.end() && !options_.prune)) continue;
      const auto title =
          managed != managed_.links.end()
              ? managed->second
              : fmt::format("{} -> {} ({})", slot.actor, info.link.provider_id, slot.contract_id);
      add(ItemKind::link, Action::stop, Deed::stopped, {title, desired_.file}, slot.actor).link =
          info.link;
    }
  }

  void providers_gone() {
    for (const auto& info : actual_.inventory.providers) {
      const ProviderSlot slot{info.key, info.link_name};
      const auto managed = managed_.providers.find(slot);
      const bool listed = seen_providers_.contains(slot);
      if (listed || info.of_host || (managed == managed_.providers.end() && !options_.prune)) {
        continue;
      }
      auto& step =
          add(ItemKind::provider, Action::stop, Deed::stopped,
              {managed == managed_.providers.end() ? info.source : managed->second, desired_.file},
              info.key);
      step.provider.link_name = info.link_name;
    }
  }

  void actors_gone() {
    for (const auto& info : actual_.inventory.actors) {
      const auto& key = info.identity.key;
      const auto managed = managed_.actors.find(key);
      const bool listed = seen_actors_.contains(key);
      if (listed || (managed == managed_.actors.end() && !options_.prune)) continue;
      add(ItemKind::actor, Action::stop, Deed::stopped,
          {managed == managed_.actors.end() ? info.source : managed->second, desired_.file}, key);
    }
  }

  const Desired& desired_;
  const Actual& actual_;
  const Managed& managed_;
  const PlanOptions options_;
  std::vector<Step> steps_;
  std::set<std::string> seen_actors_;
  std::set<ProviderSlot> seen_providers_;
  std::set<LinkSlot> seen_links_;
};

}  // namespace

std::vector<Step> plan(const Desired& desired, const Actual& actual, const Managed& managed,
                       const PlanOptions& options) {
  return Planner(desired, actual, managed, options).run();
}

}  // namespace trellis::apply
