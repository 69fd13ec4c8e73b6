// Calls that arrive: one subscription per actor and provider that runs here, each message verified
// before anything else is done with it (lattice.md 3.5, 4.3).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/rate_limited_log.hpp"
#include "lattice/anti_forgery.hpp"
#include "lattice/wire/entity.hpp"
#include "lattice/wire/invocation.hpp"
#include "lattice/wire/subjects.hpp"
#include "nats/transport.hpp"
#include "trellis/clock.hpp"

namespace trellis::lattice {

/// Any thread. Handlers of messages only copy and hand on; calls run on the executor.
class RpcServer {
 public:
  /// Runs a verified call that came at `arrived` and returns what goes back. On a thread of the
  /// executor.
  using CallHandler = std::function<Result<Bytes>(const Invocation& call, SteadyTime arrived)>;
  /// Hands work for `entity` to a thread that may enter guests; it keeps `bytes` until it has run.
  /// Busy when too much waits.
  using Executor = std::function<Result<void>(std::function<void()> work, const std::string& entity,
                                              std::size_t bytes)>;

  struct Counters {
    std::uint64_t received = 0;
    std::uint64_t refused = 0;  ///< malformed, forged, replayed, for somebody else
    std::uint64_t dropped = 0;  ///< without a reply subject
    std::uint64_t busy = 0;     ///< the executor was full
    std::uint64_t expired = 0;  ///< their callers had given up when their turn came
    std::uint64_t failed = 0;   ///< the call itself gave an error
  };

  /// Transport, subjects, verifier and clock live as long as the server. `patience`: how long
  /// callers wait for an answer; what is older when its turn comes is dropped.
  RpcServer(nats::Transport& transport, const Subjects& subjects, const CallVerifier& verifier,
            Executor executor, CallHandler handler, const Clock& clock,
            std::chrono::milliseconds patience, Log log);
  ~RpcServer();
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  /// Subscribes with the entity's subject as queue group. On success the server has confirmed it,
  /// or is away: then the subscription is made when it comes back. Serving twice changes nothing.
  [[nodiscard]] Result<void> serve(const Entity& entity, SteadyTime deadline);
  /// Unsubscribes at once and finishes what was routed here before, at most until `deadline`.
  void stop_serving(const Entity& entity, SteadyTime deadline);
  /// Stops serving everything, likewise. Nothing is served any more.
  void stop(SteadyTime deadline);

  [[nodiscard]] Counters counters() const noexcept;

 private:
  enum class LogReason {
    no_reply,
    malformed,
    forged,
    stale,
    replayed,
    misdirected,
    busy,
    expired,
    reply_lost,
    count
  };

  /// Subscription of an entity, with the calls that have not been answered yet.
  struct Served;

  [[nodiscard]] Result<void> keep(const std::string& subject, const std::shared_ptr<Served>& served,
                                  Result<std::unique_ptr<nats::Subscription>> subscription);
  void receive(const std::shared_ptr<Served>& served, const nats::Message& message);
  void execute(const Served& served, const std::string& reply, ByteView payload,
               SteadyTime arrived);
  void answer(const std::string& reply, const Invocation& call, Result<Bytes> result);
  void answer_error(const std::string& reply, std::string id, std::string_view text);
  void send(const std::string& reply, const InvocationResponse& response);
  [[nodiscard]] static LogReason kind_of(const Error& refusal);
  void report(LogReason kind, std::string_view subject, const Error& error);
  void finish(const std::shared_ptr<Served>& served, SteadyTime deadline);

  nats::Transport& transport_;
  const Subjects& subjects_;
  const CallVerifier& verifier_;
  const Executor executor_;
  const CallHandler handler_;
  const Clock& clock_;
  const std::chrono::milliseconds patience_;
  const Log log_;
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<Served>> served_ GUARDED_BY(mutex_);  ///< by subject
  bool stopped_ GUARDED_BY(mutex_) = false;
  std::atomic<std::uint64_t> received_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> busy_{0};
  std::atomic<std::uint64_t> expired_{0};
  std::atomic<std::uint64_t> failed_{0};
  RateLimitedLog<LogReason> limited_log_;
};

}  // namespace trellis::lattice
