#include "provider/call_table.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <thread>

namespace trellis::provider {
namespace {

/// Number of a call: generation of its slot, then chunk, then place in it.
constexpr unsigned slot_bits = std::countr_zero(CallTable::slots_per_chunk);
constexpr unsigned index_bits = std::countr_zero(CallTable::max_calls);
static_assert(CallSlot::generation_bits + index_bits <= 64);

/// Place where this thread looks first: a property of the thread, computed once, so that threads
/// mostly take slots of their own.
std::size_t thread_hash() noexcept {
  thread_local const std::size_t hash = std::hash<std::thread::id>{}(std::this_thread::get_id());
  return hash;
}

std::size_t index_of(trellis_call number) noexcept {
  return static_cast<std::size_t>(number & (CallTable::max_calls - 1));
}

}  // namespace

CallTable::CallTable()
    : shards_(std::bit_ceil(std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 64))) {}

CallTable::~CallTable() {
  for (auto& slot : chunks_) delete slot.load();
}

CallTable::Chunk& CallTable::chunk_or_new(std::size_t index) {
  if (auto* made = chunk(index); made != nullptr) return *made;
  const MutexLock lock(mutex_);
  // Looked at again under the lock. Chunks are never freed before the table: any number may be
  // looked up at any time.
  if (auto* made = chunk(index); made != nullptr) return *made;
  auto* made = new Chunk;
  chunks_[index].store(made, std::memory_order_release);
  return *made;
}

CallTable::Open CallTable::open(const CallContext& context) {
  const auto preferred = thread_hash() & (shards_ - 1);
  for (std::size_t i = 0; i < max_chunks; ++i) {
    // Own chunk first, then those of other threads, then further ones, up to the bound on calls.
    const auto index = i < shards_ ? (preferred + i) & (shards_ - 1) : i;
    auto& from = chunk_or_new(index);
    auto free = from.free.load(std::memory_order_relaxed);
    while (free != 0) {
      const auto bit = static_cast<unsigned>(std::countr_zero(free));
      // Exchange is sequentially consistent: stop() sets its flag and then looks at the taken
      // slots, a caller takes a slot and then looks at the flag; one of them sees the other.
      if (!from.free.compare_exchange_weak(free, free & ~(std::uint64_t{1} << bit))) continue;
      auto& slot = from.slots[bit];
      slot.open(context);
      return {&slot, slot.generation() << index_bits | index << slot_bits | bit};
    }
  }
  return {};
}

void CallTable::close(const Open& call) noexcept {
  free(index_of(call.number));
}

void CallTable::rest(const Open& call) {
  const MutexLock lock(mutex_);
  // Slot of a call that was given up rests before it is used again, so that a late answer is told
  // from one that means nothing.
  resting_.push_back(index_of(call.number));
  if (resting_.size() <= max_resting) return;
  free(resting_.front());
  resting_.pop_front();
}

void CallTable::free(std::size_t index) noexcept {
  auto* home = chunk(index >> slot_bits);
  const auto bit = index & (slots_per_chunk - 1);
  auto& slot = home->slots[bit];
  // Slot whose numbers are used up stays taken for ever; that takes months of nothing but calls.
  if (slot.generation() == CallSlot::last_generation) return;
  slot.set_left(false);
  slot.close();
  home->free.fetch_or(std::uint64_t{1} << bit);
}

CallTable::Found CallTable::find(trellis_call number) const noexcept {
  const auto index = index_of(number);
  auto* home = chunk(index >> slot_bits);
  const auto generation = number >> index_bits;
  // Number is whatever the plugin says; any that leads nowhere finds nothing.
  if (home == nullptr || generation == 0) return {};
  return {&home->slots[index & (slots_per_chunk - 1)], generation};
}

template <class Visit>
void CallTable::for_each(Visit&& visit) const {
  for (std::size_t i = 0; i < max_chunks; ++i) {
    auto* home = chunk(i);
    if (home == nullptr) continue;
    const auto taken = ~home->free.load();
    for (std::size_t bit = 0; bit < slots_per_chunk; ++bit) {
      visit(home->slots[bit], (taken >> bit & 1U) != 0);
    }
  }
}

void CallTable::interrupt_all() noexcept {
  for_each([](CallSlot& slot, bool taken) {
    if (taken) slot.interrupt();
  });
}

bool CallTable::any_inside() const noexcept {
  bool inside = false;
  for_each([&](const CallSlot& slot, bool taken) { inside |= taken && !slot.left(); });
  return inside;
}

CallTable::Totals CallTable::totals() const noexcept {
  Totals sum;
  for_each([&](const CallSlot& slot, bool) {
    sum.calls += slot.calls();
    sum.errors += slot.errors();
  });
  return sum;
}

}  // namespace trellis::provider
