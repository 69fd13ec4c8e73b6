// The way from a provider into the host: its calls to actors.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/memory_budget.hpp"
#include "host/state/entities.hpp"
#include "provider/provider.hpp"
#include "threads/workers.hpp"

namespace trellis::host {

class Router;

/// One provider instance's dispatcher. It may outlive the host: a provider that is stuck at stop
/// keeps it, and is refused. Any thread.
class ProviderLink final : public provider::Dispatcher,
                           public std::enable_shared_from_this<ProviderLink> {
 public:
  ProviderLink(ProviderOrigin origin, const Router& router, Workers& workers,
               std::shared_ptr<MemoryBudget> memory)
      : origin_(std::move(origin)),
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
  /// Counts a call under way; `inside` false: the link is closed and router_ must not be touched.
  class Passage {
   public:
    explicit Passage(ProviderLink& link) noexcept;
    ~Passage();
    Passage(const Passage&) = delete;
    Passage& operator=(const Passage&) = delete;
    const bool inside;

   private:
    ProviderLink& link_;
  };

  [[nodiscard]] Result<Bytes> run(const CallContext* parent, std::string_view actor,
                                  std::string_view operation, ByteView payload,
                                  SteadyTime deadline) const;

  const ProviderOrigin origin_;
  const Router& router_;
  Workers& workers_;
  const std::shared_ptr<MemoryBudget> memory_;
  std::atomic<bool> closed_{false};
  std::atomic<std::uint32_t> under_way_{0};
};

}  // namespace trellis::host
