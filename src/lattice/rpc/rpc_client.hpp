// Calls that leave this host: signed, sent to whoever serves the target, answered or failed by
// their deadline (lattice.md 4.2 and 4.5).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/log.hpp"
#include "base/random.hpp"
#include "identity/keys.hpp"
#include "lattice/wire/entity.hpp"
#include "lattice/wire/subjects.hpp"
#include "nats/transport.hpp"
#include "trellis/clock.hpp"

namespace trellis::lattice {

/// Any thread that may wait, but not the transport's own.
class RpcClient {
 public:
  struct Counters {
    std::uint64_t sent = 0;
    std::uint64_t answered = 0;  ///< with a result
    std::uint64_t failed = 0;    ///< with an error of the other side
    std::uint64_t lost = 0;      ///< no answer in time, nobody there, or no connection
  };

  /// All references live as long as the client. `timeout` bounds each call beside its deadline.
  RpcClient(nats::Transport& transport, const Subjects& subjects, const identity::KeyPair& key,
            const Clock& clock, Random& random, std::chrono::milliseconds timeout)
      : transport_(transport),
        subjects_(subjects),
        key_(key),
        clock_(clock),
        random_(random),
        timeout_(timeout) {}

  [[nodiscard]] Result<Bytes> call(const Entity& origin, const Entity& target,
                                   std::string_view operation, ByteView payload,
                                   SteadyTime deadline) const;
  [[nodiscard]] Counters counters() const noexcept;

 private:
  [[nodiscard]] Result<Bytes> send(std::string_view subject, ByteView invocation,
                                   SteadyTime deadline) const;

  nats::Transport& transport_;
  const Subjects& subjects_;
  const identity::KeyPair& key_;
  const Clock& clock_;
  Random& random_;
  const std::chrono::milliseconds timeout_;
  mutable std::atomic<std::uint64_t> sent_{0};
  mutable std::atomic<std::uint64_t> answered_{0};
  mutable std::atomic<std::uint64_t> failed_{0};
  mutable std::atomic<std::uint64_t> lost_{0};
};

}  // namespace trellis::lattice
