#include "lattice/cache/cache_event.hpp"

#include <utility>

namespace trellis::lattice {
namespace {

/// Referred to by item() of changes that have none.
const std::string none;

/// Alternative is chosen by index, since several have the same type.
template <CacheChange kind, class... Parts>
CacheEvent make(Parts&&... parts) {
  CacheEvent event;
  event.value.emplace<static_cast<std::size_t>(kind)>(std::forward<Parts>(parts)...);
  return event;
}

}  // namespace

const std::string& CacheEvent::key() const noexcept {
  return std::visit(
      [](const auto& what) -> const std::string& {
        if constexpr (std::same_as<std::decay_t<decltype(what)>, std::string>) {
          return what;  // NOLINT(bugprone-return-const-ref-from-parameter): part of *this
        } else {
          return std::get<0>(what);
        }
      },
      value);
}

const std::string& CacheEvent::item() const noexcept {
  return std::visit(
      [](const auto& what) -> const std::string& {
        if constexpr (std::same_as<std::decay_t<decltype(what)>, Pair>) {
          return std::get<1>(what);
        } else {
          return none;
        }
      },
      value);
}

CacheEvent CacheEvent::add(std::string key, std::int32_t by) {
  return make<CacheChange::atomic_add>(std::move(key), by);
}
CacheEvent CacheEvent::remove(std::string key) {
  return make<CacheChange::key_delete>(std::move(key));
}
CacheEvent CacheEvent::set(std::string key, std::string value) {
  return make<CacheChange::scalar_set>(std::move(key), std::move(value));
}
CacheEvent CacheEvent::push(std::string key, std::string value) {
  return make<CacheChange::list_push>(std::move(key), std::move(value));
}
CacheEvent CacheEvent::list_remove(std::string key, std::string value) {
  return make<CacheChange::list_remove_item>(std::move(key), std::move(value));
}
CacheEvent CacheEvent::set_add(std::string key, std::string value) {
  return make<CacheChange::set_add>(std::move(key), std::move(value));
}
CacheEvent CacheEvent::set_remove(std::string key, std::string value) {
  return make<CacheChange::set_remove_item>(std::move(key), std::move(value));
}

}  // namespace trellis::lattice
