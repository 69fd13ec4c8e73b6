// One connection to a Redis server, with a deadline on everything.
//
// The library only writes and parses the protocol here; the stream is ours, because a timeout of
// the library bounds each read and not the whole answer, and its writes raise SIGPIPE.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "base/descriptors.hpp"
#include "providers/redis/address.hpp"
#include "providers/redis/reply.hpp"
#include "tcp/stream.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::redis {

/// Name and arguments, any bytes; the views must live until the command was asked.
using Command = std::vector<std::string_view>;

/// One thread at a time. A failure other than an error answer has broken the connection: it is
/// unknown then whether the server carried out the command.
class Connection {
 public:
  /// Connects, logs in and chooses the database. `tls`: encrypted; null: in the clear. `wake` is
  /// a descriptor that becomes readable when all waiting must end, and outlives the connection; -1
  /// for none. `deadline` is on std::chrono::steady_clock. The name is looked up by the system,
  /// which has timeouts of its own. Errors: unavailable, deadline, cancelled, denied (login or
  /// database refused, or the server is not trusted).
  [[nodiscard]] static Result<Connection> open(const Address& address, const tcp::TlsContext* tls,
                                               int wake, SteadyTime deadline,
                                               DescriptorUse use = DescriptorUse::link);

  /// The server's answer, which may be an error answer. Errors: unavailable, deadline, cancelled,
  /// malformed, limit.
  [[nodiscard]] Result<Reply> ask(const Command& command, SteadyTime deadline);

  /// Whether another command may be asked: not broken, not closed by the server, nothing unread.
  [[nodiscard]] bool usable() noexcept;
  /// Retirement, when the server is not what it was: no other command is asked.
  void retire() noexcept { broken_ = true; }

 private:
  explicit Connection(tcp::Stream stream) : stream_(std::move(stream)) {}

  [[nodiscard]] Result<void> enter(const Address& address, SteadyTime deadline);
  [[nodiscard]] Result<Reply> receive(SteadyTime deadline);

  tcp::Stream stream_;
  ReplyReader reader_;
  bool broken_ = false;
};

}  // namespace trellis::providers::redis
