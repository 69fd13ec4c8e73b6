// Calls in flight, by number.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "base/mutex.hpp"
#include "provider/call_slot.hpp"
#include "trellis/provider.h"

namespace trellis::provider {

/// Gives out slots without a lock and without allocating: chunks of 64 slots with a bitmap of the
/// free ones. A thread prefers the chunk its id falls on, so that threads seldom share a cache
/// line. Numbers name chunk, slot and generation; none is given out twice. Any thread.
class CallTable {
 public:
  CallTable();
  ~CallTable();
  CallTable(const CallTable&) = delete;
  CallTable& operator=(const CallTable&) = delete;

  struct Open {
    CallSlot* slot = nullptr;
    trellis_call number = TRELLIS_NO_CALL;
  };
  /// A slot for a call; without one when too many calls are in flight (`max_calls`).
  [[nodiscard]] Open open(const CallContext& context);
  /// Ends an answered call (or one that never reached the provider).
  void close(const Open& call) noexcept;
  /// Ends a call that was given up. The slot rests for a while, so that a late answer is
  /// told from a repeated one.
  void rest(const Open& call);

  struct Found {
    CallSlot* slot = nullptr;
    std::uint64_t generation = 0;
  };
  /// The slot a number names, whether or not that call still lives; none for invented numbers.
  [[nodiscard]] Found find(trellis_call number) const noexcept;

  /// Makes all waiting callers look at their `stopping` flag.
  void interrupt_all() noexcept;
  /// Whether a caller is inside handle_call on its own thread (see CallSlot::left).
  [[nodiscard]] bool any_inside() const noexcept;

  struct Totals {
    std::uint64_t calls = 0;
    std::uint64_t errors = 0;
  };
  [[nodiscard]] Totals totals() const noexcept;

  static constexpr std::size_t slots_per_chunk = 64;
  static constexpr std::size_t max_chunks = 256;
  static constexpr std::size_t max_calls = slots_per_chunk * max_chunks;
  static constexpr std::size_t max_resting = 256;

 private:
  struct Chunk {
    alignas(64) std::atomic<std::uint64_t> free{~std::uint64_t{0}};
    std::array<CallSlot, slots_per_chunk> slots;
  };

  [[nodiscard]] Chunk* chunk(std::size_t index) const noexcept {
    return chunks_[index].load(std::memory_order_acquire);
  }
  [[nodiscard]] Chunk& chunk_or_new(std::size_t index);
  void free(std::size_t index) noexcept;
  template <class Visit>
  void for_each(Visit&& visit) const;

  std::size_t shards_;  ///< chunks that threads prefer; a power of two
  std::array<std::atomic<Chunk*>, max_chunks> chunks_{};
  Mutex mutex_;                                         ///< also for making chunks
  std::deque<std::size_t> resting_ GUARDED_BY(mutex_);  ///< slots of abandoned calls, oldest first
};

}  // namespace trellis::provider
