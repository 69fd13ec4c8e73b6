#include "actor/pool.hpp"

#include <fmt/format.h>

#include <thread>
#include <utility>

#include "threads/blocking.hpp"

namespace trellis::actor {
namespace {

/// First place that a thread looks at, so that two threads tend to keep to two instances.
std::size_t first_place(std::size_t places) noexcept {
  thread_local const std::size_t hint =
      std::hash<std::thread::id>{}(std::this_thread::get_id()) >> 5U;
  return hint % places;
}

/// A wait that the graph knows of: it borrows what lies on this stack, so it must forget it however
/// the wait ends.
class InGraph {
 public:
  InGraph(WaitGraph& graph, Wait& wait) noexcept : graph_(graph), wait_(wait) {}
  ~InGraph() { graph_.leave(wait_); }
  InGraph(const InGraph&) = delete;
  InGraph& operator=(const InGraph&) = delete;

 private:
  WaitGraph& graph_;
  Wait& wait_;
};

}  // namespace

Pool::Pool(std::string actor_key, PoolLimits limits, Factory factory, WaitGraph& graph)
    : key_(std::move(actor_key)),
      limits_(limits),
      factory_(std::move(factory)),
      graph_(graph),
      slots_(limits.maximum + limits.reserve) {}

Pool::~Pool() = default;

Result<void> Pool::fill() {
  for (std::size_t i = 0; i < limits_.minimum && i < limits_.maximum; ++i) {
    auto guest = factory_();
    if (!guest) return pass(guest);
    slots_[i].guest = std::move(*guest);
    slots_[i].state.store(State::idle, std::memory_order_release);
  }
  return {};
}

Result<Pool::Lease> Pool::try_take(const CallContext& caller) {
  if (closed_.load(std::memory_order_acquire)) return closed();
  const auto slot = take_in_state(State::idle, caller.depth > 0, caller.chain_id);
  if (slot == no_slot)
    return fail(ErrorCode::busy, fmt::format("all instances of actor {} are in use", key_));
  return lease(slot);
}

Result<Pool::Lease> Pool::take(const CallContext& caller) {
  if (closed_.load(std::memory_order_acquire)) return closed();
  const bool nested = caller.depth > 0;
  // New calls leave what comes free to those that wait already.
  if (nested || waiting_.load(std::memory_order_relaxed) == 0) {
    auto slot = take_in_state(State::idle, nested, caller.chain_id);
    if (slot == no_slot) slot = take_in_state(State::empty, nested, caller.chain_id);
    if (slot != no_slot) return lease(slot);
  }
  return wait_for_place(caller, nested);
}

std::size_t Pool::take_in_state(State wanted, bool nested, std::uint64_t chain) noexcept {
  const auto count = places(nested);
  auto at = first_place(count);
  for (std::size_t i = 0; i < count; ++i, at = at + 1 == count ? 0 : at + 1) {
    auto& slot = slots_[at];
    auto expected = wanted;
    // Sequentially consistent with what give_back() does: a waiter that has made itself visible
    // must not read a state older than the one that was stored before nobody was seen waiting.
    if (slot.state.load() == wanted && slot.state.compare_exchange_strong(expected, State::busy)) {
      slot.holder.store(chain, std::memory_order_release);
      return at;
    }
  }
  return no_slot;
}

Result<Pool::Lease> Pool::lease(std::size_t index) {
  auto& slot = slots_[index];
  slot.calls.fetch_add(1, std::memory_order_relaxed);
  Lease lease(this, index);  // gives the place back, whatever happens
  // Guest is made on the caller's thread and without a lock: the slot is busy, so that it belongs
  // to this call alone.
  if (slot.guest == nullptr) {
    auto guest = factory_();
    if (!guest) return pass(guest);
    slot.guest = std::move(*guest);
  }
  return lease;
}

Result<Pool::Lease> Pool::wait_for_place(const CallContext& caller, bool nested) {
  Waiter waiter;
  waiter.wait.chain = caller.chain_id;
  waiter.wait.nested = nested;
  waiter.wait.resource = this;

  // Wait is announced first: I/O of others may depend on this thread.
  const BlockingScope blocking;
  if (!blocking.allowed()) {
    return fail(ErrorCode::busy, fmt::format("no thread is left to wait for actor {}", key_),
                "raise the number of spare threads, or allow more instances of the actor");
  }
  // Holders and waits change while the graph looks at them; a loop that is real is still there
  // a moment later.
  for (int look = 1; !graph_.enter(waiter.wait); ++look) {
    if (look == 3) return in_chain();
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  const InGraph known(graph_, waiter.wait);
  auto slot = wait_in_line(waiter, caller.deadline);
  if (!slot) return pass(slot);
  return lease(*slot);
}

Result<std::size_t> Pool::wait_in_line(Waiter& waiter, SteadyTime deadline) {
  MutexLock lock(mutex_);
  auto& line = waiter.wait.nested ? nested_line_ : new_line_;
  // Nested calls are not counted: their chain holds instances already, and refusing it would keep
  // those for longer.
  if (!waiter.wait.nested && line.size() >= limits_.waiters) {
    return fail(ErrorCode::busy,
                fmt::format("actor {} is busy: {} calls wait for it already", key_, line.size()),
                "allow more instances of the actor, or call it less often");
  }
  const auto place = line.insert(line.end(), &waiter);
  waiting_.fetch_add(1);
  // Something may have come free before this waiter was visible to those who give back.
  auto slot = take_in_state(State::idle, waiter.wait.nested, waiter.wait.chain);
  if (slot == no_slot) slot = take_in_state(State::empty, waiter.wait.nested, waiter.wait.chain);
  if (slot == no_slot) {
    waiter.woken.wait_until(lock, deadline,
                            [&]() REQUIRES(mutex_) { return waiter.slot != no_slot || closed_; });
    slot = waiter.slot;
  }
  // Waiter that nobody took out of the line leaves it by itself, with the place it found or
  // without.
  if (waiter.slot == no_slot) {
    line.erase(place);
    waiting_.fetch_sub(1);
    if (slot != no_slot) waiter.wait.granted.store(true, std::memory_order_release);
  }
  if (slot != no_slot) return slot;
  if (closed_) return closed();
  return fail(ErrorCode::deadline,
              fmt::format("timed out waiting for a free instance of actor {}", key_),
              "allow more instances of the actor, or a longer call timeout");
}

void Pool::give_back(std::size_t index) noexcept {
  auto& slot = slots_[index];
  auto next = State::idle;
  // Instance that is poisoned, or of an actor that is closed, is destroyed while its place is still
  // busy: nobody meets half of it.
  if (slot.guest == nullptr || !slot.guest->usable() || closed_.load(std::memory_order_relaxed)) {
    if (slot.guest != nullptr && !slot.guest->usable()) {
      slot.replaced.fetch_add(1, std::memory_order_relaxed);
    }
    slot.guest.reset();
    next = State::empty;
  } else {
    slot.guest->idle();
  }
  slot.state.store(next);  // sequentially consistent with waiting_: see wait_in_line
  // Place is free for a moment, and who looks just then may have it; the exchange below says
  // whether it is left for the line.
  auto expected = next;
  if (waiting_.load() != 0 && slot.state.compare_exchange_strong(expected, State::busy)) {
    hand_over(index, next);
  }
  if (draining_.load()) {
    const MutexLock lock(mutex_);
    drained_.notify_all();
  }
}

void Pool::hand_over(std::size_t index, State otherwise) noexcept {
  const MutexLock lock(mutex_);
  auto* line = !nested_line_.empty() ? &nested_line_ : &new_line_;
  // Reserve is for nested calls: new ones get no place beyond the maximum.
  if (line->empty() || (line == &new_line_ && index >= limits_.maximum)) {
    // Under the lock: a waiter that arrives now sees the place free when it looks.
    slots_[index].state.store(otherwise);
    return;
  }
  Waiter& waiter = *line->front();
  line->pop_front();
  waiting_.fetch_sub(1);
  // Holder is set before the wait counts as granted, so that the wait graph always finds the chain
  // as one of the two.
  slots_[index].holder.store(waiter.wait.chain, std::memory_order_release);
  waiter.wait.granted.store(true, std::memory_order_release);
  waiter.slot = index;
  waiter.woken.notify_one();
}

void Pool::close() {
  const MutexLock lock(mutex_);
  closed_ = true;
  for (auto* waiter : nested_line_) waiter->woken.notify_one();
  for (auto* waiter : new_line_) waiter->woken.notify_one();
}

// No Gate: calls wait in line and hold places, which are counted already; a gate would count each
// call once more.
bool Pool::drain(SteadyTime deadline) {
  draining_ = true;
  MutexLock lock(mutex_);
  return drained_.wait_until(lock, deadline, [&]() REQUIRES(mutex_) {
    return waiting_.load() == 0 && statistics().busy == 0;
  });
}

PoolStatistics Pool::statistics() const noexcept {
  PoolStatistics sum;
  for (const auto& slot : slots_) {
    // Sequentially consistent for drain(), which says that it drains and then looks: either it sees
    // the place free, or give_back() sees that somebody drains.
    const auto state = slot.state.load();
    sum.alive += state != State::empty;
    sum.busy += state == State::busy;
    sum.calls += slot.calls.load(std::memory_order_relaxed);
    sum.errors += slot.errors.load(std::memory_order_relaxed);
    sum.replaced += slot.replaced.load(std::memory_order_relaxed);
  }
  return sum;
}

void Pool::for_each_holder(bool nested, const std::function<void(std::uint64_t)>& visit) const {
  // Holders may have changed by the time they are visited; a wait that seems hopeless is looked at
  // again for that reason (wait_for_place).
  for (std::size_t i = 0; i < places(nested); ++i) {
    if (slots_[i].state.load() == State::busy)
      visit(slots_[i].holder.load(std::memory_order_acquire));
  }
}

std::unexpected<Error> Pool::closed() const {
  return fail(ErrorCode::cancelled, fmt::format("actor {} is stopping", key_));
}

std::unexpected<Error> Pool::in_chain() const {
  return fail(ErrorCode::denied,
              fmt::format("actor {} is already executing a call in this chain", key_),
              "allow more instances of the actor, or break the cycle of calls");
}

}  // namespace trellis::actor
