// The difference between what a host is and what it shall be, as steps.
#pragma once

#include <string>
#include <vector>

#include "apply/report.hpp"
#include "apply/state.hpp"

namespace trellis::apply {

enum class Action {
  keep,     ///< nothing to do
  set,      ///< of labels and links: define or change
  start,    ///< of actors and providers
  scale,    ///< of actors: another number of instances, while it runs
  update,   ///< of actors: another module, while it runs if the host permits that
  restart,  ///< stop and start: what is asked for cannot be changed while it runs
  stop,     ///< of actors, providers, links: it is not asked for any more
  refuse    ///< cannot be done to a running host
};

/// One thing to do, with everything that is needed for it. Plain data.
struct Step {
  ItemKind kind = ItemKind::actor;
  Action action = Action::keep;
  /// How it shows: a link that is defined again, unchanged, is kept.
  Deed deed = Deed::kept;
  std::string what;
  std::string where;
  std::string key = {};     ///< of actors, providers, and a link's actor
  std::string reason = {};  ///< of changes: what differs
  bool ours = true;         ///< a manifest is responsible for it from now on
  WantedActor actor = {};
  WantedProvider provider = {};
  Link link = {};
  std::string label_value = {};
  std::string source_before = {};    ///< of updates and restarts, to go back to
  ActorOptions options_before = {};  ///< as well
  ProviderMode mode_before = ProviderMode::automatic;
};

struct PlanOptions {
  /// Stop and unlink everything that is not listed, also what no manifest brought.
  bool prune = false;
};

/// Steps from one state to the other, in the order they are to be done: labels, actors, providers,
/// links that are gone (others may want their ports), links, then what is not asked for any more.
/// Providers of every host and items that others brought into it stay. Pure; any thread.
[[nodiscard]] std::vector<Step> plan(const Desired& desired, const Actual& actual,
                                     const Managed& managed, const PlanOptions& options = {});

}  // namespace trellis::apply
