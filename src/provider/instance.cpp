#include "provider/instance.hpp"

#include <utility>

#include "base/limits.hpp"
#include "provider/core.hpp"

namespace trellis::provider {
namespace {

/// The host's handle on a Core; stops it when the host forgot to.
class Instance final : public Provider {
 public:
  explicit Instance(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  ~Instance() override {
    if (!core_->stopping()) core_->stop(core_, core_->now() + limits::stop_timeout);
  }

  const Plugin& plugin() const noexcept override { return core_->plugin(); }
  EntityId id() const noexcept override { return core_->options().id; }
  Result<Bytes> call(const CallContext& caller, std::string_view origin, std::string_view operation,
                     ByteView payload) override {
    return core_->call(caller, origin, operation, payload);
  }
  bool stop(SteadyTime deadline) override { return core_->stop(core_, deadline); }
  Statistics statistics() const noexcept override { return core_->statistics(); }

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace

Result<std::shared_ptr<Provider>> make_instance(std::shared_ptr<const Plugin> plugin,
                                                Options options,
                                                std::shared_ptr<Dispatcher> dispatcher,
                                                std::shared_ptr<const Clock> clock, Log log) {
  auto core = std::make_shared<Core>(std::move(plugin), std::move(options), std::move(dispatcher),
                                     std::move(clock), std::move(log));
  if (auto created = core->create(core); !created) return pass(created);
  return std::make_shared<Instance>(std::move(core));
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
