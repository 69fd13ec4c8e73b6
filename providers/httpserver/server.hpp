// The server of one provider instance: threads and time limits shared by the sites of all actors.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "providers/httpserver/io_pool.hpp"
#include "providers/httpserver/site.hpp"
#include "trellis/clock.hpp"

namespace trellis::providers::httpserver {

/// Usable without any host: give it threads, a log and a handler for each site. Functions may be
/// called from any thread that is not one of its own; for one site by one thread at a time.
class Server {
 public:
  struct Config {
    unsigned threads = 1;  ///< for sites that do not say how many; usually the number of cores
    unsigned spares = 64;  ///< threads that may block beyond these
  };
  /// `threads` must outlive the server.
  Server(ThreadSource& threads, Log log, const Config& config);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Begins to serve; listens when it returns. `label` appears in log lines.
  [[nodiscard]] Result<std::shared_ptr<Site>> open(std::string label, const Options& options,
                                                   std::shared_ptr<RequestHandler> handler);
  /// Site::configure, and the threads that the new options want.
  [[nodiscard]] Result<> reconfigure(Site& site, const Options& options);
  /// Refuses new connections from now on; requests under way may finish in their time. Returns at
  /// once.
  void close(const std::shared_ptr<Site>& site);
  /// Closes all sites, lets requests finish, cuts what is left shortly before `deadline`, and ends
  /// all threads. A handler that has not returned by then is waited for.
  void stop(SteadyTime deadline);

  /// Addresses of all sites, for people.
  [[nodiscard]] std::vector<std::string> urls() const;

 private:
  [[nodiscard]] Result<> update_threads();
  void start_sweeping();
  void sweep();
  [[nodiscard]] bool has_connections() const;

  const Log log_;
  const Config config_;
  IoPool pool_;
  mutable std::mutex mutex_;                  // taken before that of a site
  std::vector<std::shared_ptr<Site>> sites_;  // under mutex_; closed ones until they are empty
  net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>,
                            Executor>
      timer_;               // under sweep_mutex_
  std::mutex sweep_mutex_;  // taken with no other held
  bool sweeping_ = false;   // under sweep_mutex_
  std::mutex empty_mutex_;
  std::condition_variable emptied_;
};

}  // namespace trellis::providers::httpserver
