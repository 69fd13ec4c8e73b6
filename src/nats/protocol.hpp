// Operations of NATS servers, taken apart (lattice.md 1; the client protocol of nats-server).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "trellis/bytes.hpp"
#include "trellis/result.hpp"

namespace trellis::nats {

/// MSG or HMSG. Views into what was parsed.
struct ServerMessage {
  std::uint64_t subscription = 0;  ///< the number we gave it
  std::string_view subject;
  std::string_view reply;      ///< empty: none
  ByteView payload;            ///< without headers
  bool no_responders = false;  ///< headers with status 503 and nothing else
};

/// Receives what a server says, in its order.
class ProtocolSink {
 public:
  virtual ~ProtocolSink() = default;
  virtual void on_message(const ServerMessage& message) = 0;
  virtual void on_info(std::string_view json) = 0;
  virtual void on_ping() = 0;
  virtual void on_pong() = 0;
  /// The words of -ERR without their quotes.
  virtual void on_error(std::string_view words) = 0;
};

/// How far a text was taken apart.
struct Parsed {
  std::size_t taken = 0;   ///< bytes of whole operations; the rest has to be shown again, with more
  std::size_t wanted = 0;  ///< how many bytes the next operation has, as far as that is known
};

/// Gives all whole operations at the start of `bytes` to the sink. The same text in other pieces
/// means the same. Errors: malformed, with what is wrong; nothing after it can be understood.
/// Pure but for the sink; any thread.
[[nodiscard]] Result<Parsed> parse_operations(ByteView bytes, ProtocolSink& sink);

}  // namespace trellis::nats
