#include "apply/report.hpp"

#include <algorithm>

namespace trellis::apply {

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
    case Deed::skipped: return "skipped";
  }
  return "done";
}

std::size_t ApplyReport::failures() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(items, [](const auto& item) { return !item.ok(); }));
}

std::size_t ApplyReport::started() const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(items, [](const auto& item) {
    const bool runs = item.kind == ItemKind::actor || item.kind == ItemKind::provider;
    const bool gone = item.deed == Deed::stopped || item.deed == Deed::skipped;
    return item.ok() && runs && !gone;
  }));
}

}  // namespace trellis::apply
