// Reports: what became of each item of a manifest.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace trellis::apply {

enum class ItemKind { actor, provider, link, label };
[[nodiscard]] std::string_view to_string(ItemKind kind) noexcept;

/// Deed that was done about an item, or would be; meaningless for one with a problem.
enum class Deed {
  started,  ///< it runs now; of a link or label: it is defined now
  kept,     ///< it ran before and is just as good
  changed,  ///< another version or other settings took its place
  stopped,  ///< nobody asks for it any more
  skipped   ///< it needs another item, which has a problem of its own
};
[[nodiscard]] std::string_view to_string(Deed deed) noexcept;

/// Report on one item of the manifest, or on one it does not list any more.
struct ItemReport {
  ItemKind kind = ItemKind::actor;
  std::string what;      ///< the reference, or "actor -> provider (contract)"
  std::string where;     ///< "demo.yaml:12:5"; of what is not listed any more "demo.yaml"
  std::string key = {};  ///< public key; of a link, its actor's
  Deed deed = Deed::started;
  std::string reason = {};   ///< of a change: what differs
  std::string problem = {};  ///< empty when it worked
  std::string remedy = {};

  [[nodiscard]] bool ok() const noexcept { return problem.empty(); }
};

struct ApplyReport {
  std::vector<ItemReport> items;  ///< in the order they were tried
  bool cancelled = false;         ///< the rest was not tried
  bool untouched = false;         ///< nothing was tried, for problems or because nobody asked

  [[nodiscard]] std::size_t failures() const noexcept;
  /// Actors and providers that run now.
  [[nodiscard]] std::size_t started() const noexcept;
};

}  // namespace trellis::apply
