// One connection to one NATS server, from its handshake to its end.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/descriptor.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/random.hpp"
#include "base/rate_limited_log.hpp"
#include "nats/connect_options.hpp"
#include "nats/outbox.hpp"
#include "nats/protocol.hpp"
#include "tcp/stream.hpp"
#include "trellis/bytes.hpp"
#include "trellis/clock.hpp"

namespace trellis::nats {

class SubscriptionState;

/// Never reconnects: when it is lost it stays lost. Any thread may call any member. One thread
/// reads, keeps the session alive, and runs the handlers of subscriptions that allow it.
class Session final : public std::enable_shared_from_this<Session>, private ProtocolSink {
 public:
  /// Called on the reading thread and by whoever sends; they must only wake somebody or log.
  struct Events {
    /// The connection ended for any reason but close(); maybe more than once.
    std::function<void()> lost;
    /// The server is about to end and asks its clients to leave (lame duck mode); again when it
    /// tells more.
    std::function<void()> leaving;
    /// The server lets this user neither send nor listen there: its own words.
    std::function<void(std::string_view words)> denied;
  };

  /// Connects to the first server that takes us, in an order of chance, so that many clients spread
  /// over a cluster. Blocks for up to the connect timeout per server. Errors: denied (our
  /// credentials), else unavailable, malformed, unsupported; where several servers fail, that which
  /// says most.
  [[nodiscard]] static Result<std::shared_ptr<Session>> open(ConnectOptions& options,
                                                             std::uint64_t number,
                                                             const Events& events, Random& random,
                                                             const Log& log,
                                                             std::shared_ptr<const Clock> clock);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Counts the connections of a transport, from 1.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] std::size_t max_payload() const noexcept { return max_payload_; }
  [[nodiscard]] bool is_lost() const noexcept { return lost_; }
  /// How often the server has told something since it is about to end; 0: it is not.
  [[nodiscard]] std::uint64_t leave_notices() const noexcept { return leave_notices_; }
  /// Why it ended, as far as is known.
  [[nodiscard]] std::string reason() const;
  /// "NATS server host:port"
  [[nodiscard]] std::string server() const { return "NATS server " + server_.shown; }
  /// Other servers that this one told of.
  [[nodiscard]] std::vector<ServerUrl> learned_servers() const;

  /// Arguments are checked before. A write that fails or stalls ends the session: half a message
  /// may have gone out.
  [[nodiscard]] Result<void> publish(std::string_view subject, std::string_view reply,
                                     ByteView payload);
  [[nodiscard]] Result<void> flush(SteadyTime deadline);

  /// The number of the subscription. The subscription is given all that comes, until it is
  /// unsubscribed.
  std::uint64_t subscribe(std::shared_ptr<SubscriptionState> subscription);
  /// Nothing is given any more, but for what is being given at this moment.
  void unsubscribe(std::uint64_t subscription);
  /// The server is told; what it had sent before it heard of it is given still. Returns when that
  /// is done, unless the caller may not wait.
  void unsubscribe_gently(std::uint64_t subscription, bool may_wait, SteadyTime deadline);
  /// Unsubscribes all subscriptions, likewise.
  void unsubscribe_all_gently(SteadyTime deadline);

  /// Whether this is the reading thread of any session, which must wait for nothing.
  [[nodiscard]] static bool on_reading_thread() noexcept;

  /// Ends the connection. Nothing is given any more when it returns, unless the caller is the
  /// thread that reads.
  void close();

 private:
  /// Work for when the server has answered a PING, in their order.
  struct Pong {
    Mutex mutex;
    Condition changed;
    bool done GUARDED_BY(mutex) = false;
    bool answered GUARDED_BY(mutex) = false;
    std::vector<std::uint64_t> subscriptions;  ///< that end with it
  };
  using Subscriptions = std::unordered_map<std::uint64_t, std::shared_ptr<SubscriptionState>>;

  Session(ServerUrl server, std::uint64_t number, Events events, Log log,
          std::shared_ptr<const Clock> clock);

  [[nodiscard]] static Result<std::shared_ptr<Session>> open_one(
      ConnectOptions& options, const ServerUrl& server, std::uint64_t number, const Events& events,
      const Log& log, std::shared_ptr<const Clock> clock);
  [[nodiscard]] Result<void> greet(ConnectOptions& options, SteadyTime deadline);
  [[nodiscard]] Result<void> secure(ConnectOptions& options, SteadyTime deadline);
  template <class Until>
  [[nodiscard]] Result<void> read_until(const Until& until, SteadyTime deadline);
  /// Reads once and gives what has come whole to the sink.
  [[nodiscard]] Result<void> read(SteadyTime deadline);
  void make_room();

  void start();
  void run();
  [[nodiscard]] Result<void> read_on();
  void end_with(Error error);
  [[nodiscard]] std::shared_ptr<Pong> ping(std::vector<std::uint64_t> ending, std::string before);
  [[nodiscard]] static bool wait(Pong& pong, SteadyTime deadline);
  void answer(Pong& pong, bool answered);
  [[nodiscard]] Result<void> sent(Result<void> done);
  void mark_lost(std::string reason);

  void on_message(const ServerMessage& message) override;
  void on_info(std::string_view json) override;
  void on_ping() override;
  void on_pong() override;
  void on_error(std::string_view words) override;
  void take_limits();

  const ServerUrl server_;
  const std::uint64_t number_;
  const Events events_;
  const Log log_;
  const std::shared_ptr<const Clock> clock_;
  const Descriptor wake_;              ///< readable once closing
  std::optional<tcp::Stream> stream_;  // made before any other thread knows of this
  std::optional<Outbox> outbox_;       // the same
  std::atomic<std::size_t> max_payload_{0};
  std::atomic<bool> lost_{false};
  std::atomic<std::uint64_t> leave_notices_{0};
  std::atomic<bool> closing_{false};

  // Members of the thread that reads; before it starts, of the one that connects.
  std::vector<std::uint8_t> buffer_;
  std::size_t begin_ = 0;   // of what has not been taken apart
  std::size_t end_ = 0;     // of what has come
  std::size_t wanted_ = 0;  // bytes the first operation has, 0 for unknown
  std::optional<ServerInfo> info_;
  bool greeted_ = false;  // the server has answered CONNECT
  Error refusal_;         // what ended the handshake
  bool ended_by_server_ = false;
  int silent_pings_ = 0;

  Mutex ping_mutex_;  // PINGs go out in the order of pongs_; before mutex_
  mutable Mutex mutex_;
  std::string reason_ GUARDED_BY(mutex_);
  std::vector<ServerUrl> learned_ GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<Pong>> pongs_ GUARDED_BY(mutex_);  ///< in the order of their PINGs
  Subscriptions subscriptions_ GUARDED_BY(mutex_);
  std::uint64_t last_subscription_ GUARDED_BY(mutex_) = 0;
  bool over_ GUARDED_BY(mutex_) = false;  ///< no PONG will come
  std::thread thread_ GUARDED_BY(mutex_);

  enum class LogReason { server_error, count };
  RateLimitedLog<LogReason> limited_log_;
};

}  // namespace trellis::nats
