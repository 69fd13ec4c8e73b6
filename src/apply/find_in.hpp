// Search in a list, for code that compares lists.
#pragma once

#include <algorithm>

namespace trellis::apply {

/// The first that fits, or null.
template <class Items, class Fits>
auto find_in(const Items& items, Fits fits) {
  const auto found = std::ranges::find_if(items, fits);
  return found == items.end() ? nullptr : &*found;
}

}  // namespace trellis::apply
