#include "engine/guest_space.hpp"

#include <sys/mman.h>

#include <cstddef>
#include <utility>
#include <vector>

namespace trellis::engine {
namespace {

/// Address space without memory behind it, for as long as this lives.
class Reservation {
 public:
  explicit Reservation(std::uint64_t bytes) noexcept {
    // Size that a pointer cannot span is never free.
    if (!std::in_range<std::size_t>(bytes)) return;
    size_ = static_cast<std::size_t>(bytes);
    // Addresses alone are asked for: a mapping without access or reserve promises no memory.
    constexpr int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    at_ = ::mmap(nullptr, size_, PROT_NONE, how, -1, 0);
  }
  Reservation(Reservation&& other) noexcept
      : at_(std::exchange(other.at_, MAP_FAILED)), size_(other.size_) {}
  Reservation& operator=(Reservation&&) = delete;
  ~Reservation() {
    if (*this) ::munmap(at_, size_);
  }
  explicit operator bool() const noexcept { return at_ != MAP_FAILED; }

 private:
  void* at_ = MAP_FAILED;
  std::size_t size_ = 0;
};

}  // namespace

bool can_reserve(std::uint64_t bytes) noexcept {
  return static_cast<bool>(Reservation(bytes));
}

bool can_reserve(std::uint64_t whole, std::uint64_t pieces) {
  // Piece that the engine and threads take at a time; addresses in use lie scattered.
  constexpr std::uint64_t piece = std::uint64_t{16} * limits::mib;
  const Reservation first(whole);
  const auto wanted = (pieces + piece - 1) / piece;
  return first && count_reservations(piece, wanted) == wanted;
}

std::uint64_t count_reservations(std::uint64_t bytes, std::uint64_t most) {
  std::vector<Reservation> all;
  while (all.size() < most) {
    Reservation next(bytes);
    if (!next) break;
    all.push_back(std::move(next));
  }
  return all.size();
}

}  // namespace trellis::engine
