// Links of a provider instance: which actors are linked, and what the provider keeps for each.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>

namespace trellis::sdk {

/// Names and values of a link.
using StringMap = std::map<std::string, std::string, std::less<>>;

/// Any thread. A link that was found stays alive while it is held, also when it is removed
/// meanwhile.
template <class Link>
class LinkTable {
 public:
  struct Entry {
    StringMap values;
    std::shared_ptr<Link> link;
  };

  /// Null for an actor that is not linked.
  [[nodiscard]] std::shared_ptr<Link> find(std::string_view actor) const {
    const std::shared_lock<std::shared_mutex> lock(mutex_);
    const auto found = entries_.find(actor);
    return found == entries_.end() ? nullptr : found->second.link;
  }
  [[nodiscard]] bool has(std::string_view actor, const StringMap& values) const {
    const std::shared_lock<std::shared_mutex> lock(mutex_);
    const auto found = entries_.find(actor);
    return found != entries_.end() && found->second.values == values;
  }
  void put(std::string_view actor, Entry entry) {
    const std::unique_lock<std::shared_mutex> lock(mutex_);
    entries_.insert_or_assign(std::string(actor), std::move(entry));
  }
  /// The link that was there, or null.
  std::shared_ptr<Link> remove(std::string_view actor) {
    const std::unique_lock<std::shared_mutex> lock(mutex_);
    const auto found = entries_.find(actor);
    if (found == entries_.end()) return nullptr;
    auto link = std::move(found->second.link);
    entries_.erase(found);
    return link;
  }

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;  // under mutex_
};

}  // namespace trellis::sdk
