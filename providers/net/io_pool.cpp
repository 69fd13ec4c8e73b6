#include "providers/net/io_pool.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "base/guard.hpp"

namespace trellis::providers {

/// Account of one thread. `state` is written by the thread, and by those who hold the pool's mutex.
struct IoPool::Seat {
  explicit Seat(IoPool& owner) noexcept : pool(owner) {}
  IoPool& pool;
  Share* share = nullptr;    ///< of the handler it is in
  SteadyTime waits_since{};  ///< of the thread
  std::atomic<std::uint64_t> state{outside};
  std::uint64_t seen = 0;  ///< at the last look; under the pool's mutex
};

namespace {

// Property of the thread: where the pool that it belongs to keeps account of it.
thread_local IoPool::Seat* seat_here = nullptr;

/// Dynamic threshold: an owner may have `times` as many threads away as spares are left for
/// everybody, so that none can take the last.
bool may_send_away(unsigned of_owner, unsigned of_all, unsigned spares, unsigned times) noexcept {
  return of_owner < times * (spares - std::min(of_all, spares));
}

}  // namespace

/// Makes the current thread one of the pool's.
class IoPool::Seated {
 public:
  explicit Seated(IoPool& pool) : seat_(pool) {
    const MutexLock lock(pool.mutex_);
    pool.seats_.push_back(&seat_);
    seat_here = &seat_;
  }
  ~Seated() {
    const MutexLock lock(seat_.pool.mutex_);
    std::erase(seat_.pool.seats_, &seat_);
    seat_here = nullptr;
  }
  Seated(const Seated&) = delete;
  Seated& operator=(const Seated&) = delete;

 private:
  Seat seat_;
};

IoPool::IoPool(ThreadSource& source, const Clock& clock, Log log, std::string_view name,
               unsigned spares)
    : source_(source),
      clock_(clock),
      log_(std::move(log)),
      name_(name),
      spares_(spares),
      work_(context_.get_executor()) {}

IoPool::~IoPool() {
  stop();
}

Result<void> IoPool::set_target(unsigned target) {
  const MutexLock lock(mutex_);
  // Threads beyond a smaller target park by themselves, see run().
  target_ = target;
  while (!stopping_ && running_ < target) {
    if (parked_ > 0) {
      --parked_;
      ++calls_;
      ++running_;
      unparked_.notify_one();
    } else if (auto added = add_thread(); !added) {
      return added;
    }
  }
  return {};
}

/// Starts a thread that counts as running from now on. The lock is open meanwhile: the new thread,
/// or the host, may need it. Whoever holds it by a MutexLock holds it again afterwards.
Result<void> IoPool::add_thread() {
  // Room is made first: a thread that runs already cannot be given up while the lock is held.
  threads_.reserve(total_ + 1);
  ++total_;
  ++running_;
  mutex_.unlock();
  auto thread = contained([&] { return source_.start(name_, [this] { run(); }, *this); });
  mutex_.lock();
  if (!thread) {
    --total_;
    --running_;
    return pass(thread);
  }
  threads_.push_back(std::move(*thread));
  return {};
}

/// Sees to it that enough threads run, now that one fewer does. False when no more may exist.
/// Parked ones come first, as they cost nothing.
bool IoPool::replace() {
  if (running_ >= target_) return true;
  if (parked_ > 0) {
    --parked_;
    ++calls_;
    ++running_;
    unparked_.notify_one();
    return true;
  }
  if (stopping_ || total_ >= target_ + spares_) return false;
  return add_thread().has_value();
}

/// Counts a thread as away. Its state says so already, or is about to.
void IoPool::send_away(Seat& seat) noexcept {
  ++away_;
  ++seat.share->away_;
  --running_;
}

void IoPool::come_back(Seat& seat) noexcept {
  --away_;
  --seat.share->away_;
  ++running_;
}

/// Follows waits slowly up and quickly down: a wait now and then that lasts says little, and many
/// threads that wait at once make each other's waits longer than they would be.
void IoPool::Share::note_wait(std::chrono::nanoseconds time) noexcept {
  constexpr std::int64_t brief = std::chrono::nanoseconds(brief_wait).count();
  const auto usual = usual_wait_ns_.load(std::memory_order_relaxed);
  const auto longer = time.count() - usual;
  const auto change = longer < 0 ? longer / 4 : std::min(longer / 8, brief / 8);
  usual_wait_ns_.store(std::min(usual + change, 2 * brief), std::memory_order_relaxed);
}

bool IoPool::Share::waits_briefly() const noexcept {
  return usual_wait_ns_.load(std::memory_order_relaxed) <
         std::chrono::nanoseconds(brief_wait).count();
}

bool IoPool::before_block() noexcept {
  try {
    Seat& seat = *seat_here;
    seat.waits_since = clock_.steady();
    const bool can_be_taken_over = parked_.load(std::memory_order_relaxed) > 0;
    // Brief waits are not worth a change of threads: the watch takes over where one lasts after
    // all.
    if (can_be_taken_over && (seat.state.load() & state_mask) == inside &&
        seat.share->waits_briefly()) {
      return true;
    }
    const MutexLock lock(mutex_);
    const auto state = seat.state.load();
    if ((state & state_mask) == outside) {
      --running_;  // first, so that nobody sees one too many and parks
      if (replace()) return true;
      ++running_;
      return false;
    }
    // Replaced by the watch already: it may wait as long as it likes.
    if ((state & state_mask) == away) return true;
    if (!may_send_away(seat.share->away_, away_, spares_, 2)) return false;
    seat.state.store(state - inside + away);
    send_away(seat);
    if (replace()) return true;
    come_back(seat);
    seat.state.store(state);
    return false;
  } catch (...) {
    return false;
  }
}

/// Thread that was replaced inside a handler stays away until that returns: it may go on computing.
void IoPool::after_block() noexcept {
  Seat& seat = *seat_here;
  if ((seat.state.load() & state_mask) != outside) {
    seat.share->note_wait(clock_.steady() - seat.waits_since);
    return;
  }
  const MutexLock lock(mutex_);
  ++running_;
}

IoPool::Handling::Handling(Share& share) noexcept {
  Seat* seat = seat_here;
  if (seat == nullptr) return;
  IoPool& pool = seat->pool;
  // Threshold is wider than for waits: a request that need not wait is served while those that do
  // are refused.
  admitted_ = may_send_away(share.away_, pool.away_, pool.spares_, 4);
  if (!admitted_) return;
  seat->share = &share;
  seat->state.store((seat->state.load(std::memory_order_relaxed) & ~state_mask) + step + inside);
  if (!pool.watching_.load()) pool.wake_watch();
}

IoPool::Handling::~Handling() {
  Seat* seat = seat_here;
  if (seat == nullptr || !admitted_) return;
  const auto before = seat->state.load(std::memory_order_relaxed);
  // Watch may send the thread away at this very moment; the exchange says whether it has.
  const auto was = seat->state.exchange((before & ~state_mask) + outside);
  if ((was & state_mask) != away) return;
  const MutexLock lock(seat->pool.mutex_);
  seat->pool.come_back(*seat);
}

void IoPool::wake_watch() noexcept {
  try {
    const MutexLock lock(mutex_);
    if (stopping_ || watching_.exchange(true)) return;
    if (!watch_.joinable()) watch_ = std::thread([this] { persevere([this] { watch(); }); });
    watched_.notify_one();
  } catch (...) {
    watching_ = false;  // no thread to be had: the next request tries again
  }
}

/// Sleeps while nothing is handled, so that an idle host wakes for nothing.
void IoPool::watch() {
  constexpr int calm_looks = 50;
  MutexLock lock(mutex_);
  while (!stopping_) {
    watched_.wait(lock, [this]() REQUIRES(mutex_) { return stopping_ || watching_; });
    for (int calm = 0; calm < calm_looks && !stopping_; ++calm) {
      watched_.wait_for(lock, patience, [this]() REQUIRES(mutex_) { return stopping_.load(); });
      if (look()) calm = 0;
    }
    watching_ = false;
    // Handler that began meanwhile has seen that somebody watches, and has woken nobody.
    const auto is_inside = [](const Seat* seat) {
      return (seat->state.load() & state_mask) == inside;
    };
    if (std::any_of(seats_.begin(), seats_.end(), is_inside)) watching_ = true;
  }
}

/// Replaces threads that are in the same handler as at the last look. False when none is in one.
bool IoPool::look() {
  bool busy = false;
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    Seat& seat = *seats_[i];
    auto state = seat.state.load();
    if ((state & state_mask) != inside) continue;
    busy = true;
    // Same value as at the last look means the same handler, since the count above the state tells
    // one from the next.
    if (std::exchange(seat.seen, state) != state) continue;
    if (!seat.state.compare_exchange_strong(state, state - inside + away)) continue;
    send_away(seat);
    if (replace()) return true;  // seats may have changed meanwhile
    auto still = state - inside + away;
    if (seat.state.compare_exchange_strong(still, state)) come_back(seat);
    return true;
  }
  return busy;
}

void IoPool::run() {
  const Seated seated(*this);
  while (!stopping_) {
    run_one();
    if (running_.load(std::memory_order_relaxed) > target_.load(std::memory_order_relaxed)) {
      survived([this] { park(); });
    }
  }
}

/// Runs one handler, and not run(): a thread must be able to leave after any.
void IoPool::run_one() {
  try {
    context_.run_one();
  } catch (const std::exception& error) {
    survived([&] { log_.error("a handler on {} failed: {}", name_, error.what()); });
  } catch (...) {
    survived([&] { log_.error("a handler on {} failed", name_); });
  }
}

void IoPool::park() {
  MutexLock lock(mutex_);
  if (running_ <= target_ || stopping_) return;
  // Work that the last handler of this thread left in the queue was announced to nobody, because
  // this thread was expected to take it: another one is woken.
  net::post(context_, [] {});
  --running_;
  ++parked_;
  unparked_.wait(lock, [this]() REQUIRES(mutex_) { return calls_ > 0 || stopping_; });
  if (calls_ > 0) --calls_;
}

void IoPool::stop() {
  std::thread watch;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    context_.stop();
    unparked_.notify_all();
    watched_.notify_all();
    watch = std::move(watch_);
  }
  if (watch.joinable()) watch.join();
  // Threads are ended while there are some: one that ends now may just have started another. They
  // are joined without the lock, which they need.
  for (std::vector<std::unique_ptr<PoolThread>> ending;; ending.clear()) {
    const MutexLock lock(mutex_);
    if (threads_.empty()) return;
    ending.swap(threads_);
  }
}

}  // namespace trellis::providers
