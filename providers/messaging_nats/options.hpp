// The settings of one link to messaging over NATS (messaging_nats.hpp lists the link values).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/call_limits.hpp"
#include "codec/fields.hpp"
#include "trellis/nats_options.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::messaging_nats {

/// Rules which subjects a link's actor may reach. The protocol of lattices orders by subject alone,
/// so that reaching its subjects is commanding hosts. Immutable; any thread.
class SubjectRules {
 public:
  /// From PROTOCOL_SUBJECTS and what the host says of its own lattice.
  [[nodiscard]] static Result<SubjectRules> read(const codec::StringMap& values);

  /// To publish, ask or have answers sent at; or to listen, where it may have wildcards. Error:
  /// denied.
  [[nodiscard]] Result<void> check(std::string_view subject) const;

 private:
  bool all_ = false;
  std::vector<std::string> reserved_;
};

struct Options {
  NatsOptions nats;
  SubjectRules subjects;
  std::vector<std::string> subscriptions;
  std::string queue_group;
  std::size_t deliveries = 1;
  std::size_t pending_messages = 10'000;
  std::size_t pending_bytes = 16 * limits::mib;
};

/// Errors name the key; no error quotes a secret. Any thread.
[[nodiscard]] Result<Options> read_options(const codec::StringMap& values);

}  // namespace trellis::providers::messaging_nats
