// The addresses of one link, when nobody shares them.
#pragma once

#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "providers/net/listener.hpp"

namespace trellis::providers {

/// Functions may be called from any thread, except configure and close: by one at a time.
class ListenerSet {
 public:
  /// `label` names the owner in log lines, `accepted` receives each new connection on an I/O
  /// thread, also one that is just coming while the set closes.
  ListenerSet(net::io_context& context, const Clock& clock, Log log, std::string label,
              Listener::Accepted accepted);

  /// Listens on what is new and closes what is gone. When it fails everything stays as it was.
  /// Errors: unavailable, naming the address.
  [[nodiscard]] Result<void> configure(const std::vector<Endpoint>& wanted);
  void close();
  /// With the real ports.
  [[nodiscard]] std::vector<Endpoint> addresses() const;

 private:
  using Listeners = std::vector<std::shared_ptr<Listener>>;

  [[nodiscard]] Result<Listeners> open_missing(const std::vector<Endpoint>& wanted) const;
  [[nodiscard]] Result<void> reopen(const Endpoint& address);
  std::vector<Endpoint> drop_unwanted(const std::vector<Endpoint>& wanted);
  void adopt(const Listeners& opened);

  net::io_context& context_;
  const Clock& clock_;
  const Log log_;
  const std::string label_;
  const Listener::Accepted accepted_;
  mutable Mutex mutex_;
  Listeners listeners_ GUARDED_BY(mutex_);  ///< written only by configure and close
};

}  // namespace trellis::providers
