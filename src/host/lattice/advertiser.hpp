// Links and claims between this host and all others: told when they change here, taken in when they
// change elsewhere (lattice.md 6).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/rate_limited_log.hpp"
#include "identity/claims.hpp"
#include "lattice/wire/subjects.hpp"
#include "nats/transport.hpp"
#include "threads/serial_executor.hpp"
#include "trellis/host_types.hpp"

namespace trellis::host {

/// Any thread; the clock outlives it. What arrives is bounded and validated here and handed to the
/// sink on the serial executor, in the order of its arrival.
class Advertiser {
 public:
  /// Sink of what others advertise. Called on the serial executor.
  struct Sink {
    std::function<void(Link)> link;
    std::function<void(const Link& key)> removal;  ///< only the key fields are filled
    std::function<void(const identity::ActorClaims&)> claims;
  };

  Advertiser(nats::Transport& transport, const lattice::Subjects& subjects,
             SerialExecutor& executor, Sink sink, const Clock& clock, Log log);

  /// Subscribes to claims, links and removals, in this order (lattice.md 1.7).
  [[nodiscard]] Result<void> subscribe();

  void claims(const identity::ActorClaims& claims);
  /// Links and removals that cannot be sent now are kept for resend().
  void link(const Link& link);
  void removal(const Link& key);
  /// Sends what was kept while the server was away.
  void resend();
  /// Takes nothing in any more.
  void stop();

  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_.load(); }

 private:
  using LinkKey = std::tuple<std::string, std::string, std::string>;
  enum class LogReason { claims, links, removals, full, unsent, count };

  void take_claims(ByteView payload);
  void take_link(ByteView payload);
  void take_removal(ByteView payload);
  void hand_on(std::function<void()> job, std::size_t bytes);
  void send_link(const Link& link, bool removed);
  void refuse(LogReason kind, const Error& error);

  nats::Transport& transport_;
  const lattice::Subjects& subjects_;
  SerialExecutor& executor_;
  const Sink sink_;
  std::vector<std::unique_ptr<nats::Subscription>> subscriptions_;
  Mutex mutex_;
  std::map<LinkKey, std::pair<Link, bool>> unsent_ GUARDED_BY(mutex_);  ///< true: a removal
  std::atomic<std::uint64_t> refused_{0};
  RateLimitedLog<LogReason> limited_log_;
};

}  // namespace trellis::host
