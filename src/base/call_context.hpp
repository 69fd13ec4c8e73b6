// Context of a call inside the host: who is already on its chain, and how long it may take.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/call_limits.hpp"
#include "trellis/clock.hpp"

namespace trellis {

/// Names one loaded entity (an actor version or a provider instance) within a process. Never
/// reused.
using EntityId = std::uint64_t;

/// A value: each level of a chain has its own copy with one entity more, so a level may outlive the
/// one that called it (a provider that dispatches after its caller gave up). Not shared between
/// threads.
struct CallContext {
  CallContext() noexcept : chain{} {}
  // Contexts are copied several times per call and chains are short: only what is used is copied.
  CallContext(const CallContext& other) noexcept { *this = other; }
  CallContext& operator=(const CallContext& other) noexcept {
    chain_id = other.chain_id;
    deadline = other.deadline;
    depth = other.depth;
    std::copy_n(other.chain.begin(), depth, chain.begin());
    return *this;
  }

  std::uint64_t chain_id = 0;  ///< same for all levels of a chain that run on one stack; 0 = new
  SteadyTime deadline{};       ///< absolute; only ever shortened on the way down
  std::uint32_t depth = 0;     ///< entities in `chain`
  std::array<EntityId, limits::chain_depth> chain;  ///< valid up to `depth`

  /// Whether the entity is executing a call somewhere up this chain.
  [[nodiscard]] bool contains(EntityId entity) const noexcept {
    return std::find(chain.begin(), chain.begin() + depth, entity) != chain.begin() + depth;
  }
  /// Whether one more entity still fits.
  [[nodiscard]] bool can_extend() const noexcept { return depth < chain.size(); }

  /// The context of a call made by `entity`. Requires can_extend().
  [[nodiscard]] CallContext extended(EntityId entity) const noexcept {
    CallContext next = *this;
    next.chain[next.depth++] = entity;
    return next;
  }
};

}  // namespace trellis
