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

ListenerSet::ListenerSet(net::io_context& context, Log log, std::string label,
                         Listener::Accepted accepted)
    : context_(context),
      log_(std::move(log)),
      label_(std::move(label)),
      accepted_(std::move(accepted)) {}

Result<void> ListenerSet::configure(const std::vector<Endpoint>& wanted) {
  auto opened = open_missing(wanted);
  if (!opened) opened = open_in_place_of_old(wanted, opened.error());
  if (!opened) return pass(opened);
  drop_unwanted(wanted);
  adopt(*opened);
  return {};
}

Result<ListenerSet::Listeners> ListenerSet::open_missing(
    const std::vector<Endpoint>& wanted) const {
  Listeners opened;
  for (const auto& address : wanted) {
    const auto serves = [&](const auto& each) { return each->serves(address); };
    if (std::any_of(listeners_.begin(), listeners_.end(), serves)) continue;
    auto listener = Listener::open(context_, log_, address, needs_v6_only(wanted, address));
    if (!listener) {
      for (const auto& each : opened) each->close();
      return pass(listener);
    }
    opened.push_back(std::move(*listener));
  }
  return opened;
}

/// From 127.0.0.1:23 to 0.0.0.0:23 the old address must go before the new one can be had.
Result<ListenerSet::Listeners> ListenerSet::open_in_place_of_old(
    const std::vector<Endpoint>& wanted, const Error& first) {
  const auto old = drop_unwanted(wanted);
  if (old.empty()) return std::unexpected<Error>(first);
  auto opened = open_missing(wanted);
  if (opened) return opened;
  Listeners restored;
  for (const auto& address : old) {
    auto listener = Listener::open(context_, log_, address, false);
    if (listener) {
      restored.push_back(std::move(*listener));
    } else {
      log_.error("{} is lost for {}: {}", to_text(address), label_, listener.error().message);
    }
  }
  adopt(restored);
  return opened;
}

/// Closes the listeners that are not `wanted`; returns where they were.
std::vector<Endpoint> ListenerSet::drop_unwanted(const std::vector<Endpoint>& wanted) {
  Listeners gone;
  {
    const std::scoped_lock lock(mutex_);
    // Not std::stable_partition: g++ 12's allocates through a call that clang calls deprecated.
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
    const std::scoped_lock lock(mutex_);
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
  const std::scoped_lock lock(mutex_);
  std::vector<Endpoint> all;
  for (const auto& listener : listeners_) all.push_back(listener->bound());
  return all;
}

}  // namespace trellis::providers
