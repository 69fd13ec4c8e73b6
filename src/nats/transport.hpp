// The seam to the message network: subjects, queue groups, requests (lattice.md 1). Implemented
// over NATS (nats/connect.hpp) and, for tests, inside the process (nats/memory_transport.hpp).
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "trellis/bytes.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::nats {

/// A received message. Its views are valid while the handler runs.
struct Message {
  std::string_view subject;
  std::string_view reply;  ///< empty: the sender expects no answer
  ByteView payload;
};

/// Runs on a thread of the transport, one message of a subscription at a time. It must only copy,
/// bound and hand on: never enter a guest, never wait, never send a blocking request.
using MessageHandler = std::function<void(const Message&)>;

/// The answer of a request. Who wants only its payload takes it as Bytes.
struct Answer {
  Bytes payload;
  std::string subject = {};  ///< where it was sent to: an inbox
  std::string reply = {};    ///< where the answerer wants an answer in turn; usually empty

  Answer(Bytes bytes) : payload(std::move(bytes)) {}
  Answer(Bytes bytes, std::string_view sent_to, std::string_view wanted)
      : payload(std::move(bytes)), subject(sent_to), reply(wanted) {}
  operator Bytes() && { return std::move(payload); }
};

/// Receives the answer of a request exactly once, on any thread; the same rules as a handler.
using ReplyHandler = std::function<void(Result<Answer>)>;

/// One subscription to a subject. The destructor ends it at once: the server is told without delay
/// and the handler does not run any more once the destructor has returned (unless it is called from
/// there).
class Subscription {
 public:
  virtual ~Subscription() = default;

  /// Tells the server at once, then lets the handler have what the server had routed here before it
  /// knew (lattice.md 1.7, lost calls). Returns when that is done or `deadline` has passed.
  virtual void drain(SteadyTime deadline) = 0;
  /// Messages the transport had to drop because the handler was too slow.
  [[nodiscard]] virtual std::uint64_t dropped() const = 0;
};

/// How much may wait for a handler before messages are dropped and counted.
struct PendingLimits {
  std::size_t messages = 64 * 1024;
  std::size_t bytes = 16 * 1024 * 1024;  // handlers only hand on: this is for a moment
  /// The handler may run on the thread that reads from the network, and nothing waits for it: for
  /// handlers that are as quick as that thread must be, whatever happens.
  bool direct = false;
};

enum class TransportState {
  connecting,  ///< never was connected; trying in the background
  connected,
  disconnected,  ///< lost the server; trying in the background, for ever
  closed
};

/// A connection. All members may be called from any thread, also while the server is away:
/// subscriptions are kept and made again, what is published meanwhile fails with `unavailable`.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Errors: invalid_argument for a subject that is no literal subject or pattern.
  [[nodiscard]] virtual Result<std::unique_ptr<Subscription>> subscribe(
      std::string_view subject, std::string_view queue_group, MessageHandler handler,
      PendingLimits limits = {}) = 0;

  /// Sends at once; `reply` may be empty. Errors: limit (payload above max_payload(), with both
  /// sizes in the text), unavailable (not connected), invalid_argument (subject).
  [[nodiscard]] virtual Result<void> publish(std::string_view subject, ByteView payload,
                                             std::string_view reply = {}) = 0;

  /// One question, one answer, through the connection's own wildcard inbox. Errors in `done`,
  /// besides those of publish: deadline ("RPC call timed out"), not_found (nobody subscribed; only
  /// where the server says so), cancelled (the transport was closed), unavailable (the server went
  /// away: when the request certainly was not sent at once, else by its deadline).
  virtual void request(std::string_view subject, ByteView payload, SteadyTime deadline,
                       ReplyHandler done) = 0;

  /// A subject nobody else uses, for questions with several answers.
  [[nodiscard]] virtual std::string new_inbox() = 0;

  /// Why the server does not let this user send to or listen on a subject, as far as it has said
  /// so: it says so after the fact. Requests end with that error by themselves.
  [[nodiscard]] virtual std::optional<Error> refusal(std::string_view /*subject*/) const {
    return std::nullopt;
  }

  /// Waits until the server has seen everything sent before (PING, PONG).
  [[nodiscard]] virtual Result<void> flush(SteadyTime deadline) = 0;

  /// Largest payload the server takes; 1 MiB while none has said otherwise.
  [[nodiscard]] virtual std::size_t max_payload() const = 0;
  [[nodiscard]] virtual TransportState state() const = 0;
  /// Called after each change of state, on a thread of the transport; replaces the one before. The
  /// same rules as a handler.
  virtual void on_state_change(std::function<void(TransportState)> callback) = 0;

  /// Ends all subscriptions, answers open requests with `cancelled`, closes the connection.
  /// Handlers do not run any more once it has returned. A second call does nothing.
  virtual void close() = 0;
};

/// Waits for the answer here. Not on transport threads.
[[nodiscard]] Result<Answer> ask_and_wait(Transport& transport, std::string_view subject,
                                          ByteView payload, SteadyTime deadline);
/// Waits likewise and returns only the payload.
[[nodiscard]] Result<Bytes> request_and_wait(Transport& transport, std::string_view subject,
                                             ByteView payload, SteadyTime deadline);

}  // namespace trellis::nats
