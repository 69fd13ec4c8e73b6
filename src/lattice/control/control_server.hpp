// The host's side of the control interface: eleven subjects of the protocol (lattice.md 5) and our
// own for scale and stop. Requests are bounded, answered from memory, and what takes long runs
// after its acknowledgement, with its outcome told on a subject of our own.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/random.hpp"
#include "base/rate_limited_log.hpp"
#include "lattice/control/control_target.hpp"
#include "lattice/wire/own_messages.hpp"
#include "lattice/wire/subjects.hpp"
#include "nats/transport.hpp"
#include "threads/gate.hpp"
#include "trellis/clock.hpp"

namespace trellis::lattice {

/// Any thread. Handlers of messages only copy and hand on.
class ControlServer {
 public:
  /// Runs a job on a thread that may wait; an error when it will not run.
  using Executor = std::function<Result<void>(std::function<void()>)>;
  /// Runs a job likewise; the job keeps `bytes`.
  using RequestExecutor = std::function<Result<void>(std::function<void()>, std::size_t bytes)>;
  struct Executors {
    RequestExecutor requests;  ///< short ones: questions, checks, acknowledgements
    Executor commands;         ///< what follows: compiling, starting, draining
  };
  struct Counters {
    std::uint64_t requests = 0;
    std::uint64_t malformed = 0;
    std::uint64_t dropped = 0;  ///< too many at once
    std::uint64_t commands = 0;
    std::uint64_t failed = 0;  ///< of the commands
  };

  /// All references live as long as the server.
  ControlServer(nats::Transport& transport, const Subjects& subjects, std::string host_id,
                ControlTarget& target, Executors executors, const Clock& clock, Random& random,
                Log log);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  [[nodiscard]] Result<void> subscribe();
  /// Takes no more requests, and waits for commands under way, at most until `deadline`.
  void stop(SteadyTime deadline);

  [[nodiscard]] Counters counters() const noexcept;

 private:
  enum class LogReason { malformed, oversized, misdirected, dropped, unsent, cut, count };
  struct Request {
    std::string reply;
    std::string payload;
  };
  using Handler = void (ControlServer::*)(const Request&);

  [[nodiscard]] Result<void> listen(const std::string& subject, Handler handler);
  void receive(const nats::Message& message, Handler handler);

  // Questions: control_queries.cpp.
  void probe(const Request& request);
  void inventory(const Request& request);
  void links(const Request& request);
  void claims(const Request& request);
  void link_states(const Request& request);
  void actor_auction(const Request& request);
  void provider_auction(const Request& request);
  [[nodiscard]] bool fits(const codec::StringMap& constraints) const;

  // Commands: control_commands.cpp.
  void start_actor(const Request& request);
  void stop_actor(const Request& request);
  void update_actor(const Request& request);
  void start_provider(const Request& request);
  void stop_provider(const Request& request);
  void scale_actor(const Request& request);
  void stop_host(const Request& request);

  /// A command that was read, up to its outcome.
  struct Command {
    std::string_view name;  ///< as in Outcome::command
    std::string operation;  ///< id
    std::string reference;
    std::string id;           ///< public key, when known
    std::string in_progress;  ///< no second command with the same text at a time; empty: any number
    std::function<Result<std::string>()> run;  ///< what is done; a public key, or empty
    Gate::Entry under_way = {};                ///< once it has begun
  };
  [[nodiscard]] Command command(std::string_view name, const Request& request,
                                std::string reference) const;
  /// Acknowledges by `ack(failure or nothing)` and then runs the command; the outcome is told.
  void carry_out(Command command, const std::function<void(std::optional<std::string>)>& ack);
  void finish(const Command& command, const Result<std::string>& result);
  void tell(const Outcome& outcome);
  [[nodiscard]] std::optional<std::string> begin(Command& command);

  template <class T>
  void reply(const Request& request, const T& message);
  void send(const std::string& subject, std::string_view json);
  void malformed(std::string_view what, const Error& error);
  void report(LogReason kind, std::string_view text);

  nats::Transport& transport_;
  const Subjects& subjects_;
  const std::string host_id_;
  ControlTarget& target_;
  const Executors executors_;
  const Clock& clock_;
  Random& random_;
  const Log log_;
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::uint64_t> malformed_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> commands_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::size_t> waiting_{0};  // requests handed on and not looked at yet
  RateLimitedLog<LogReason> limited_log_;

  Gate jobs_;  ///< of both executors
  Mutex mutex_;
  std::vector<std::unique_ptr<nats::Subscription>> subscriptions_ GUARDED_BY(mutex_);
  std::multiset<std::string> running_ GUARDED_BY(mutex_);  ///< commands by in_progress
  bool stopped_ GUARDED_BY(mutex_) = false;
};

template <class T>
void ControlServer::reply(const Request& request, const T& message) {
  if (!request.reply.empty()) send(request.reply, write_json(message));
}

}  // namespace trellis::lattice
