// Brings a manifest into a running host: labels, actors, providers, links, in that order, going on
// after failures, with a report for every item (host.md 11.2).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/manifest.hpp"
#include "trellis/host.hpp"

namespace trellis::control {

/// What applying needs of a host; HostTarget is the real one. Calls come from one thread.
class ApplyTarget {
 public:
  virtual ~ApplyTarget() = default;
  virtual void merge_labels(const std::map<std::string, std::string>& labels) = 0;
  [[nodiscard]] virtual Result<std::string> start_actor(const std::string& reference,
                                                        ActorOptions options) = 0;
  [[nodiscard]] virtual Result<std::string> start_provider(std::string_view reference,
                                                           const ProviderOptions& options) = 0;
  [[nodiscard]] virtual Result<void> set_link(Link link) = 0;
  [[nodiscard]] virtual Result<Inventory> inventory() const = 0;
};

/// `host` outlives this.
class HostTarget final : public ApplyTarget {
 public:
  explicit HostTarget(Host& host) : host_(host) {}
  void merge_labels(const std::map<std::string, std::string>& labels) override {
    host_.merge_labels(labels);
  }
  Result<std::string> start_actor(const std::string& reference, ActorOptions options) override {
    return host_.start_actor_from(reference, std::move(options));
  }
  Result<std::string> start_provider(std::string_view reference,
                                     const ProviderOptions& options) override {
    return host_.start_provider(reference, options);
  }
  Result<void> set_link(Link link) override { return host_.set_link(std::move(link)); }
  Result<Inventory> inventory() const override { return host_.inventory(); }

 private:
  Host& host_;
};

enum class ItemKind { actor, provider, link };
[[nodiscard]] std::string_view to_string(ItemKind kind) noexcept;

/// What became of one item of the manifest.
struct ItemReport {
  ItemKind kind = ItemKind::actor;
  std::string what;          ///< the reference, or "actor -> provider (contract)"
  std::string where;         ///< "demo.yaml:12"
  std::string key;           ///< public key of what runs now; of a link, its actor's
  bool was_running = false;  ///< it ran before, in the same revision, which is just as good
  std::string problem;       ///< empty when it worked
  std::string remedy;

  [[nodiscard]] bool ok() const noexcept { return problem.empty(); }
};

struct ApplyReport {
  std::vector<ItemReport> items;  ///< in the order they were tried
  bool cancelled = false;         ///< the rest was not tried

  [[nodiscard]] std::size_t failures() const noexcept;
  /// Actors and providers that run now.
  [[nodiscard]] std::size_t started() const noexcept;
};

struct ApplyOptions {
  /// Where relative paths are looked for, in this order; the first that exists is taken.
  std::vector<std::filesystem::path> folders;
  /// Asked between items; true leaves the rest undone.
  std::function<bool()> cancelled;
};

/// Blocks while modules are read and compiled. Links are defined, not waited for.
[[nodiscard]] ApplyReport apply(ApplyTarget& target, const manifest::Manifest& manifest,
                                const ApplyOptions& options);

}  // namespace trellis::control
