#include "threads/guest_thread_pool.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "threads/blocking.hpp"

namespace trellis {
namespace {

constexpr std::size_t jobs_per_thread = 128;  // that may wait before new ones are refused
/// Time between two looks at who runs while others wait.
constexpr auto patience = std::chrono::milliseconds(2);
/// A job that lasts for more of them is taken for one that computes for long.
constexpr std::uint64_t looks_of_a_long_job = 2;
/// How long the watch looks on after jobs had to wait, before it sleeps again.
constexpr int calm_looks = 50;

}  // namespace

/// Seat of one thread, on its stack. Under the mutex of the workers, as told to its thread by
/// waits.
struct GuestThreadPool::Seat final : BlockingHooks {
  /// `counted`: as one of those that run; not while it waits, nor once it was found to compute for
  /// long. That lasts to the end of the job: it may go on computing.
  enum class State { counted, waiting, away };

  explicit Seat(GuestThreadPool& owner) : workers(owner) {}
  bool before_block() noexcept override {
    const MutexLock lock(workers.mutex_);
    // Seat that is away was replaced when it was found to be.
    if (state != State::counted) return true;
    state = State::waiting;
    --workers.active_;
    if (workers.waiting_ > 0 && workers.active_ < workers.at_once_) {
      static_cast<void>(workers.let_one_go());
    }
    return true;
  }
  void after_block() noexcept override {
    const MutexLock lock(workers.mutex_);
    if (state != State::waiting) return;
    state = State::counted;
    since = workers.looks_;
    ++workers.active_;
  }

  GuestThreadPool& workers;
  State state = State::counted;
  std::uint64_t since = 0;  ///< the look after which it began, or went on
  bool in_job = false;
};

GuestThreadPool::GuestThreadPool(std::size_t maximum, std::size_t queue_bytes)
    : maximum_(maximum),
      at_once_(std::max<std::size_t>(2, std::thread::hardware_concurrency())),
      queue_bytes_(queue_bytes) {}

GuestThreadPool::~GuestThreadPool() {
  stop();
}

Result<void> GuestThreadPool::post(std::function<void()> job, const JobTerms& terms) {
  const MutexLock lock(mutex_);
  if (stopping_) return fail(ErrorCode::cancelled, "the host is stopping");
  auto owner = owners_.find(terms.owner);
  if (owner == owners_.end()) owner = owners_.try_emplace(std::string(terms.owner)).first;
  owner->second.is_host = terms.owner.empty();
  if (auto room = room_for(owner->second, terms); !room) {
    if (owner->second.jobs.empty() && owner->second.running == 0) owners_.erase(owner);
    return room;
  }
  // Cores are busy, or the owner has its share: the job waits, and the watch sees that it is not
  // forgotten behind threads that compute for long.
  if (active_ >= at_once_ || !may_run(owner->second)) {
    call_watch();
  } else if (auto gone = let_one_go(); !gone && threads_.empty()) {
    // Without any thread the job could never run; with at least one it only waits longer.
    if (owner->second.jobs.empty()) owners_.erase(owner);
    return gone;
  }
  // Memory for both first: an owner without jobs must never have a turn.
  std::list<Owners::iterator> turn;
  if (owner->second.jobs.empty()) turn.push_back(owner);
  owner->second.jobs.push_back({std::move(job), terms.bytes});
  turns_.splice(turns_.end(), turn);
  owner->second.bytes += terms.bytes;
  waiting_bytes_ += terms.bytes;
  ++waiting_;
  return {};
}

Result<void> GuestThreadPool::room_for(const Owner& owner, const JobTerms& terms) const {
  const auto places = maximum_ * jobs_per_thread;
  const auto places_left = places - std::min(places, waiting_);
  const auto bytes_left = queue_bytes_ - std::min(queue_bytes_, waiting_bytes_);
  const bool room =
      owner.is_host ? places_left > 0 && terms.bytes <= bytes_left
                    : owner.jobs.size() < places_left && owner.bytes + terms.bytes <= bytes_left;
  // Job that is alone may be as large as it likes: its size was bounded where it came from.
  if (room || waiting_ == 0) return {};
  return fail(ErrorCode::busy, "too many calls wait for a worker thread of the host",
              "raise HostOptions::worker_threads, or make fewer calls at once");
}

bool GuestThreadPool::may_run(const Owner& owner) const noexcept {
  return owner.is_host || owner.running < 2 * (maximum_ - std::min(maximum_, running_));
}

void GuestThreadPool::call_watch() {
  if (std::exchange(watching_, true)) return;
  if (!watch_.joinable()) watch_ = std::thread([this] { persevere([this] { watch(); }); });
  saturated_.notify_one();
}

/// The first in turn that may have another thread; then it is the first of all.
GuestThreadPool::Owners::iterator GuestThreadPool::next_owner() {
  for (std::size_t left = turns_.size(); left > 0; --left) {
    if (may_run(turns_.front()->second)) return turns_.front();
    turns_.splice(turns_.end(), turns_, turns_.begin());
  }
  return owners_.end();
}

Result<void> GuestThreadPool::let_one_go() {
  // Threads that were told are on their way, each to one job.
  if (idle_ > told_) {
    ++told_;
    ++active_;
    changed_.notify_one();
    return {};
  }
  // Threads are all there: one of them takes the job when it has done its own.
  if (threads_.size() >= maximum_) return {};
  auto thread = GuestThread::start("trellis-worker", [this] { work(); });
  if (!thread) return pass(thread);
  threads_.push_back(std::move(*thread));
  ++active_;
  return {};
}

Result<void> GuestThreadPool::run_and_wait(std::function<void()> job, const JobTerms& terms) {
  Mutex mutex;
  Condition done;
  bool finished = false;
  auto posted = post(
      [&] {
        survived(job);
        const MutexLock lock(mutex);
        finished = true;
        done.notify_one();
      },
      terms);
  if (!posted) return posted;
  // No time limit here: jobs carry deadlines of their own, and this frame is what they write to.
  MutexLock lock(mutex);
  done.wait(lock, [&]() REQUIRES(mutex) { return finished; });
  return {};
}

// Worker counts as active from before it was woken or made.
void GuestThreadPool::work() {
  Seat seat(*this);
  MutexLock lock(mutex_);
  const auto place = seats_.insert(seats_.end(), &seat);
  while (true) {
    // One too many, because another went on after a wait, leaves the rest to those that stay.
    for (auto owner = next_owner(); owner != owners_.end(); owner = next_owner()) {
      run_one(seat, owner);
      if (active_ > at_once_) break;
    }
    --active_;
    if (waiting_ > 0) call_watch();
    if (stopping_ && waiting_ == 0 && running_ == 0) finished_.notify_all();
    ++idle_;
    changed_.wait(lock, [&]() REQUIRES(mutex_) { return ended_ || told_ > 0; });
    --idle_;
    if (ended_) break;
    --told_;
  }
  seats_.erase(place);
}

void GuestThreadPool::run_one(Seat& seat, Owners::iterator owner) {
  auto job = std::move(owner->second.jobs.front());
  owner->second.jobs.pop_front();
  owner->second.bytes -= job.bytes;
  // Owner goes to the end of the line with each job, so that all take turns.
  if (owner->second.jobs.empty()) {
    turns_.pop_front();
  } else {
    turns_.splice(turns_.end(), turns_, turns_.begin());
  }
  ++owner->second.running;
  --waiting_;
  waiting_bytes_ -= job.bytes;
  ++running_;
  seat.since = looks_;
  seat.in_job = true;
  // Owner's entry stays where it is meanwhile: it goes only when nothing of it runs.
  mutex_.unlock();
  {
    const ThreadBlockingHooks tell(&seat);
    survived(job.run);
    job.run = nullptr;  // what it holds is released before the next wait
  }
  mutex_.lock();
  seat.in_job = false;
  // Thread that waited at its end, or was found away, is not among the active ones: now it is
  // again.
  if (std::exchange(seat.state, Seat::State::counted) != Seat::State::counted) ++active_;
  --running_;
  if (--owner->second.running == 0 && owner->second.jobs.empty()) owners_.erase(owner);
}

/// Threads that are in the same job for long make room for others.
void GuestThreadPool::look() {
  ++looks_;
  for (auto* seat : seats_) {
    if (!seat->in_job || seat->state != Seat::State::counted) continue;
    if (looks_ - seat->since < looks_of_a_long_job) continue;
    seat->state = Seat::State::away;
    --active_;
  }
  // One thread is let go for each owner that may run another job, as long as cores are free.
  const auto runnable = [this](const auto& owner)
                            REQUIRES(mutex_) { return may_run(owner->second); };
  for (auto left = static_cast<std::size_t>(std::count_if(turns_.begin(), turns_.end(), runnable));
       left > 0 && active_ < at_once_; --left) {
    if (!let_one_go()) return;
  }
}

void GuestThreadPool::watch() {
  MutexLock lock(mutex_);
  while (!ended_) {
    // Watch sleeps while every job finds a thread at once, so that a host at rest has no ticking
    // thread.
    saturated_.wait(lock, [&]() REQUIRES(mutex_) { return ended_ || watching_; });
    for (int calm = 0; calm < calm_looks && !ended_; ++calm) {
      saturated_.wait_for(lock, patience, [&]() REQUIRES(mutex_) { return ended_; });
      if (waiting_ > 0) calm = 0;
      look();
    }
    watching_ = false;
  }
}

void GuestThreadPool::stop() {
  std::list<GuestThread> threads;
  std::thread watch;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    // Jobs that were accepted are done: somebody waits for their results.
    finished_.wait(lock, [&]() REQUIRES(mutex_) { return waiting_ == 0 && running_ == 0; });
    ended_ = true;
    threads.swap(threads_);
    watch.swap(watch_);
  }
  changed_.notify_all();
  saturated_.notify_all();
  threads.clear();  // joins
  if (watch.joinable()) watch.join();
}

}  // namespace trellis
