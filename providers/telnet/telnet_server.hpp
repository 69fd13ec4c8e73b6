// The telnet server of one actor: its addresses and its sessions.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/random.hpp"
#include "providers/net/io_pool.hpp"
#include "providers/net/listener_set.hpp"
#include "providers/telnet/session.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers::telnet {

/// Functions may be called from any thread, except configure and close: by one at a time.
class TelnetServer final : public SessionOwner, public std::enable_shared_from_this<TelnetServer> {
 public:
  /// `on_session` is called for each new session, `on_empty` when the last one ends; both from any
  /// thread, and they must not call back.
  struct Notices {
    std::function<void()> on_session;
    std::function<void()> on_empty;
  };
  [[nodiscard]] static std::shared_ptr<TelnetServer> make(sdk23::Host host, const Clock& clock,
                                                          Log log, net::io_context& context,
                                                          std::string actor, Notices notices);

  /// Listens on what is new and closes what is gone; sessions go on, new ones have the new options.
  /// When it fails everything stays as it was.
  [[nodiscard]] Result<void> configure(const Options& options);
  /// Text for a session. Errors: not_found when there is none of that id; limit as Session::send.
  [[nodiscard]] Result<void> send(std::string_view session, std::string_view text);
  /// New connections are refused from now on, and sessions end.
  void close();
  void cut_sessions();
  void sweep(SteadyTime now);

  [[nodiscard]] std::size_t sessions() const;
  /// Closed, and the last session has ended.
  [[nodiscard]] bool over() const;
  [[nodiscard]] std::vector<Endpoint> addresses() const { return listeners_->addresses(); }

  Result<void> started(const std::string& session, std::chrono::milliseconds timeout) override;
  Result<void> received(const std::string& session, std::string line,
                        std::chrono::milliseconds timeout) override;
  void ended(const std::string& session) override;

 private:
  TelnetServer(sdk23::Host host, const Clock& clock, Log log, std::string actor, Notices notices);
  void accepted(Socket socket);
  [[nodiscard]] std::vector<std::shared_ptr<Session>> all_sessions() const;
  [[nodiscard]] Result<void> tell(std::string_view operation, ByteView payload,
                                  std::chrono::milliseconds timeout) const;

  const sdk23::Host host_;
  const Clock& clock_;
  const Log log_;
  const std::string actor_;
  mutable IoPool::Share share_;  ///< of the threads that may be away for the actor
  const Notices notices_;
  SystemRandom random_;
  std::unique_ptr<ListenerSet> listeners_;  // set before the server is shared
  mutable Mutex mutex_;                     // not held while a session is called
  std::shared_ptr<const Options> options_ GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<Session>, std::less<>> sessions_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace trellis::providers::telnet
