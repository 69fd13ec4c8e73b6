// Parts of a memory budget (trellis/memory_budget.hpp) and what is usual.
#pragma once

#include <cstddef>
#include <memory>

#include "trellis/memory_budget.hpp"
#include "trellis/result.hpp"

namespace trellis {

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
