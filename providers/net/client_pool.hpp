// HTTP clients that calls share, each with the connections it keeps.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/mutex.hpp"
#include "http/client.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::providers {

/// Any thread. The client used last is used next, so that a link with little to do keeps few
/// connections. Must outlive what it lent.
class ClientPool {
 public:
  ClientPool(http::Settings settings, std::size_t most)
      : settings_(std::move(settings)), most_(most) {
    settings_.of_link = true;
  }
  ClientPool(const ClientPool&) = delete;
  ClientPool& operator=(const ClientPool&) = delete;

  /// A client for one caller at a time; goes back when it is destroyed.
  class Lent {
   public:
    Lent(ClientPool& pool, std::unique_ptr<http::Client> client)
        : pool_(&pool), client_(std::move(client)) {}
    Lent(Lent&& other) noexcept = default;
    Lent& operator=(Lent&&) = delete;
    ~Lent() {
      if (client_) pool_->give_back(std::move(client_));
    }
    http::Client* operator->() const noexcept { return client_.get(); }

   private:
    ClientPool* pool_;
    std::unique_ptr<http::Client> client_;
  };

  /// Waits for one until `deadline` of std::chrono::steady_clock. Errors: busy, cancelled.
  [[nodiscard]] Result<Lent> borrow(SteadyTime deadline);
  /// Ends all waiting, now and later.
  void shut_down();

 private:
  void give_back(std::unique_ptr<http::Client> client);

  http::Settings settings_;  // as made
  const std::size_t most_;
  Mutex mutex_;
  Condition freed_;
  std::vector<std::unique_ptr<http::Client>> idle_ GUARDED_BY(mutex_);
  std::size_t lent_ GUARDED_BY(mutex_) = 0;
  bool stopped_ GUARDED_BY(mutex_) = false;
};

}  // namespace trellis::providers
