// One connection of this host to the message network, and what is to be done when it comes (back).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "nats/transport.hpp"
#include "threads/serial_executor.hpp"
#include "trellis/host_types.hpp"

namespace trellis::host {

/// Any thread.
class Connection {
 public:
  /// `connected` runs on the serial executor after each time the connection was made, the first
  /// included.
  Connection(std::unique_ptr<nats::Transport> transport, std::string label,
             SerialExecutor& executor, Log log);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Begins to watch the state.
  void watch(std::function<void()> connected);
  /// False when the server has not answered by then; the connection goes on trying.
  [[nodiscard]] bool wait(SteadyTime deadline);
  [[nodiscard]] bool up() const { return transport_->state() == nats::TransportState::connected; }
  [[nodiscard]] nats::Transport& transport() const noexcept { return *transport_; }
  void close();

 private:
  void changed(nats::TransportState state);

  const std::unique_ptr<nats::Transport> transport_;
  const std::string label_;
  SerialExecutor& executor_;
  const Log log_;
  Mutex mutex_;
  Condition moved_;
  std::function<void()> connected_ GUARDED_BY(mutex_);
  nats::TransportState seen_ GUARDED_BY(mutex_) = nats::TransportState::connecting;
};

/// As people are told it; none for null.
[[nodiscard]] ConnectionState state_of(const Connection* connection);

}  // namespace trellis::host
