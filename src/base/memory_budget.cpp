#include "base/memory_budget.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>
#include <utility>

namespace trellis {
namespace {

constexpr std::size_t mib = std::size_t{1024} * 1024;

/// Memory of the machine, as far as it can be addressed.
std::size_t memory_of_machine() {
  const auto pages = ::sysconf(_SC_PHYS_PAGES);
  const auto page = ::sysconf(_SC_PAGE_SIZE);
  // Machine that does not tell is taken for a small one.
  if (pages <= 0 || page <= 0) return 256 * mib;
  const auto bytes = static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page);
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(bytes, std::numeric_limits<std::size_t>::max()));
}

/// The bound of the control group (version 2), where there is one.
std::size_t memory_of_group() {
  // Bound of the group itself counts; those of groups above it are not looked for.
  std::ifstream own("/proc/self/cgroup");
  for (std::string line; std::getline(own, line);) {
    if (!line.starts_with("0::/")) continue;
    std::ifstream file("/sys/fs/cgroup" + line.substr(3) + "/memory.max");
    std::uint64_t bytes = 0;
    if (file >> bytes && bytes < std::numeric_limits<std::size_t>::max()) {
      return static_cast<std::size_t>(bytes);
    }
  }
  return std::numeric_limits<std::size_t>::max();
}

}  // namespace

std::string_view to_string(Held kind) noexcept {
  switch (kind) {
    case Held::http: return "http";
    case Held::calls: return "calls";
    case Held::control: return "control";
    case Held::claims: return "claims";
    case Held::links: return "links";
    case Held::names: return "names";
    case Held::cache: return "cache";
    case Held::delivery: return "delivery";
    case Held::count: break;
  }
  return "?";
}

bool MemoryBudget::take(Held kind, std::size_t bytes) noexcept {
  auto& account = accounts_[static_cast<std::size_t>(kind)];
  if (bytes <= limit_) {
    // Bytes are added first and taken back when they are too many: two threads may both be refused
    // where one would fit, and never both be let in.
    const auto total = total_.fetch_add(bytes) + bytes;
    const auto own = account.bytes.fetch_add(bytes) + bytes;
    // Kind may hold twice as much as is left for all, which is two thirds of everything while it is
    // alone. Halves are compared, because the double could wrap.
    if (total <= limit_ && own / 2 + own % 2 <= limit_ - total) return true;
    total_.fetch_sub(bytes);
    account.bytes.fetch_sub(bytes);
  }
  account.refused.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void MemoryBudget::give_back(Held kind, std::size_t bytes) noexcept {
  accounts_[static_cast<std::size_t>(kind)].bytes.fetch_sub(bytes);
  total_.fetch_sub(bytes);
}

MemoryBudget::Figures MemoryBudget::figures(Held kind) const noexcept {
  const auto& account = accounts_[static_cast<std::size_t>(kind)];
  return {account.bytes.load(std::memory_order_relaxed),
          account.refused.load(std::memory_order_relaxed)};
}

MemoryCharge::MemoryCharge(MemoryCharge&& other) noexcept
    : budget_(std::move(other.budget_)),
      kind_(other.kind_),
      bytes_(std::exchange(other.bytes_, 0)) {}

MemoryCharge& MemoryCharge::operator=(MemoryCharge&& other) noexcept {
  if (this == &other) return *this;
  resize_down(0);
  budget_ = std::move(other.budget_);
  kind_ = other.kind_;
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

Result<MemoryCharge> MemoryCharge::of(std::shared_ptr<MemoryBudget> budget, Held kind,
                                      std::size_t bytes) {
  MemoryCharge charge(std::move(budget), kind);
  if (!charge.resize(bytes)) return out_of_budget(kind);
  return charge;
}

bool MemoryCharge::resize(std::size_t bytes) noexcept {
  if (bytes > bytes_) {
    if (budget_ && !budget_->take(kind_, bytes - bytes_)) return false;
    bytes_ = bytes;
  }
  resize_down(bytes);
  return true;
}

void MemoryCharge::resize_down(std::size_t bytes) noexcept {
  if (bytes >= bytes_) return;
  if (budget_) budget_->give_back(kind_, bytes_ - bytes);
  bytes_ = bytes;
}

std::unexpected<Error> out_of_budget(Held kind) {
  return fail(ErrorCode::busy,
              fmt::format("the host is busy: what it keeps for {} fills its memory budget",
                          to_string(kind)),
              "try again, or give the host a larger --memory-budget-mb");
}

std::size_t usual_memory_budget() {
  return std::clamp(std::min(memory_of_machine(), memory_of_group()) / 4, 64 * mib, 1024 * mib);
}

}  // namespace trellis
