// The ways between hosts: out, to targets that run elsewhere, and in (lattice.md 4.2, 4.4).
#pragma once

#include <string_view>

#include "host/call/call.hpp"
#include "trellis/bytes.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::host {

/// Any thread that may wait. The caller has authorized the call.
class RemoteCalls {
 public:
  virtual ~RemoteCalls() = default;
  /// Sends the call to whoever serves the target and waits for the answer, at most until the
  /// deadline of its context and for the lattice's own time limit. Errors have the texts of
  /// lattice.md 4.5.
  [[nodiscard]] virtual Result<Bytes> call(const Call& call) const = 0;
};

/// Any thread that may wait (guests are entered on it).
class ArrivingCalls {
 public:
  virtual ~ArrivingCalls() = default;
  /// A call that arrived from the lattice for something that runs here. The caller has verified its
  /// token; whether the origin may make it is decided here (lattice.md 4.4, receiver).
  [[nodiscard]] virtual Result<Bytes> from_lattice(const EntityRef& origin, const EntityRef& target,
                                                   std::string_view operation, ByteView payload,
                                                   SteadyTime deadline) const = 0;
};

/// For a host on its own: every call fails at once.
class NoRemoteCalls final : public RemoteCalls {
 public:
  [[nodiscard]] Result<Bytes> call(const Call&) const override {
    // Exact first-party text (lattice.md 4.5).
    return fail(ErrorCode::not_found,
                "No local bus subscribers found, and no lattice RPC client enabled",
                "start the target on this host, or join the hosts with --lattice");
  }
};

}  // namespace trellis::host
