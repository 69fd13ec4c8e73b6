// Making of instances: the seam between Plugin, of whatever kind, and the Provider that the host
// sees.
#include "provider/instance.hpp"

#include <utility>

#include "base/limits.hpp"
#include "provider/plugin_instance.hpp"

namespace trellis::provider {
namespace {

/// The host's handle on a PluginInstance; stops it when the host forgot to.
class Instance final : public Provider {
 public:
  explicit Instance(std::shared_ptr<PluginInstance> instance) : instance_(std::move(instance)) {}
  ~Instance() override {
    if (!instance_->stopping()) instance_->stop(instance_, instance_->now() + limits::stop_timeout);
  }

  const Plugin& plugin() const noexcept override { return instance_->plugin(); }
  EntityId id() const noexcept override { return instance_->options().id; }
  Result<Bytes> call(const CallContext& caller, std::string_view origin, std::string_view operation,
                     ByteView payload) override {
    return instance_->call(caller, origin, operation, payload);
  }
  bool stop(SteadyTime deadline) override { return instance_->stop(instance_, deadline); }
  Statistics statistics() const noexcept override { return instance_->statistics(); }

 private:
  std::shared_ptr<PluginInstance> instance_;
};

}  // namespace

Result<std::shared_ptr<Provider>> make_instance(std::shared_ptr<const Plugin> plugin,
                                                Options options,
                                                std::shared_ptr<Dispatcher> dispatcher,
                                                std::shared_ptr<const Clock> clock, Log log) {
  auto instance =
      std::make_shared<PluginInstance>(std::move(plugin), std::move(options), std::move(dispatcher),
                                       std::move(clock), std::move(log));
  if (auto created = instance->create(instance); !created) return pass(created);
  return std::make_shared<Instance>(std::move(instance));
}

Result<std::shared_ptr<Provider>> Provider::create(std::shared_ptr<const Plugin> plugin,
                                                   Options options,
                                                   std::shared_ptr<Dispatcher> dispatcher,
                                                   std::shared_ptr<const Clock> clock, Log log) {
  if (!plugin || !dispatcher || !clock)
    return fail(ErrorCode::invalid_argument, "a plugin, a dispatcher and a clock are needed");
  const auto& kind = *plugin;
  return kind.make(std::move(plugin), std::move(options), std::move(dispatcher), std::move(clock),
                   std::move(log));
}

}  // namespace trellis::provider
