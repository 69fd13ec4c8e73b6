// Locks whose use the compiler checks: what a lock guards says so (GUARDED_BY), and clang's
// -Wthread-safety, an error in `make lint`, refuses code that touches it without.
#pragma once

#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "trellis/clock.hpp"

#if defined(__clang__)
#define TRELLIS_CHECKED(attribute) __attribute__((attribute))
#else
#define TRELLIS_CHECKED(attribute)
#endif

/// A member that is read and written under this lock only.
#define GUARDED_BY(lock) TRELLIS_CHECKED(guarded_by(lock))
/// A function, or a lambda, that is called with the lock held.
#define REQUIRES(...) TRELLIS_CHECKED(requires_capability(__VA_ARGS__))
/// The same where the lock may be shared with others that only read.
#define REQUIRES_SHARED(...) TRELLIS_CHECKED(requires_shared_capability(__VA_ARGS__))
/// A function that takes the lock itself: not to be called with it held.
#define EXCLUDES(...) TRELLIS_CHECKED(locks_excluded(__VA_ARGS__))
/// Code that cannot be checked, with the reason beside it.
#define NOT_CHECKED TRELLIS_CHECKED(no_thread_safety_analysis)

namespace trellis {

/// A std::mutex. Any thread.
class TRELLIS_CHECKED(capability("mutex")) Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() TRELLIS_CHECKED(acquire_capability()) { mutex_.lock(); }
  void unlock() TRELLIS_CHECKED(release_capability()) { mutex_.unlock(); }
  [[nodiscard]] bool try_lock() TRELLIS_CHECKED(try_acquire_capability(true)) {
    return mutex_.try_lock();
  }
  /// For the compiler only: the caller knows that this thread holds it, where that cannot be seen.
  void assume_held() const TRELLIS_CHECKED(assert_capability(this)) {}

 private:
  friend class MutexLock;
  std::mutex mutex_;
};

/// Holds a lock as long as it lives, but for what happens between unlock() and lock(). One thread.
class TRELLIS_CHECKED(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) TRELLIS_CHECKED(acquire_capability(mutex))
      : lock_(mutex.mutex_) {}
  ~MutexLock() TRELLIS_CHECKED(release_capability()) {}
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void unlock() TRELLIS_CHECKED(release_capability()) { lock_.unlock(); }
  void lock() TRELLIS_CHECKED(acquire_capability()) { lock_.lock(); }

 private:
  friend class Condition;
  std::unique_lock<std::mutex> lock_;
};

/// Lets go of a lock that the caller holds as long as it lives, for what must not be done under it:
/// for functions that REQUIRE the lock. One thread.
class TRELLIS_CHECKED(scoped_lockable) MutexUnlock {
 public:
  explicit MutexUnlock(Mutex& mutex) TRELLIS_CHECKED(release_capability(mutex)) : mutex_(mutex) {
    mutex_.unlock();
  }
  ~MutexUnlock() TRELLIS_CHECKED(release_capability()) { mutex_.lock(); }
  MutexUnlock(const MutexUnlock&) = delete;
  MutexUnlock& operator=(const MutexUnlock&) = delete;

 private:
  Mutex& mutex_;
};

/// Waits for what another thread changes under the same lock. A condition that reads guarded
/// members is a lambda with REQUIRES:
///     changed_.wait(lock, [this]() REQUIRES(mutex_) { return done_; });
/// Any thread.
class Condition {
 public:
  void notify_one() noexcept { condition_.notify_one(); }
  void notify_all() noexcept { condition_.notify_all(); }

  void wait(MutexLock& lock) { condition_.wait(lock.lock_); }
  /// The next two may return early: for loops that look again.
  void wait_until(MutexLock& lock, SteadyTime deadline) {
    condition_.wait_until(lock.lock_, deadline);
  }
  /// False when the time is over.
  template <class Duration>
  bool wait_for(MutexLock& lock, Duration time) {
    return condition_.wait_for(lock.lock_, time) == std::cv_status::no_timeout;
  }
  template <class Until>
  void wait(MutexLock& lock, Until until) {
    condition_.wait(lock.lock_, std::move(until));
  }
  /// False when `until` still does not hold at `deadline`.
  template <class Until>
  bool wait_until(MutexLock& lock, SteadyTime deadline, Until until) {
    return condition_.wait_until(lock.lock_, deadline, std::move(until));
  }
  template <class Duration, class Until>
  bool wait_for(MutexLock& lock, Duration time, Until until) {
    return condition_.wait_for(lock.lock_, time, std::move(until));
  }

 private:
  std::condition_variable condition_;
};

/// A std::shared_mutex: many read at once, who writes is alone. For what is read often and written
/// seldom. Any thread.
class TRELLIS_CHECKED(capability("shared_mutex")) SharedMutex {
 public:
  SharedMutex() = default;
  SharedMutex(const SharedMutex&) = delete;
  SharedMutex& operator=(const SharedMutex&) = delete;

 private:
  friend class ReadLock;
  friend class WriteLock;
  std::shared_mutex mutex_;
};

/// Reads beside others that read, as long as it lives. One thread.
class TRELLIS_CHECKED(scoped_lockable) ReadLock {
 public:
  explicit ReadLock(SharedMutex& mutex) TRELLIS_CHECKED(acquire_shared_capability(mutex))
      : lock_(mutex.mutex_) {}
  ~ReadLock() TRELLIS_CHECKED(release_capability()) {}
  ReadLock(const ReadLock&) = delete;
  ReadLock& operator=(const ReadLock&) = delete;

 private:
  std::shared_lock<std::shared_mutex> lock_;
};

/// Nobody else reads or writes as long as it lives. One thread.
class TRELLIS_CHECKED(scoped_lockable) WriteLock {
 public:
  explicit WriteLock(SharedMutex& mutex) TRELLIS_CHECKED(acquire_capability(mutex))
      : lock_(mutex.mutex_) {}
  ~WriteLock() TRELLIS_CHECKED(release_capability()) {}
  WriteLock(const WriteLock&) = delete;
  WriteLock& operator=(const WriteLock&) = delete;

 private:
  std::unique_lock<std::shared_mutex> lock_;
};

/// A value with the lock it needs. Any thread.
template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  /// Result of `use` on the value, which nobody else touches meanwhile.
  template <class Use>
  decltype(auto) with(Use use) {
    const MutexLock lock(mutex_);
    return use(value_);
  }
  template <class Use>
  decltype(auto) with(Use use) const {
    const MutexLock lock(mutex_);
    return use(value_);
  }

 private:
  mutable Mutex mutex_;
  T value_ GUARDED_BY(mutex_);
};

}  // namespace trellis
