#include "apply/execute.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

#include "apply/at_once.hpp"

namespace trellis::apply {
namespace {

ItemReport item_of(const Step& step) {
  ItemReport item{.kind = step.kind, .what = step.what, .where = step.where};
  item.key = step.key;
  item.deed = step.deed;
  item.reason = step.reason;
  // Refusals are part of the plan, so that a preview shows them too.
  if (step.action == Action::refuse) {
    item.problem = "a label cannot be taken away from a running host";
    item.remedy = "restart the host";
  }
  return item;
}

class Executor {
 public:
  Executor(Target& target, Managed& managed) : target_(target), managed_(managed) {}

  /// Number of the steps, from the first on, that need nothing of each other: starts of actors.
  /// Providers may need ports, links need both.
  [[nodiscard]] static std::size_t independent(std::span<const Step> steps) {
    const auto end = std::ranges::find_if_not(steps, [](const Step& step) {
      return step.kind == ItemKind::actor && step.action == Action::start;
    });
    return static_cast<std::size_t>(end - steps.begin());
  }

  /// Starts actors, several at one time. Those that were not begun when `cancelled` said so are
  /// left out.
  std::vector<ItemReport> start_all(std::span<const Step> steps,
                                    const std::function<bool()>& cancelled) {
    std::vector<std::optional<Result<std::string>>> keys(steps.size());
    for_each_at_once(steps.size(), target_.starts_at_once(), [&](std::size_t i) {
      // Starts run on several threads, each of which writes its own element; reports are made
      // afterwards on this one, in the manifest's order.
      if (!cancelled || !cancelled()) keys[i] = start(steps[i].actor);
    });
    std::vector<ItemReport> items;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (keys[i]) items.push_back(ended(steps[i], std::move(*keys[i])));
    }
    return items;
  }

  ItemReport run(const Step& step) {
    auto item = item_of(step);
    if (!item.ok()) return item;
    // Nothing is taken away while its successor does not run: a typing mistake in a manifest must
    // not end a service.
    if (step.action == Action::stop && !sound_) {
      item.problem = "is not listed any more, and stays while something new fails to start";
      item.remedy = "mend that and apply the manifest again";
      return item;
    }
    return ended(step, perform(step));
  }

 private:
  ItemReport ended(const Step& step, Result<std::string> key) {
    auto item = item_of(step);
    if (key) {
      item.key = std::move(*key);
      note(step, item.key);
    } else {
      item.problem = key.error().message.empty() ? "failed" : key.error().message;
      item.remedy = key.error().remedy;
      // Links do not count: only something that does not run is a reason to keep what it replaces.
      sound_ = sound_ && step.kind == ItemKind::link;
    }
    return item;
  }

  Result<std::string> perform(const Step& step) {
    switch (step.kind) {
      case ItemKind::label: target_.merge_labels({{step.what, step.label_value}}); return step.key;
      case ItemKind::actor: return actor(step);
      case ItemKind::provider: return provider(step);
      case ItemKind::link: return link(step);
    }
    return step.key;
  }

  /// The key of the step when the work succeeded.
  static Result<std::string> after(Result<void> done, const Step& step) {
    if (!done) return pass(done);
    return step.key;
  }

  Result<std::string> actor(const Step& step) {
    switch (step.action) {
      case Action::start: return start(step.actor);
      case Action::stop: return after(target_.stop_actor(step.key), step);
      case Action::scale: return after(target_.scale_actor(step.key, step.actor.options), step);
      case Action::update:
        // Update fails where live updates are not permitted or the revision is not larger; the user
        // of the host asked for this module, so that a restart does it.
        if (target_.update_actor(step.key, step.actor.source)) return step.key;
        return restart_actor(step);
      case Action::restart: return restart_actor(step);
      default: return step.key;
    }
  }

  Result<std::string> start(const WantedActor& actor) {
    auto options = actor.options;
    options.source = actor.source;
    return target_.start_actor(actor.source, std::move(options));
  }

  /// Restart of an actor: when the new one does not start, the earlier one comes back.
  Result<std::string> restart_actor(const Step& step) {
    if (auto stopped = target_.stop_actor(step.key); !stopped) return pass(stopped);
    auto key = start(step.actor);
    if (!key) static_cast<void>(target_.start_actor(step.source_before, step.options_before));
    return key;
  }

  Result<std::string> provider(const Step& step) {
    const auto& wanted = step.provider;
    const ProviderOptions how{.link_name = wanted.link_name, .mode = wanted.mode};
    switch (step.action) {
      case Action::start: return target_.start_provider(wanted.source, how);
      case Action::stop: return after(target_.stop_provider(step.key, wanted.link_name), step);
      case Action::restart: break;
      default: return step.key;
    }
    if (auto stopped = target_.stop_provider(step.key, wanted.link_name); !stopped) {
      return pass(stopped);
    }
    auto key = target_.start_provider(wanted.source, how);
    if (!key) {
      // Earlier provider comes back; its failure is not told, for the first error is what is to be
      // mended.
      static_cast<void>(target_.start_provider(
          step.source_before, {.link_name = wanted.link_name, .mode = step.mode_before}));
    }
    return key;
  }

  Result<std::string> link(const Step& step) {
    if (step.action == Action::stop) return after(target_.remove_link(step.link), step);
    if (step.action == Action::set) return after(target_.set_link(step.link), step);
    return step.key;
  }

  // Note of what a manifest is responsible for from now on, made only after success: it decides
  // what the next manifest may take away.
  void note(const Step& step, const std::string& key) {
    const bool gone = step.action == Action::stop;
    const ProviderSlot provider{key, step.provider.link_name};
    switch (step.kind) {
      case ItemKind::label: managed_.labels[step.what] = step.label_value; return;
      case ItemKind::actor: return note_in(managed_.actors, key, step, gone);
      case ItemKind::provider: return note_in(managed_.providers, provider, step, gone);
      case ItemKind::link: return note_in(managed_.links, slot_of(step.link), step, gone);
    }
  }

  template <class Map, class Key>
  static void note_in(Map& map, const Key& key, const Step& step, bool gone) {
    if (gone) {
      map.erase(key);
      // Items that ran before any manifest named them stay their starter's.
    } else if (step.ours) {
      map[key] = step.what;
    }
  }

  Target& target_;
  Managed& managed_;
  bool sound_ = true;  ///< all that was to be started runs
};

}  // namespace

ApplyReport execute(Target& target, const std::vector<Step>& steps, Managed& managed,
                    const std::function<bool()>& cancelled) {
  ApplyReport report;
  Executor executor(target, managed);
  std::span<const Step> left = steps;
  while (!left.empty() && !report.cancelled) {
    const auto starts = Executor::independent(left);
    // One group of starts, or one step; the question whether to go on is asked between them.
    const auto now = std::max<std::size_t>(starts, 1);
    if (starts > 0) {
      auto items = executor.start_all(left.first(now), cancelled);
      report.cancelled = items.size() < now;
      std::ranges::move(items, std::back_inserter(report.items));
    } else if (cancelled && cancelled()) {
      report.cancelled = true;
    } else {
      report.items.push_back(executor.run(left.front()));
    }
    left = left.subspan(now);
  }
  return report;
}

ApplyReport preview(const std::vector<Step>& steps) {
  ApplyReport report;
  report.untouched = true;
  for (const auto& step : steps) report.items.push_back(item_of(step));
  return report;
}

}  // namespace trellis::apply
