// The way from a provider into the host: its calls to actors.
#pragma once

#include <memory>
#include <string>

#include "base/memory_budget.hpp"
#include "host/call/entities.hpp"
#include "provider/provider.hpp"
#include "threads/gate.hpp"
#include "threads/guest_thread_pool.hpp"

namespace trellis::host {

class Router;

/// One provider instance's dispatcher. It may outlive the host: a provider that is stuck at stop
/// keeps it, and is refused. Any thread.
class ProviderLink final : public provider::Dispatcher,
                           public std::enable_shared_from_this<ProviderLink> {
 public:
  /// `key`, `contract_id` and `link_name` of the provider.
  ProviderLink(std::string key, std::string contract_id, std::string link_name,
               const Router& router, GuestThreadPool& workers, std::shared_ptr<MemoryBudget> memory)
      : key_(std::move(key)),
        contract_id_(std::move(contract_id)),
        link_name_(std::move(link_name)),
        router_(router),
        workers_(workers),
        memory_(std::move(memory)) {}

  /// Refuses calls from now on and waits for those under way (they end by their deadlines).
  void close();

  [[nodiscard]] Result<Bytes> dispatch(const CallContext* parent, std::string_view actor,
                                       std::string_view operation, ByteView payload,
                                       SteadyTime deadline) override;
  void dispatch_async(const CallContext* parent, std::string_view actor, std::string_view operation,
                      Bytes payload, SteadyTime deadline,
                      std::function<void(Result<Bytes>)> done) override;

 private:
  [[nodiscard]] Result<Bytes> run(const CallContext* parent, std::string_view actor,
                                  std::string_view operation, ByteView payload,
                                  SteadyTime deadline) const;

  const std::string key_;
  const std::string contract_id_;
  const std::string link_name_;
  const Router& router_;
  GuestThreadPool& workers_;
  const std::shared_ptr<MemoryBudget> memory_;
  Gate gate_;  ///< closed: router_ must not be touched any more
};

}  // namespace trellis::host
