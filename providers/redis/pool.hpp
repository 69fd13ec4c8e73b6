// Connections to one Redis server, shared by the links that name it.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.hpp"
#include "base/descriptors.hpp"
#include "base/mutex.hpp"
#include "providers/redis/connection.hpp"

namespace trellis::providers::redis {

/// Settings of a pool; two pools with equal ones are the same.
struct Settings {
  Address address;
  std::size_t connections = 8;  ///< at most, calls beyond wait
  std::chrono::milliseconds connect_timeout{2000};
  std::chrono::milliseconds command_timeout{5000};
  std::string ca_file =
      {};  ///< authorities that vouch for a rediss:// server, besides the system's
  DescriptorUse use = DescriptorUse::link;  ///< of its connections

  friend bool operator==(const Settings&, const Settings&) = default;
};

/// Any thread. Connections are made on demand, kept for the next command, and closed when they
/// were idle for a minute; one the server closed meanwhile is noticed before it is used. All
/// deadlines are on std::chrono::steady_clock.
///
/// A server that cannot be reached is not asked again for a pause of 50 ms, doubled up to a second:
/// commands fail at once with what was wrong last. There is no jitter, because attempts are made
/// by calls, which come at random already.
class Pool {
 public:
  /// `tls`: for a rediss:// address, else null.
  explicit Pool(Settings settings, std::shared_ptr<const tcp::TlsContext> tls = nullptr);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// The answer, which may be an error answer about the command. A command is sent once: when its
  /// connection breaks, whether the server carried it out is unknown. But where the server refused
  /// it because it is another or not ready (refusal.hpp), nothing was done: all connections made
  /// before are given up and it is sent again over a new one, a few times. Errors name the server:
  /// busy (no connection became free), unavailable, deadline, denied, unsupported, cancelled,
  /// malformed, limit.
  [[nodiscard]] Result<Reply> ask(const Command& command, SteadyTime deadline);

  /// A connection of the caller's own.
  [[nodiscard]] Result<Connection> open(int wake, SteadyTime deadline) const;

  /// Whether the server answers now, also to a user who may not ask for that: whatever failed
  /// before is tried again, and when all connections are in use another one is made.
  [[nodiscard]] Result<void> ping(SteadyTime deadline);

  /// Words with which the server refused a command lately that had to be given up (a replica that
  /// takes no writes answers PING); success once one like it was carried out, or after half a
  /// minute.
  [[nodiscard]] Result<void> refuses() const;

  /// Ends all waiting with an error, and everything later.
  void shut_down() noexcept;

  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }

 private:
  struct Idle {
    Connection connection;
    SteadyTime since;
  };
  struct Refused {
    std::string command;  ///< its name
    Error error;
    SteadyTime since;
  };

  [[nodiscard]] Result<Reply> exchange(const Command& command, bool insist, SteadyTime deadline);
  [[nodiscard]] Result<Reply> exchange_once(const Command& command, bool insist,
                                            SteadyTime deadline);
  /// False when the pool was shut down or the time is over.
  [[nodiscard]] bool wait(std::chrono::milliseconds time, SteadyTime deadline);
  void give_up_idle();
  [[nodiscard]] Result<Connection> take(bool insist, SteadyTime deadline);
  [[nodiscard]] Result<Connection> connect(SteadyTime deadline);
  void give_back(Connection connection);
  [[nodiscard]] std::optional<Connection> take_idle() REQUIRES(mutex_);
  [[nodiscard]] Result<void> may_connect() const REQUIRES(mutex_);
  void note_failure(const Error& error) REQUIRES(mutex_);
  void leave() REQUIRES(mutex_);
  [[nodiscard]] Error named(Error error) const;
  [[nodiscard]] Error note_refusal(const Command& command, Error error);
  void note_success(const Command& command);

  const Settings settings_;
  const std::shared_ptr<const tcp::TlsContext> tls_;
  const Descriptor wake_;  ///< readable once shut down

  mutable Mutex mutex_;
  Condition freed_;
  Condition ended_;                            ///< the pool was shut down
  std::vector<Idle> idle_ GUARDED_BY(mutex_);  ///< the one used last at the end
  std::size_t in_use_ GUARDED_BY(mutex_) = 0;  ///< being made ones included
  bool stopped_ GUARDED_BY(mutex_) = false;
  SteadyTime next_attempt_ GUARDED_BY(mutex_){};
  std::chrono::milliseconds pause_ GUARDED_BY(mutex_){};
  Error last_failure_ GUARDED_BY(mutex_);
  std::optional<Refused> refused_ GUARDED_BY(mutex_);
};

}  // namespace trellis::providers::redis
