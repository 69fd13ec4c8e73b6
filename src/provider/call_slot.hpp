// The place where one call's answer arrives, whoever brings it, however often and however late.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "base/call_context.hpp"
#include "base/call_limits.hpp"
#include "base/mutex.hpp"
#include "trellis/bytes.hpp"
#include "trellis/clock.hpp"
#include "trellis/provider.h"

namespace trellis::provider {

/// How a call ended, as the provider said it.
struct Answer {
  trellis_status status = TRELLIS_ERROR;
  Bytes bytes;
};

/// Outcome of a completion.
enum class Completion {
  accepted,
  late,      ///< the caller had given up
  repeated,  ///< completed before, or no such call
};

enum class WaitEnd { answered, deadline, stopped };

/// A CallContext that is written by one thread while others may read it: every word is atomic, and
/// readers compare the slot's generation before and after. Costs the writer plain stores.
class SharedContext {
 public:
  void store(const CallContext& context) noexcept;
  [[nodiscard]] CallContext load() const noexcept;

 private:
  std::atomic<std::uint64_t> chain_id_{0};
  std::atomic<SteadyTime::rep> deadline_{0};
  std::atomic<std::uint32_t> depth_{0};
  std::array<std::atomic<EntityId>, limits::chain_depth> chain_{};
};

/// Used for one call after the other, each with a generation of its own. States of a generation:
///
///   idle ──open──> open ──complete──> writing ──> done ──close──> (next generation) idle
///                   └────abandon───> abandoned ──complete──> late ──recycle──> (next) idle
///
/// The owner is the thread that makes the call: open, wait, answer, abandon, close, left. Any
/// thread: complete, context, is_open, interrupt. The slot's memory lives as long as the table, so
/// that any number a provider ever got can be looked up.
class alignas(64) CallSlot {
 public:
  static constexpr unsigned generation_bits = 48;
  static constexpr std::uint64_t last_generation = (std::uint64_t{1} << generation_bits) - 1;

  [[nodiscard]] std::uint64_t generation() const noexcept;

  void open(const CallContext& context) noexcept;
  /// Whether the answer is there; the quick look before wait().
  [[nodiscard]] bool answered() const noexcept;
  /// Until the answer comes, `deadline` passes or `stopping` is set (then: interrupt()). After
  /// anything but `answered` the call is abandoned.
  WaitEnd wait(SteadyTime deadline, const Clock& clock, const std::atomic<bool>& stopping);
  /// Requires answered().
  [[nodiscard]] Answer take_answer() noexcept { return std::move(answer_); }
  /// Gives up the call; false when the answer came first.
  bool abandon() noexcept;
  /// Ends a generation that is done, or recycles one that was abandoned.
  void close() noexcept;

  /// Whether the provider's handle_call has been left by the owner's own thread (inline calls).
  void set_left(bool left) noexcept { left_.store(left, std::memory_order_release); }
  [[nodiscard]] bool left() const noexcept { return left_.load(std::memory_order_acquire); }

  Completion complete(std::uint64_t generation, Answer&& answer) noexcept;
  [[nodiscard]] bool is_open(std::uint64_t generation) const noexcept;
  [[nodiscard]] bool is_abandoned(std::uint64_t generation) const noexcept;
  /// Nothing when the call has ended.
  [[nodiscard]] std::optional<CallContext> context(std::uint64_t generation) const noexcept;
  /// Makes a waiting owner look at `stopping` again.
  void interrupt() noexcept;

  /// Counted by the owner while it owns the slot, so without read-modify-write.
  void count_call(bool failed) noexcept;
  [[nodiscard]] std::uint64_t calls() const noexcept {
    return calls_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t errors() const noexcept {
    return errors_.load(std::memory_order_relaxed);
  }

 private:
  enum Phase : std::uint64_t { idle, open_, writing, done, abandoned, late };
  static constexpr std::uint64_t phase_mask = 7;
  static constexpr std::uint64_t waiter = 8;  ///< the owner sleeps: wake it
  static constexpr unsigned generation_shift = 4;

  static Phase phase_of(std::uint64_t state) noexcept {
    return static_cast<Phase>(state & phase_mask);
  }
  static std::uint64_t word(std::uint64_t generation, Phase phase) noexcept {
    return generation << generation_shift | phase;
  }

  std::atomic<std::uint64_t> state_{word(1, idle)};
  std::atomic<bool> left_{false};
  Answer answer_;  ///< written in `writing`, read by the owner in `done`
  SharedContext context_;
  std::atomic<std::uint64_t> calls_{0};
  std::atomic<std::uint64_t> errors_{0};
  Mutex mutex_;  ///< only for sleeping and waking
  Condition wake_;
};

}  // namespace trellis::provider
