// Target: all that applying a manifest needs of a host.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "trellis/host.hpp"

namespace trellis::apply {

/// HostTarget is the real one. Calls come from one thread at a time, but for what starts_at_once()
/// says.
class Target {
 public:
  virtual ~Target() = default;
  /// How many calls of inspect_actor and start_actor may be under way at one time.
  [[nodiscard]] virtual std::size_t starts_at_once() const { return 1; }
  [[nodiscard]] virtual Result<Inventory> inventory() const = 0;
  [[nodiscard]] virtual std::vector<LinkInfo> links() const = 0;
  [[nodiscard]] virtual Result<ActorPreview> inspect_actor(const std::string& reference) const = 0;
  [[nodiscard]] virtual Result<ProviderPreview> inspect_provider(const std::string& reference,
                                                                 ProviderMode mode) const = 0;

  /// Built-in providers that may be named.
  [[nodiscard]] virtual std::span<const BuiltinProvider> builtins() const = 0;

  virtual void merge_labels(const std::map<std::string, std::string>& labels) = 0;
  [[nodiscard]] virtual Result<std::string> start_actor(const std::string& reference,
                                                        ActorOptions options) = 0;
  [[nodiscard]] virtual Result<void> update_actor(const std::string& key,
                                                  const std::string& reference) = 0;
  [[nodiscard]] virtual Result<void> scale_actor(const std::string& key,
                                                 const ActorOptions& options) = 0;
  [[nodiscard]] virtual Result<void> stop_actor(const std::string& key) = 0;
  [[nodiscard]] virtual Result<std::string> start_provider(const std::string& reference,
                                                           const ProviderOptions& options) = 0;
  [[nodiscard]] virtual Result<void> stop_provider(const std::string& key,
                                                   const std::string& link_name) = 0;
  [[nodiscard]] virtual Result<void> set_link(Link link) = 0;
  [[nodiscard]] virtual Result<void> remove_link(const Link& link) = 0;
};

/// `host` outlives this.
class HostTarget final : public Target {
 public:
  explicit HostTarget(Host& host) : host_(host) {}
  std::size_t starts_at_once() const override {
    return std::max(1U, std::thread::hardware_concurrency());
  }
  Result<Inventory> inventory() const override { return host_.inventory(); }
  std::vector<LinkInfo> links() const override { return host_.links(); }
  Result<ActorPreview> inspect_actor(const std::string& reference) const override {
    return host_.inspect_actor(reference);
  }
  Result<ProviderPreview> inspect_provider(const std::string& reference,
                                           ProviderMode mode) const override {
    return host_.inspect_provider(reference, mode);
  }
  std::span<const BuiltinProvider> builtins() const override { return host_.builtins(); }
  void merge_labels(const std::map<std::string, std::string>& labels) override {
    host_.merge_labels(labels);
  }
  Result<std::string> start_actor(const std::string& reference, ActorOptions options) override {
    return host_.start_actor_from(reference, std::move(options));
  }
  Result<void> update_actor(const std::string& key, const std::string& reference) override {
    return host_.update_actor_from(key, reference);
  }
  Result<void> scale_actor(const std::string& key, const ActorOptions& options) override {
    return host_.scale_actor(key, options.min_instances, options.max_instances);
  }
  Result<void> stop_actor(const std::string& key) override { return host_.stop_actor(key); }
  Result<std::string> start_provider(const std::string& reference,
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

 private:
  Host& host_;
};

}  // namespace trellis::apply
