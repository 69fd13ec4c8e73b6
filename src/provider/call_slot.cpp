#include "provider/call_slot.hpp"

#include <algorithm>
#include <utility>

#include "base/call_limits.hpp"
#include "threads/waiting.hpp"

namespace trellis::provider {

// Stores are release, after the state word announced a new generation; loads are acquire, before it
// is read again: a reader that mixes two generations sees the word changed.
void SharedContext::store(const CallContext& context) noexcept {
  const auto depth = std::min<std::uint32_t>(context.depth, limits::chain_depth);
  chain_id_.store(context.chain_id, std::memory_order_release);
  deadline_.store(context.deadline.time_since_epoch().count(), std::memory_order_release);
  depth_.store(depth, std::memory_order_release);
  for (std::uint32_t i = 0; i < depth; ++i) {
    chain_[i].store(context.chain[i], std::memory_order_release);
  }
}

CallContext SharedContext::load() const noexcept {
  CallContext context;
  context.chain_id = chain_id_.load(std::memory_order_acquire);
  context.deadline = SteadyTime(SteadyTime::duration(deadline_.load(std::memory_order_acquire)));
  context.depth = depth_.load(std::memory_order_acquire);
  for (std::uint32_t i = 0; i < context.depth; ++i) {
    context.chain[i] = chain_[i].load(std::memory_order_acquire);
  }
  return context;
}

std::uint64_t CallSlot::generation() const noexcept {
  return state_.load(std::memory_order_relaxed) >> generation_shift;
}

void CallSlot::open(const CallContext& context) noexcept {
  context_.store(context);
  state_.store(word(generation(), open_), std::memory_order_release);
}

bool CallSlot::answered() const noexcept {
  return phase_of(state_.load(std::memory_order_acquire)) == done;
}

WaitEnd CallSlot::wait(SteadyTime deadline, const Clock& clock, const std::atomic<bool>& stopping) {
  MutexLock lock(mutex_);
  // Waiter is announced under the lock: whoever completes sees it and takes the lock to wake, so
  // that no wake-up is lost.
  state_.fetch_or(waiter);
  for (;;) {
    const auto phase = phase_of(state_.load(std::memory_order_acquire));
    if (phase == done) return WaitEnd::answered;
    if (phase != open_) {  // being written: the answer is certain
      wake_.wait(lock);
      continue;
    }
    const bool stop = stopping.load();
    const auto now = clock.steady();
    if (stop || now >= deadline) {
      // Answer may have come at this very moment; then it is taken and not thrown away.
      if (abandon()) return stop ? WaitEnd::stopped : WaitEnd::deadline;
      continue;
    }
    wake_.wait_for(lock, wait_span(now, deadline));
  }
}

bool CallSlot::abandon() noexcept {
  auto state = state_.load(std::memory_order_relaxed);
  // Phase only leaves `open_` once, either way: completing and giving up race for it.
  while (phase_of(state) == open_) {
    if (state_.compare_exchange_weak(state, word(generation(), abandoned))) return true;
  }
  return false;
}

void CallSlot::close() noexcept {
  // New generation: numbers that the plugin still has mean nothing from here on.
  state_.store(word(generation() + 1, idle), std::memory_order_release);
}

Completion CallSlot::complete(std::uint64_t generation, Answer&& answer) noexcept {
  auto state = state_.load(std::memory_order_acquire);
  for (;;) {
    // Number may be years old or made up; only that of the call of now counts.
    if (state >> generation_shift != generation) return Completion::repeated;
    const auto phase = phase_of(state);
    if (phase == abandoned) {
      if (state_.compare_exchange_weak(state, word(generation, late))) return Completion::late;
      continue;
    }
    if (phase != open_) return Completion::repeated;
    if (state_.compare_exchange_weak(state, word(generation, writing) | (state & waiter))) break;
  }
  // Phase `writing` is this thread's alone: the owner waits for `done`, other completions are
  // repeated ones.
  answer_ = std::move(answer);
  // Waiter may have announced itself while the answer was written, so it is looked for only now.
  const auto before = state_.exchange(word(generation, done), std::memory_order_acq_rel);
  if ((before & waiter) != 0) interrupt();
  return Completion::accepted;
}

bool CallSlot::is_open(std::uint64_t generation) const noexcept {
  const auto state = state_.load(std::memory_order_acquire);
  return state >> generation_shift == generation && phase_of(state) == open_;
}

bool CallSlot::is_abandoned(std::uint64_t generation) const noexcept {
  const auto state = state_.load(std::memory_order_acquire);
  const auto phase = phase_of(state);
  return state >> generation_shift == generation && (phase == abandoned || phase == late);
}

std::optional<CallContext> CallSlot::context(std::uint64_t generation) const noexcept {
  if (!is_open(generation)) return std::nullopt;
  auto context = context_.load();
  // Looked at again: what was read may be of the next call.
  if (!is_open(generation)) return std::nullopt;
  return context;
}

void CallSlot::interrupt() noexcept {
  // Taking the lock makes sure that the owner sleeps or will look again; see wait().
  const MutexLock lock(mutex_);
  wake_.notify_all();
}

void CallSlot::count_call(bool failed) noexcept {
  calls_.store(calls_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  if (failed) errors_.store(errors_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace trellis::provider
