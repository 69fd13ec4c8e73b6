// One telnet session: moves bytes between a socket and a Terminal, and lines to the actor.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.hpp"
#include "providers/net/asio.hpp"
#include "providers/net/sweeper.hpp"
#include "providers/telnet/options.hpp"
#include "providers/telnet/terminal.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::telnet {

/// Server of a session, as far as the session needs it. Any thread.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  /// Tells the actor and waits for its answer; an error when it failed or said no success.
  [[nodiscard]] virtual Result<void> started(const std::string& session,
                                             std::chrono::milliseconds timeout) = 0;
  [[nodiscard]] virtual Result<void> received(const std::string& session, std::string line,
                                              std::chrono::milliseconds timeout) = 0;
  virtual void ended(const std::string& session) = 0;
};

/// Public functions may be called from any thread. Reading, editing and calling the actor are one
/// chain: one handler at a time, so a client waits with its next line until the actor is done with
/// the last. Writing is another, so what the actor sends meanwhile goes out at once. A client that
/// does not take its output is not read from either, and cut off after a time.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<SessionOwner> owner, std::string id,
          std::shared_ptr<const Options> options, const Clock& clock, Socket socket);

  /// Begins; `refusal`: only says that and ends.
  void start(std::string_view refusal = {});
  /// Appends to what is sent. Errors: not_found when the session is over; limit when the client
  /// takes too slowly what it is sent.
  [[nodiscard]] Result<void> send(std::string_view text);
  /// Says `text`, ends sending, and closes when the client does, or soon after.
  void end(std::string_view text);
  /// Closes now.
  void cut();
  /// Ends what has taken too long. `now` as Clock::coarse().
  void sweep(SteadyTime now);
  [[nodiscard]] const std::string& id() const noexcept { return id_; }

 private:
  enum class Waiting : std::uint8_t { terminal, line, actor, closing };

  void wait_for(Waiting what, std::chrono::milliseconds allowed);  // locks mutex_
  void run();
  void read();
  void on_read(std::size_t count);
  void yield();
  [[nodiscard]] bool begin();
  [[nodiscard]] bool deliver(std::string line);
  [[nodiscard]] bool handle(Event event);
  /// False when the reader must wait until the client has taken some.
  [[nodiscard]] bool has_room();
  void write_some() REQUIRES(mutex_);
  void put(std::string_view text) REQUIRES(mutex_);
  void on_write(std::size_t count);

  const std::shared_ptr<SessionOwner> owner_;
  const std::string id_;
  const std::shared_ptr<const Options> options_;
  const Clock& clock_;

  // Members of the reading chain.
  Terminal terminal_;
  std::string input_;
  std::array<char, 4096> buffer_{};

  Mutex mutex_;  // a socket may be used by one thread at a time
  Socket socket_ GUARDED_BY(mutex_);
  std::string output_ GUARDED_BY(mutex_);       ///< waits behind writing_
  std::string writing_ GUARDED_BY(mutex_);      ///< written by nobody while a write is under way
  std::size_t written_ GUARDED_BY(mutex_) = 0;  ///< of writing_
  bool write_pending_ GUARDED_BY(mutex_) = false;
  bool reader_waits_ GUARDED_BY(mutex_) = false;
  bool closing_ GUARDED_BY(mutex_) = false;
  bool over_ GUARDED_BY(mutex_) = false;
  Waiting waiting_ GUARDED_BY(mutex_) = Waiting::terminal;
  Deadline deadline_;        ///< of what is waited for
  Deadline write_deadline_;  ///< of the write under way
};

}  // namespace trellis::providers::telnet
