// A provider for tests of the host's parts: it does what a function of the test says.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/message.hpp"
#include "codec/messages/core.hpp"
#include "host/call/entities.hpp"
#include "provider/provider.hpp"
#include "trellis/provider.h"

namespace trellis::host {

/// Notes what it is told of links; health and other operations are for `on_call`. Any thread.
class FakeProvider final : public provider::Provider {
 public:
  using OnCall = std::function<Result<Bytes>(std::string_view operation, ByteView payload)>;

  explicit FakeProvider(EntityId id, bool rebinds = true) : id_(id), plugin_(rebinds) {}

  Result<Bytes> call(const CallContext&, std::string_view, std::string_view operation,
                     ByteView payload) override {
    OnCall on_call;
    {
      const std::scoped_lock lock(mutex_);
      if (const auto config = codec::decode<codec::core::CapabilityConfiguration>(payload);
          config && operation != codec::core::operation::health_request) {
        std::string line(operation);
        line.append(" ").append(config->module.substr(0, 2));
        if (const auto value = config->values.find("KEY"); value != config->values.end()) {
          line.append(" ").append(value->second);
        }
        told_.push_back(std::move(line));
      }
      on_call = on_call_;
    }
    return on_call ? on_call(operation, payload) : Result<Bytes>(Bytes{});
  }
  const provider::Plugin& plugin() const noexcept override { return plugin_; }
  EntityId id() const noexcept override { return id_; }
  bool stop(SteadyTime) override { return true; }
  provider::Statistics statistics() const noexcept override { return {}; }

  void answer_with(OnCall on_call) {
    const std::scoped_lock lock(mutex_);
    on_call_ = std::move(on_call);
  }
  /// "BindActor MA value of KEY", in order.
  std::vector<std::string> told() const {
    const std::scoped_lock lock(mutex_);
    return told_;
  }

 private:
  class FakePlugin final : public provider::Plugin {
   public:
    explicit FakePlugin(bool rebinds) : rebinds_(rebinds) {}
    const provider::Description& description() const noexcept override { return description_; }
    bool rebinds() const noexcept override { return rebinds_; }
    const trellis_provider_table& table() const noexcept override { return table_; }

   private:
    Result<std::shared_ptr<provider::Provider>> make(std::shared_ptr<const provider::Plugin>,
                                                     provider::Options,
                                                     std::shared_ptr<provider::Dispatcher>,
                                                     std::shared_ptr<const Clock>,
                                                     Log) const override {
      return fail(ErrorCode::unsupported, "a fake");
    }
    const bool rebinds_;
    provider::Description description_;
    trellis_provider_table table_{};
  };

  const EntityId id_;
  const FakePlugin plugin_;
  mutable std::mutex mutex_;
  OnCall on_call_;                 // under mutex_
  std::vector<std::string> told_;  // under mutex_
};

/// An entry of the tables with such a provider. Keys begin with "V" and the letter.
struct FakeEntry {
  explicit FakeEntry(EntityId id, bool rebinds = true, char letter = 'P')
      : provider(std::make_shared<FakeProvider>(id, rebinds)) {
    auto made = std::make_shared<ProviderEntry>();
    made->key = "V" + std::string(55, letter);
    made->link_name = "default";
    made->description.contract_id = "wasmcloud:keyvalue";
    made->instance = provider;
    entry = std::move(made);
  }
  std::shared_ptr<FakeProvider> provider;
  std::shared_ptr<const ProviderEntry> entry;
};

/// Key of an actor: "M" and the letter.
inline std::string actor_key(char letter) {
  return "M" + std::string(55, letter);
}

}  // namespace trellis::host
