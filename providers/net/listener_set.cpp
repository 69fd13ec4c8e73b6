#include "providers/net/listener_set.hpp"

#include <algorithm>
#include <utility>

#include "providers/net/endpoints.hpp"

namespace trellis::providers {
namespace {

bool is_wanted(const std::vector<Endpoint>& wanted, const Listener& listener) {
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const auto& address) { return listener.serves(address); });
}

}  // namespace

ListenerSet::ListenerSet(net::io_context& context, const Clock& clock, Log log, std::string label,
                         Listener::Accepted accepted)
    : context_(context),
      clock_(clock),
      log_(std::move(log)),
      label_(std::move(label)),
      accepted_(std::move(accepted)) {}

Result<void> ListenerSet::configure(const std::vector<Endpoint>& wanted) {
  Listeners opened;
  const auto open = [&]() -> Result<void> {
    auto missing = open_missing(wanted);
    if (!missing) return pass(missing);
    opened = std::move(*missing);
    return {};
  };
  const auto close_old = [&] {
    std::vector<ClosedAddress> closed;
    for (const auto& address : drop_unwanted(wanted)) {
      closed.push_back({address, [this, address] { return reopen(address); }});
    }
    return closed;
  };
  if (auto listening = open_or_replace(open, close_old, log_, label_); !listening) {
    return listening;
  }
  drop_unwanted(wanted);
  // Accepting begins only now: until the change is certain nobody gets in by a new address.
  adopt(opened);
  return {};
}

Result<ListenerSet::Listeners> ListenerSet::open_missing(
    const std::vector<Endpoint>& wanted) const {
  Listeners existing;
  {
    const MutexLock lock(mutex_);
    existing = listeners_;
  }
  Listeners opened;
  for (const auto& address : wanted) {
    const auto serves = [&](const auto& each) { return each->serves(address); };
    if (std::any_of(existing.begin(), existing.end(), serves)) continue;
    auto listener = Listener::open(context_, clock_, log_, address, needs_v6_only(wanted, address));
    if (!listener) {
      // All or none: a link with half of its addresses would look as if it worked.
      for (const auto& each : opened) each->close();
      return pass(listener);
    }
    opened.push_back(std::move(*listener));
  }
  return opened;
}

Result<void> ListenerSet::reopen(const Endpoint& address) {
  auto listener = Listener::open(context_, clock_, log_, address, false);
  if (!listener) return pass(listener);
  adopt({*listener});
  return {};
}

/// Closes the listeners that are not `wanted`; returns where they were.
std::vector<Endpoint> ListenerSet::drop_unwanted(const std::vector<Endpoint>& wanted) {
  Listeners gone;
  {
    const MutexLock lock(mutex_);
    // Loop instead of std::stable_partition, which g++ 12 makes allocate through a call that clang
    // calls deprecated.
    Listeners kept;
    for (const auto& each : listeners_) (is_wanted(wanted, *each) ? kept : gone).push_back(each);
    listeners_ = std::move(kept);
  }
  std::vector<Endpoint> addresses;
  for (const auto& listener : gone) {
    listener->close();
    addresses.push_back(listener->bound());
  }
  return addresses;
}

void ListenerSet::adopt(const Listeners& opened) {
  {
    const MutexLock lock(mutex_);
    listeners_.insert(listeners_.end(), opened.begin(), opened.end());
  }
  for (const auto& listener : opened) {
    listener->accept(accepted_);
    log_.info("listening on {} for {}", to_text(listener->bound()), label_);
  }
}

void ListenerSet::close() {
  drop_unwanted({});
}

std::vector<Endpoint> ListenerSet::addresses() const {
  const MutexLock lock(mutex_);
  std::vector<Endpoint> all;
  for (const auto& listener : listeners_) all.push_back(listener->bound());
  return all;
}

}  // namespace trellis::providers
