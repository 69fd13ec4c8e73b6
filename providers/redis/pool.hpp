// Connections to one Redis server, shared by the links that name it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.hpp"
#include "providers/redis/connection.hpp"

namespace trellis::providers::redis {

/// What makes two pools the same.
struct Settings {
  Address address;
  std::size_t connections = 8;  ///< at most, calls beyond wait
  std::chrono::milliseconds connect_timeout{2000};
  std::chrono::milliseconds command_timeout{5000};

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
  explicit Pool(Settings settings);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// The answer, which may be an error answer. A command is sent once: when its connection breaks,
  /// whether the server carried it out is unknown. Errors name the server: busy (no connection
  /// became free), unavailable, deadline, denied, cancelled, malformed, limit.
  [[nodiscard]] Result<Reply> ask(const Command& command, SteadyTime deadline);

  /// Whether the server answers now: whatever failed before is tried again, and when all
  /// connections are in use another one is made.
  [[nodiscard]] Result<> ping(SteadyTime deadline);

  /// Ends all waiting with an error, and everything later.
  void shut_down() noexcept;

  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }

 private:
  struct Idle {
    Connection connection;
    SteadyTime since;
  };

  [[nodiscard]] Result<Reply> exchange(const Command& command, bool insist, SteadyTime deadline);
  [[nodiscard]] Result<Connection> take(bool insist, SteadyTime deadline);
  [[nodiscard]] Result<Connection> connect(SteadyTime deadline);
  void give_back(Connection connection);
  [[nodiscard]] std::optional<Connection> take_idle();
  [[nodiscard]] Result<> may_connect() const;
  void note_failure(const Error& error);
  void leave();
  [[nodiscard]] Error named(Error error) const;

  const Settings settings_;
  const Descriptor wake_;  ///< readable once shut down

  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<Idle> idle_;  ///< the one used last at the end
  std::size_t in_use_ = 0;  ///< being made ones included
  bool stopped_ = false;
  SteadyTime next_attempt_{};
  std::chrono::milliseconds pause_{};
  Error last_failure_;
};

}  // namespace trellis::providers::redis
