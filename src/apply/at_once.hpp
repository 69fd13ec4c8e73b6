// Items of a manifest that need nothing of each other are worked on at one time.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <system_error>
#include <thread>
#include <vector>

namespace trellis::apply {

/// Calls `work` with each number below `count`, on up to `threads` threads, this one among them;
/// and waits. `work` may be called from several threads at once. Fewer threads than asked for:
/// slower.
inline void for_each_at_once(std::size_t count, std::size_t threads,
                             const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto take = [&] {
    for (auto i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::jthread> helpers;
  try {
    while (helpers.size() + 1 < std::min(count, threads)) helpers.emplace_back(take);
  } catch (const std::system_error&) {
    // No thread to be had: those that are there do it.
  }
  take();
}

}  // namespace trellis::apply
