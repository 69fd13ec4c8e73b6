// Tells providers about their links: BindActor and RemoveActor, exactly once per link and change,
// in order for each provider, whatever starts first (host.md 9).
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "host/state/bindings.hpp"
#include "threads/guest_thread_pool.hpp"
#include "threads/timer.hpp"
#include "trellis/clock.hpp"
#include "trellis/host.hpp"
#include "trellis/host_types.hpp"

namespace trellis::host {

/// Any thread. Calls to one provider instance are made one after the other on a worker; different
/// providers do not wait for each other. A refused BindActor is tried again with growing pauses.
class Binder final : public Bindings {
 public:
  using Listener = std::function<void(const LinkOutcome&)>;

  /// `secrets` as in HostOptions. `listener` is called on workers, holding nothing up; beyond
  /// limits::link_outcomes at one time it is not called.
  Binder(GuestThreadPool& workers, std::chrono::milliseconds call_timeout, SecretSource secrets,
         std::shared_ptr<const Clock> clock, Listener listener, Log log);
  ~Binder() override;

  void want(const std::shared_ptr<const ProviderEntry>& provider, const std::string& actor,
            std::optional<BindConfig> config) override;
  void forget(const ProviderEntry& provider) override;
  [[nodiscard]] std::shared_ptr<const BindLatch> gate(const ProviderEntry& provider,
                                                      const std::string& actor) const override;
  [[nodiscard]] std::optional<BindingView> view(const ProviderEntry& provider,
                                                const std::string& actor) const override;
  /// Tells the listener. Returns at once.
  void report(LinkOutcome outcome) override;

  /// The provider's process was replaced and knows nothing: calls are held back until it is told
  /// everything again, which begins with tell_again().
  void hold(const ProviderEntry& provider);
  void tell_again(const ProviderEntry& provider);
  /// Sends RemoveActor for everything that is bound, and binds nothing from then on (host stop).
  void unbind_all();

  /// Waits until nothing is queued or under way (pauses before a retry do not count).
  [[nodiscard]] bool settle(SteadyTime deadline);
  /// Waits in the same way for one actor alone.
  [[nodiscard]] bool settle(std::string_view actor, SteadyTime deadline);
  /// Ends retries; what is under way finishes.
  void stop();

 private:
  struct Binding {
    std::string actor;
    std::optional<BindConfig> wanted;
    std::optional<BindConfig> told;  // last BindActor that succeeded
    bool queued = false;
    std::string problem;
    std::uint32_t attempts = 0;
    WallTime since;
    std::shared_ptr<BindLatch> gate = std::make_shared<BindLatch>();
  };
  /// All bindings of one provider instance and the line of those that need a call.
  struct Strand {
    std::shared_ptr<const ProviderEntry> provider;
    std::map<std::string, std::shared_ptr<Binding>, std::less<>> bindings;
    std::deque<std::shared_ptr<Binding>> line;
    bool running = false;
    bool forgotten = false;
    std::uint64_t life = 0;  // of the provider; what an earlier one was told does not count
  };
  enum class Step { none, bind, remove };

  void enqueue(const std::shared_ptr<Strand>& strand, const std::shared_ptr<Binding>& binding)
      REQUIRES(mutex_);
  void run(const std::shared_ptr<Strand>& strand);
  [[nodiscard]] static Step next_step(const Strand& strand, const Binding& binding);
  [[nodiscard]] Result<void> send(const ProviderEntry& provider, Step step,
                                  const std::string& actor, const BindConfig& config) const;
  void bound(const std::shared_ptr<Strand>& strand, const std::shared_ptr<Binding>& binding,
             BindConfig config, Result<void> result) REQUIRES(mutex_);
  void removed(Strand& strand, Binding& binding, const Result<void>& result) REQUIRES(mutex_);
  void retry_later(const std::shared_ptr<Strand>& strand, const std::shared_ptr<Binding>& binding)
      REQUIRES(mutex_);
  void report(const ProviderEntry& provider, const Binding& binding, bool bound,
              const Result<void>& result) REQUIRES(mutex_);
  [[nodiscard]] bool at_rest(std::string_view actor) const REQUIRES(mutex_);
  [[nodiscard]] std::shared_ptr<Binding> find(const ProviderEntry& provider,
                                              const std::string& actor) const REQUIRES(mutex_);

  GuestThreadPool& workers_;
  const std::chrono::milliseconds call_timeout_;
  const SecretSource secrets_;
  const std::shared_ptr<const Clock> clock_;
  const Listener listener_;
  const Log log_;

  std::atomic<std::size_t> told_{0};  // outcomes on their way to the listener
  mutable Mutex mutex_;
  Condition settled_;  // some binding came to rest
  std::map<EntityId, std::shared_ptr<Strand>> strands_ GUARDED_BY(mutex_);
  std::size_t active_ GUARDED_BY(mutex_) = 0;  ///< strands running
  bool closing_ GUARDED_BY(mutex_) = false;  ///< unbind_all() was called: nothing is bound any more
  bool stopped_ GUARDED_BY(mutex_) = false;
  Timer timer_;  // last: its jobs use everything above
};

}  // namespace trellis::host
