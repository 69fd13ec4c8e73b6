#include "lattice/replay_window.hpp"

#include <sodium.h>

#include <algorithm>
#include <bit>

namespace trellis::lattice {
namespace {

static_assert(crypto_generichash_BYTES_MIN <= 16 && crypto_generichash_BYTES_MAX >= 16);

/// Secret of this process: without it nobody can make ids that collide, or that all fall into one
/// shard.
std::array<std::uint64_t, 2> new_secret(Random& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  return std::bit_cast<std::array<std::uint64_t, 2>>(bytes);
}

}  // namespace

ReplayWindow::ReplayWindow(std::chrono::seconds length, std::size_t capacity, Random& random)
    : length_(length),
      capacity_(std::max<std::size_t>(1, capacity / shard_count)),
      secret_(new_secret(random)) {}

// Fingerprint has 128 bits of a keyed hash: a chance collision would refuse a call, once in 2^90 or
// so. Ids themselves are not kept, since their length is the sender's choice.
ReplayWindow::Fingerprint ReplayWindow::fingerprint(std::string_view id) const noexcept {
  std::array<std::uint8_t, 16> out{};
  const auto key = std::bit_cast<std::array<std::uint8_t, 16>>(secret_);
  crypto_generichash(out.data(), out.size(), reinterpret_cast<const unsigned char*>(id.data()),
                     id.size(), key.data(), key.size());
  return std::bit_cast<Fingerprint>(out);
}

bool ReplayWindow::accept(std::string_view id, SteadyTime now) {
  if (length_.count() == 0) return true;
  const auto print = fingerprint(id);
  auto& shard = shards_[print[1] % shard_count];
  const MutexLock lock(shard.mutex);
  // Old ids leave when new ones come, which needs no timer and no thread.
  while (!shard.order.empty() && (shard.order.front().when + length_ <= now)) {
    shard.ids.erase(shard.order.front().id);
    shard.order.pop_front();
  }
  if (!shard.ids.insert(print).second) return false;
  shard.order.push_back({now, print});
  // Full shard forgets its oldest id: memory stays bounded, and calls go on.
  if (shard.order.size() > capacity_) {
    shard.ids.erase(shard.order.front().id);
    shard.order.pop_front();
  }
  return true;
}

std::size_t ReplayWindow::size() const {
  std::size_t all = 0;
  for (const auto& shard : shards_) {
    const MutexLock lock(shard.mutex);
    all += shard.order.size();
  }
  return all;
}

}  // namespace trellis::lattice
