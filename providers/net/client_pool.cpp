#include "providers/net/client_pool.hpp"

#include <fmt/format.h>

namespace trellis::providers {

// Waits for a client to come back, as all of a link's calls share a bounded number of connections.
Result<ClientPool::Lent> ClientPool::borrow(SteadyTime deadline) {
  MutexLock lock(mutex_);
  if (!freed_.wait_until(lock, deadline,
                         [&]() REQUIRES(mutex_) { return stopped_ || lent_ < most_; })) {
    return fail(ErrorCode::busy, fmt::format("all {} connections of the link are in use", most_),
                "raise CONNECTIONS of the link, or ask less at a time");
  }
  if (stopped_) return fail(ErrorCode::cancelled, "the provider is stopping");
  std::unique_ptr<http::Client> client;
  // Clients are made when needed, and used again newest first: their connections are most likely
  // still open.
  if (idle_.empty()) {
    client = std::make_unique<http::Client>(settings_);
  } else {
    client = std::move(idle_.back());
    idle_.pop_back();
  }
  ++lent_;
  return Lent(*this, std::move(client));
}

void ClientPool::give_back(std::unique_ptr<http::Client> client) {
  const MutexLock lock(mutex_);
  --lent_;
  if (!stopped_) idle_.push_back(std::move(client));
  freed_.notify_one();
}

void ClientPool::shut_down() {
  const MutexLock lock(mutex_);
  stopped_ = true;
  idle_.clear();
  freed_.notify_all();
}

}  // namespace trellis::providers
