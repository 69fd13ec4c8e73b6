// Stop what is new, wait for what is under way: how everything that serves calls comes to its end.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "base/mutex.hpp"
#include "trellis/clock.hpp"

namespace trellis {

/// Whoever enters an open gate is waited for; a closed one lets nobody in, for ever. Entering takes
/// no lock. Any thread; it must outlive its entries, which wait() makes sure of.
class Gate {
 public:
  /// Having been let in, or not. Leaves at its end. A value: each copy is inside for itself, also
  /// one that is made after the gate was closed.
  class Entry {
   public:
    Entry() = default;
    Entry(const Entry& other) noexcept : gate_(other.gate_) {
      if (gate_ != nullptr) gate_->state_.fetch_add(one);
    }
    Entry(Entry&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Entry& operator=(Entry other) noexcept {
      std::swap(gate_, other.gate_);
      return *this;
    }
    ~Entry() {
      if (gate_ != nullptr) gate_->leave();
    }
    [[nodiscard]] explicit operator bool() const noexcept { return gate_ != nullptr; }

   private:
    friend class Gate;
    explicit Entry(Gate& gate) noexcept : gate_(&gate) {}
    Gate* gate_ = nullptr;
  };

  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// False when it is closed: what is behind it must not be touched then.
  [[nodiscard]] Entry enter() noexcept {
    if ((state_.fetch_add(one) & closed_bit) == 0) return Entry(*this);
    leave();
    return {};
  }
  /// Lets nobody in from now on.
  void close() noexcept {
    const MutexLock lock(mutex_);
    state_.fetch_or(closed_bit);
  }
  /// Until nobody is inside any more. After close().
  void wait() {
    MutexLock lock(mutex_);
    left_.wait(lock, [this]() REQUIRES(mutex_) { return empty(); });
  }
  /// False when somebody still is at `deadline`.
  [[nodiscard]] bool wait_until(SteadyTime deadline) {
    MutexLock lock(mutex_);
    return left_.wait_until(lock, deadline, [this]() REQUIRES(mutex_) { return empty(); });
  }
  /// Whether wait() would return at once, for who looks now and then. After close().
  [[nodiscard]] bool is_empty() {
    const MutexLock lock(mutex_);
    return empty();
  }

  [[nodiscard]] bool is_closed() const noexcept { return (state_.load() & closed_bit) != 0; }
  /// How many are inside; known to be true only for a moment.
  [[nodiscard]] std::uint64_t inside() const noexcept { return state_.load() / one; }

 private:
  static constexpr std::uint64_t closed_bit = 1;
  static constexpr std::uint64_t one = 2;

  [[nodiscard]] bool empty() const noexcept { return state_.load() < one; }

  // The last one out of a closed gate tells under the lock: who waits may destroy the gate as soon
  // as it has the lock, and not before.
  void leave() noexcept {
    auto state = state_.load();
    while ((state & closed_bit) == 0) {
      if (state_.compare_exchange_weak(state, state - one)) return;
    }
    const MutexLock lock(mutex_);
    state_.fetch_sub(one);
    if (empty()) left_.notify_all();
  }

  std::atomic<std::uint64_t> state_{0};  ///< those inside, times two, and the closed bit
  Mutex mutex_;
  Condition left_;
};

}  // namespace trellis
