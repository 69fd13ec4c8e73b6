#include "actor/wait_graph.hpp"

#include <algorithm>
#include <unordered_set>

namespace trellis::actor {

bool WaitGraph::enter(Wait& wait) {
  const MutexLock lock(mutex_);
  if (closes_loop(wait)) return false;
  waits_.emplace(wait.chain, &wait);
  return true;
}

void WaitGraph::leave(Wait& wait) {
  const MutexLock lock(mutex_);
  const auto [first, last] = waits_.equal_range(wait.chain);
  const auto found = std::find_if(first, last, [&](const auto& e) { return e.second == &wait; });
  if (found != last) waits_.erase(found);
}

// The wait is hopeless when no chain that holds a place can ever go on. Going through the graph
// from `wait`: as soon as one holder is not waiting, it can finish and give its place back.
bool WaitGraph::closes_loop(const Wait& wait) const {
  std::unordered_set<std::uint64_t> seen{wait.chain};
  std::vector<const Wait*> open{&wait};
  while (!open.empty()) {
    const Wait& current = *open.back();
    open.pop_back();
    bool someone_runs = false;
    bool someone_holds = false;
    current.resource->for_each_holder(current.nested, [&](std::uint64_t holder) REQUIRES(mutex_) {
      someone_holds = true;
      // Chains that were followed already add nothing new.
      if (!seen.insert(holder).second) return;
      // Waits that were granted are over, even if their threads have not left yet.
      const auto [first, last] = waits_.equal_range(holder);
      const auto waiting = std::find_if(first, last, [](const auto& e) {
        return !e.second->granted.load(std::memory_order_acquire);
      });
      if (waiting == last) {
        someone_runs = true;
      } else {
        open.push_back(waiting->second);
      }
    });
    // Place that nobody holds can be had, so that the wait ends.
    if (someone_runs || !someone_holds) return false;
  }
  return true;
}

}  // namespace trellis::actor
