// Memory that a host keeps for others, counted in bytes against one budget: whoever would exceed it
// is told "busy", and nobody can use up what the others need.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace trellis {

/// Kinds of what is kept. Names are those of the inventory and the metrics.
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

}  // namespace trellis
