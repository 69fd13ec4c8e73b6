// Links to providers over Redis, as far as all have it in common: values, pools, health.
//
// Link values, all optional:
//
//   URL                 redis://[[user]:password@]host[:port][/database]
//                       (default redis://127.0.0.1:6379/), or rediss:// for TLS
//   TLS_CA              PEM file of authorities that vouch for a rediss:// server, besides the
//                       system's; the certificate must be for the host in URL
//   CONNECTIONS         at most, to one server with the same settings (1-64, default 8)
//   CONNECT_TIMEOUT_MS  connecting and logging in (1-60000, default 2000)
//   COMMAND_TIMEOUT_MS  one command and its answer (1-600000, default 5000)
//
// The call's own deadline bounds both.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"
#include "codec/fields.hpp"
#include "codec/messages/core.hpp"
#include "providers/redis/pool.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers::redis {

/// Values of those above that a link from the lattice may not set.
inline constexpr std::array local_values = {trellis_local_value{"TLS_CA", TRELLIS_LOCAL_FILE}};

/// The values above, checked. Error: invalid_argument, unsupported.
[[nodiscard]] Result<Settings> read_settings(const codec::StringMap& values);

/// Prefix of the keys of a link: the values of providers/common/key_space.hpp. A NAMESPACE without
/// colon, or the keys of one could be those of another. Error: invalid_argument.
[[nodiscard]] Result<std::string> read_prefix(std::string_view actor,
                                              const codec::StringMap& values);

/// A deadline of the host on std::chrono::steady_clock, on which sockets wait: in tests the host's
/// clock is another one.
[[nodiscard]] SteadyTime socket_deadline(const sdk23::Host& host, SteadyTime deadline);

/// The pools of one provider instance. A pool lives as long as a link that holds it. Any thread.
class Pools {
 public:
  /// The pool for a link with these values, whose server has answered: a link that cannot work is
  /// refused when it is made. Links with equal settings share one. Errors: those of read_settings
  /// and Pool::ping.
  [[nodiscard]] Result<std::shared_ptr<Pool>> open(const codec::StringMap& values);

  /// Asks each server; unhealthy names the first that does not answer, or refuses what it was asked
  /// lately. Takes 150 ms at most, the host waits 200.
  [[nodiscard]] sdk23::Health health() const;

  /// Ends all waiting on all of them, now and later.
  void shut_down() noexcept;

 private:
  [[nodiscard]] std::vector<std::shared_ptr<Pool>> living() const;

  mutable Mutex mutex_;
  mutable std::vector<std::weak_ptr<Pool>> pools_ GUARDED_BY(mutex_);
};

}  // namespace trellis::providers::redis
