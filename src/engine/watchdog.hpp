// Stops guests at their deadlines: one thread, a heap of deadlines, no allocation per call.
#pragma once

#include <cstddef>
#include <thread>
#include <vector>

#include "base/mutex.hpp"
#include "trellis/clock.hpp"

namespace trellis::engine {

/// Target of the watchdog. The call happens under the watchdog's lock and must be short.
class Interruptible {
 public:
  virtual ~Interruptible() = default;
  virtual void interrupt() noexcept = 0;
};

/// One thread for all guests of the process. Any thread may arm and disarm.
///
/// Interrupts are made under the lock that disarm() takes: once disarm() has returned none is under
/// way, so a late one never hits the next call. Lock order: `mutex_`, then the engine's own.
class Watchdog {
 public:
  /// Place of one guest in the heap; a member of the guest, used by one call at a time.
  class Entry {
   public:
    explicit Entry(Interruptible& target) noexcept : target_(target) {}
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    friend class Watchdog;
    Interruptible& target_;
    SteadyTime deadline_{};
    std::size_t position_ = 0;
    bool fired_ = false;
  };

  /// `capacity` entries can be armed without allocating; more work too. `clock` outlives it.
  Watchdog(std::size_t capacity, const Clock& clock);
  ~Watchdog();  ///< no entry may be armed any more
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// Asks for an interrupt at `deadline`. The entry must not be armed.
  void arm(Entry& entry, SteadyTime deadline);
  /// Takes the entry back; true when it was interrupted meanwhile.
  [[nodiscard]] bool disarm(Entry& entry) noexcept;

 private:
  void run() noexcept;
  void place(std::size_t position, Entry& entry) noexcept REQUIRES(mutex_);
  void sift_up(std::size_t position) noexcept REQUIRES(mutex_);
  void sift_down(std::size_t position) noexcept REQUIRES(mutex_);
  void remove(Entry& entry) noexcept REQUIRES(mutex_);

  const Clock& clock_;
  Mutex mutex_;
  Condition changed_;
  std::vector<Entry*> heap_ GUARDED_BY(mutex_);  ///< earliest first
  SteadyTime wakes_at_ GUARDED_BY(mutex_) = SteadyTime::max();
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace trellis::engine
