#include "host/lattice/connection.hpp"

#include <utility>

namespace trellis::host {

using nats::TransportState;

Connection::Connection(std::unique_ptr<nats::Transport> transport, std::string label,
                       SerialExecutor& executor, Log log)
    : transport_(std::move(transport)),
      label_(std::move(label)),
      executor_(executor),
      log_(std::move(log)) {}

Connection::~Connection() {
  close();
}

void Connection::watch(std::function<void()> connected) {
  {
    const MutexLock lock(mutex_);
    connected_ = std::move(connected);
  }
  transport_->on_state_change([this](TransportState state) { changed(state); });
  changed(transport_->state());  // it may have been made before anybody looked
}

void Connection::changed(TransportState state) {
  std::function<void()> job;
  {
    const MutexLock lock(mutex_);
    // State that is known already is told once: watch(), wait() and the transport's callback may
    // all bring it.
    if (seen_ == state) return;
    seen_ = state;
    if (state == TransportState::connected) job = connected_;
  }
  moved_.notify_all();
  if (state == TransportState::connected) log_.info("{}: connected", label_);
  if (state == TransportState::disconnected) {
    log_.warn("{}: lost the connection to NATS; local calls go on, trying again", label_);
  }
  // Job is handed on: this is a thread of the transport, which must not wait.
  if (job) executor_.post(std::move(job));
}

bool Connection::wait(SteadyTime deadline) {
  // State is asked for once more: what the transport has not told yet counts, too.
  changed(transport_->state());
  MutexLock lock(mutex_);
  return moved_.wait_until(lock, deadline,
                           [&]() REQUIRES(mutex_) { return seen_ == TransportState::connected; });
}

ConnectionState state_of(const Connection* connection) {
  if (connection == nullptr) return ConnectionState::none;
  switch (connection->transport().state()) {
    case TransportState::connecting: return ConnectionState::connecting;
    case TransportState::connected: return ConnectionState::connected;
    default: return ConnectionState::disconnected;
  }
}

void Connection::close() {
  // Callback first: none may run on an object that is going away.
  transport_->on_state_change(nullptr);
  transport_->close();
}

}  // namespace trellis::host
