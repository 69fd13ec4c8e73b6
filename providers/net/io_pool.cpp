#include "providers/net/io_pool.hpp"

#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

namespace trellis::providers {

IoPool::IoPool(ThreadSource& source, Log log, std::string_view name, unsigned spares)
    : source_(source),
      log_(std::move(log)),
      name_(name),
      spares_(spares),
      work_(context_.get_executor()) {}

IoPool::~IoPool() {
  stop();
}

Result<> IoPool::set_target(unsigned target) {
  Lock lock(mutex_);
  target_ = target;
  while (!stopping_ && running_ < target) {
    if (parked_ > 0) {
      --parked_;
      ++calls_;
      ++running_;
      unparked_.notify_one();
    } else if (auto added = add_thread(lock); !added) {
      return added;
    }
  }
  return {};
}

/// Starts a thread that counts as running from now on. The lock is open meanwhile: the new thread,
/// or the host, may need it.
Result<> IoPool::add_thread(Lock& lock) {
  ++total_;
  ++running_;
  lock.unlock();
  auto thread = source_.start(name_, [this] { run(); }, *this);
  lock.lock();
  if (!thread) {
    --total_;
    --running_;
    return pass(thread);
  }
  threads_.push_back(std::move(*thread));
  return {};
}

bool IoPool::before_block() noexcept {
  try {
    Lock lock(mutex_);
    if (running_ > target_) {
      --running_;
      return true;
    }
    if (parked_ > 0) {
      --parked_;
      ++calls_;  // the one that wakes counts as running in our place
      unparked_.notify_one();
      return true;
    }
    if (stopping_ || total_ >= target_ + spares_) return false;
    --running_;  // first, so that nobody sees one too many and parks
    if (add_thread(lock)) return true;
    ++running_;
    return false;
  } catch (...) {
    return false;
  }
}

void IoPool::after_block() noexcept {
  const std::lock_guard lock(mutex_);
  ++running_;
}

void IoPool::run() {
  while (!stopping_) {
    run_one();
    if (running_.load(std::memory_order_relaxed) > target_.load(std::memory_order_relaxed)) park();
  }
}

/// Not run(): a thread must be able to leave after any handler.
void IoPool::run_one() {
  try {
    context_.run_one();
  } catch (const std::exception& error) {
    log_.error("a handler on {} failed: {}", name_, error.what());
  } catch (...) {
    log_.error("a handler on {} failed", name_);
  }
}

void IoPool::park() {
  Lock lock(mutex_);
  if (running_ <= target_ || stopping_) return;
  --running_;
  ++parked_;
  // What the last handler of this thread left in the queue was announced to nobody, because this
  // thread was expected to take it: wake another one.
  net::post(context_, [] {});
  unparked_.wait(lock, [this] { return calls_ > 0 || stopping_; });
  if (calls_ > 0) --calls_;
}

void IoPool::stop() {
  {
    const Lock lock(mutex_);
    stopping_ = true;
    context_.stop();
    unparked_.notify_all();
  }
  // Again while there are some: a thread that ends now may just have started another.
  for (std::vector<std::unique_ptr<PoolThread>> ending;; ending.clear()) {
    const Lock lock(mutex_);
    if (threads_.empty()) return;
    ending.swap(threads_);
  }
}

}  // namespace trellis::providers
