#include "engine/watchdog.hpp"

#include <algorithm>

#include "threads/waiting.hpp"

namespace trellis::engine {

Watchdog::Watchdog(std::size_t capacity, const Clock& clock) : clock_(clock) {
  // Room is made for all guests at once: arming is on the path of each call and shall not allocate.
  heap_.reserve(capacity);
  thread_ = std::thread([this] { run(); });
}

Watchdog::~Watchdog() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Watchdog::arm(Entry& entry, SteadyTime deadline) {
  bool sleeps_too_long = false;
  {
    const MutexLock lock(mutex_);
    entry.deadline_ = deadline;
    entry.fired_ = false;
    heap_.push_back(&entry);
    place(heap_.size() - 1, entry);
    sift_up(entry.position_);
    sleeps_too_long = deadline < wakes_at_;
    if (sleeps_too_long) wakes_at_ = deadline;
  }
  // Waking a thread costs a hundred times the rest, and deadlines mostly grow: an early wake-up
  // that finds nothing to do (see run()) is far cheaper than one per call.
  if (sleeps_too_long) changed_.notify_one();
}

bool Watchdog::disarm(Entry& entry) noexcept {
  const MutexLock lock(mutex_);
  // Entry that has fired was taken out of the heap by run().
  if (!entry.fired_) remove(entry);
  return entry.fired_;
}

void Watchdog::run() noexcept {
  MutexLock lock(mutex_);
  while (!stopping_) {
    const auto now = clock_.steady();
    while (!heap_.empty() && heap_.front()->deadline_ <= now) {
      Entry& due = *heap_.front();
      remove(due);
      due.fired_ = true;
      due.target_.interrupt();
    }
    // Time of the next wake-up is noted under the lock: arm() sees by it whether this thread sleeps
    // too long.
    wakes_at_ = heap_.empty() ? SteadyTime::max() : heap_.front()->deadline_;
    if (heap_.empty()) {
      changed_.wait(lock);
    } else {
      changed_.wait_for(lock, wait_span(now, wakes_at_));
    }
  }
}

void Watchdog::place(std::size_t position, Entry& entry) noexcept {
  heap_[position] = &entry;
  entry.position_ = position;
}

void Watchdog::sift_up(std::size_t position) noexcept {
  Entry& moving = *heap_[position];
  while (position != 0) {
    const std::size_t parent = (position - 1) / 2;
    if (heap_[parent]->deadline_ <= moving.deadline_) break;
    place(position, *heap_[parent]);
    position = parent;
  }
  place(position, moving);
}

void Watchdog::sift_down(std::size_t position) noexcept {
  Entry& moving = *heap_[position];
  // Earlier child moves up, until both are later than the entry that moves down.
  for (;;) {
    std::size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->deadline_ < heap_[child]->deadline_) ++child;
    if (moving.deadline_ <= heap_[child]->deadline_) break;
    place(position, *heap_[child]);
    position = child;
  }
  place(position, moving);
}

void Watchdog::remove(Entry& entry) noexcept {
  const std::size_t hole = entry.position_;
  Entry& last = *heap_.back();
  heap_.pop_back();
  if (&last == &entry) return;
  // Last entry fills the hole, and may belong above it or below it.
  place(hole, last);
  sift_up(hole);
  sift_down(last.position_);
}

}  // namespace trellis::engine
