// The server of one provider instance: which actor is served on which address, threads, time
// limits.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"
#include "providers/httpserver/placement.hpp"
#include "providers/httpserver/served_address.hpp"
#include "providers/net/io_pool.hpp"
#include "providers/net/sweeper.hpp"
#include "trellis/clock.hpp"

namespace trellis::providers::httpserver {

/// Usable without any host: give it threads, a log and a handler for each label. Functions may be
/// called from any thread that is not one of its own.
class Server {
 public:
  struct Config {
    unsigned threads = 1;  ///< for options that do not say how many; usually the number of cores
    unsigned spares =
        96;  ///< threads that may block or compute for long beyond these; 64 for one actor
    MemorySource* memory = nullptr;  ///< counts bodies; null: nobody does; outlives the server
    std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
  };
  /// `threads` must outlive the server.
  Server(ThreadSource& threads, Log log, const Config& config);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Serves `label` (an actor, in log lines too) as the options say, in place of what they said
  /// before; listens when it returns. Addresses that stay keep their connections, which use the new
  /// options from their next request on; connections of other addresses live on. Nothing of other
  /// labels is touched. When it fails everything is as it was.
  [[nodiscard]] Result<void> put(const std::string& label, const Options& options,
                                 std::shared_ptr<RequestHandler> handler);
  /// Refuses new connections for `label` from now on, on shared addresses new requests; requests
  /// under way may finish in their time. Returns at once.
  void remove(std::string_view label);
  /// Closes all addresses, lets requests finish, cuts what is left shortly before `deadline`, and
  /// ends all threads. A handler that has not returned by then is waited for.
  void stop(SteadyTime deadline);

  /// All addresses, for people.
  [[nodiscard]] std::vector<std::string> urls() const;

 private:
  [[nodiscard]] Result<void> open_wanted(Change& change);
  [[nodiscard]] static std::vector<ClosedAddress> close_left(const Change& change);
  void commit(Change& change);
  void leave(Place& place, std::string_view label);
  void log_change(const Change& change) const;
  [[nodiscard]] unsigned threads_for(const Change& change) const;
  [[nodiscard]] Places places() const;
  void sweep();
  [[nodiscard]] bool has_connections() const;

  const Log log_;
  const Config config_;
  Mutex empty_mutex_;  // both outlive the connections, which the pool holds
  Condition emptied_;
  IoPool pool_;
  Mutex change_mutex_;                // one change at a time; taken before all others
  mutable Mutex mutex_;               // taken before that of a site
  Places places_ GUARDED_BY(mutex_);  ///< those that no longer listen until they are empty
  Sweeper sweeper_;
};

}  // namespace trellis::providers::httpserver
