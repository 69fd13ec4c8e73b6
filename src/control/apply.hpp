// Brings a manifest into a running host, and a later version of it in the place of an earlier one:
// labels, actors, providers, links, in that order, going on after failures, with a report for every
// item (host.md 11.2).
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

/// What applying needs of a host; HostTarget is the real one. Calls come from one thread at a time.
class ApplyTarget {
 public:
  virtual ~ApplyTarget() = default;
  virtual void merge_labels(const std::map<std::string, std::string>& labels) = 0;
  [[nodiscard]] virtual Result<std::string> start_actor(const std::string& reference,
                                                        ActorOptions options) = 0;
  [[nodiscard]] virtual Result<void> update_actor(const std::string& key,
                                                  const std::string& reference) = 0;
  [[nodiscard]] virtual Result<void> stop_actor(const std::string& key) = 0;
  [[nodiscard]] virtual Result<std::string> start_provider(std::string_view reference,
                                                           const ProviderOptions& options) = 0;
  [[nodiscard]] virtual Result<void> stop_provider(const std::string& key,
                                                   const std::string& link_name) = 0;
  [[nodiscard]] virtual Result<void> set_link(Link link) = 0;
  [[nodiscard]] virtual Result<void> remove_link(const Link& link) = 0;
  [[nodiscard]] virtual Result<Inventory> inventory() const = 0;
  [[nodiscard]] virtual std::vector<LinkInfo> links() const = 0;
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
  Result<void> update_actor(const std::string& key, const std::string& reference) override {
    return host_.update_actor_from(key, reference);
  }
  Result<void> stop_actor(const std::string& key) override { return host_.stop_actor(key); }
  Result<std::string> start_provider(std::string_view reference,
                                     const ProviderOptions& options) override {
    return host_.start_provider(reference, options);
  }
  Result<void> stop_provider(const std::string& key, const std::string& link_name) override {
    return host_.stop_provider(key, {}, link_name);
  }
  Result<void> set_link(Link link) override { return host_.set_link(std::move(link)); }
  Result<void> remove_link(const Link& link) override {
    return host_.remove_link(link.actor, link.contract_id, link.link_name);
  }
  Result<Inventory> inventory() const override { return host_.inventory(); }
  std::vector<LinkInfo> links() const override { return host_.links(); }

 private:
  Host& host_;
};

enum class ItemKind { actor, provider, link, label };
[[nodiscard]] std::string_view to_string(ItemKind kind) noexcept;

/// What was done about an item; meaningless for one with a problem.
enum class Deed {
  started,  ///< it runs now; of a link: it is defined now
  kept,     ///< it ran before, in the same revision, which is just as good
  changed,  ///< another version or other settings took its place
  stopped   ///< the manifest does not list it any more
};
[[nodiscard]] std::string_view to_string(Deed deed) noexcept;

/// What became of one item of the manifest, or of one it does not list any more.
struct ItemReport {
  ItemKind kind = ItemKind::actor;
  std::string what;   ///< the reference, or "actor -> provider (contract)"
  std::string where;  ///< "demo.yaml:12:5"; of what is not listed any more "demo.yaml"
  std::string key;    ///< public key of what runs now; of a link, its actor's
  Deed deed = Deed::started;
  std::string problem;  ///< empty when it worked
  std::string remedy;

  [[nodiscard]] bool ok() const noexcept { return problem.empty(); }
};

/// What a manifest has brought into a host, to compare its next version with.
struct Applied {
  struct Actor {
    std::string what;    ///< as the manifest names it
    std::string source;  ///< as References::actor() understands that
    std::string key;
    manifest::Actor wish;
    bool ours = true;  ///< false: it ran before any manifest listed it, and will not be stopped
  };
  struct Provider {
    std::string what;
    std::string source;
    std::string key;
    std::string link_name;
    std::string mode;
    bool ours = true;  ///< as of actors
  };
  struct LinkItem {
    std::string what;
    Link link;
  };
  std::map<std::string, std::string> labels;
  std::vector<Actor> actors;
  std::vector<Provider> providers;
  std::vector<LinkItem> links;
};

struct ApplyReport {
  std::vector<ItemReport> items;  ///< in the order they were tried
  bool cancelled = false;         ///< the rest was not tried
  Applied applied;

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
///
/// With what an earlier version `before` brought, the host is made to look like the new one: what
/// is new is started, what changed is changed, what is gone is stopped, and what others put into
/// the host stays. Nothing is stopped or unlinked while something new cannot be started, so that a
/// mistake never takes away what works.
[[nodiscard]] ApplyReport apply(ApplyTarget& target, const manifest::Manifest& manifest,
                                const ApplyOptions& options, const Applied& before = {});

}  // namespace trellis::control
