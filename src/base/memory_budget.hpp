// What a host keeps in memory for others, counted in bytes against one budget: whoever would exceed
// it is told "busy", and nobody can use up what the others need (DESIGN 2, "Nobody pays for
// somebody else's load").
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "trellis/result.hpp"

namespace trellis {

/// What is kept. Names are those of the inventory and the metrics.
enum class Held : std::uint8_t {
  http,      ///< bodies of requests and responses under way
  calls,     ///< calls from the lattice that wait or run
  control,   ///< requests of the control socket and the control interface
  claims,    ///< claims learned from the lattice
  links,     ///< links learned from the lattice
  names,     ///< call aliases learned from the lattice
  cache,     ///< the replicated cache with its history and bookkeeping
  delivery,  ///< messages and events on their way to actors
  count
};

[[nodiscard]] std::string_view to_string(Held kind) noexcept;

/// Any thread. By dynamic thresholds one kind may hold twice as much as is free: it gets two thirds
/// while it is alone, and none can take the last.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t bytes) noexcept : limit_(bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  /// False, and counted, when it would be too much.
  [[nodiscard]] bool take(Held kind, std::size_t bytes) noexcept;
  void give_back(Held kind, std::size_t bytes) noexcept;

  struct Figures {
    std::size_t bytes = 0;
    std::uint64_t refused = 0;
  };
  [[nodiscard]] Figures figures(Held kind) const noexcept;
  [[nodiscard]] std::size_t held() const noexcept { return total_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }

 private:
  struct Account {
    std::atomic<std::size_t> bytes{0};
    std::atomic<std::uint64_t> refused{0};
  };

  const std::size_t limit_;
  std::atomic<std::size_t> total_{0};
  std::array<Account, static_cast<std::size_t>(Held::count)> accounts_;
};

/// A part of a budget, given back at the end. Without a budget it counts nothing and refuses
/// nothing. One thread at a time.
class MemoryCharge {
 public:
  MemoryCharge() noexcept = default;
  MemoryCharge(std::shared_ptr<MemoryBudget> budget, Held kind) noexcept
      : budget_(std::move(budget)), kind_(kind) {}
  MemoryCharge(MemoryCharge&& other) noexcept;
  MemoryCharge& operator=(MemoryCharge&& other) noexcept;
  ~MemoryCharge() { resize_down(0); }

  /// A charge of `bytes`, or the error to answer with.
  [[nodiscard]] static Result<MemoryCharge> of(std::shared_ptr<MemoryBudget> budget, Held kind,
                                               std::size_t bytes);

  /// Grows or shrinks to `bytes`; false when it would be too much, then it stays as it is.
  [[nodiscard]] bool resize(std::size_t bytes) noexcept;
  /// Never grows, never fails.
  void resize_down(std::size_t bytes) noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::shared_ptr<MemoryBudget> budget_;
  Held kind_ = Held::http;
  std::size_t bytes_ = 0;
};

/// "busy", with what to do.
[[nodiscard]] std::unexpected<Error> out_of_budget(Held kind);

/// A quarter of the memory that this process may use (of the machine, or of its control group), at
/// least 64 MiB and at most 1 GiB.
[[nodiscard]] std::size_t usual_memory_budget();

}  // namespace trellis
