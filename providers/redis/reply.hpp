// Answers of a Redis server, parsed and bounded.
//
// The server is outside: answers that are too large, nested too deeply or no RESP2 at all are
// refused, and nothing is allocated for what they merely promise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "trellis/bytes.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::redis {

/// One answer. A tree at most nine levels deep.
struct Reply {
  enum class Kind : std::uint8_t { nil, integer, status, error, text, list };

  Kind kind = Kind::nil;
  std::int64_t integer = 0;
  std::string text;  ///< of text, status and error; any bytes
  std::vector<Reply> elements;
};

/// Bounds of one answer.
struct ReplyBounds {
  /// On the wire. As much as an actor can be told at most, with room for the heads of elements.
  std::size_t bytes = limits::payload_bytes + 4 * limits::mib;
  /// Elements of all lists together; each takes about a hundred bytes here and one or more on the
  /// wire.
  std::size_t elements = limits::msgpack_values;
};

/// Makes replies of the bytes of a connection. One thread at a time. After an error nothing more
/// can be read: the stream has lost its frames.
class ReplyReader {
 public:
  explicit ReplyReader(ReplyBounds bounds = {});
  ReplyReader(ReplyReader&&) noexcept;
  ReplyReader& operator=(ReplyReader&&) noexcept;
  ~ReplyReader();

  /// Takes what came from the server. Error: limit, when one answer grows beyond its bytes.
  [[nodiscard]] Result<void> feed(ByteView bytes);
  /// The next answer, or nothing when it is not complete. Errors: malformed, limit.
  [[nodiscard]] Result<std::optional<Reply>> next();
  /// Whether bytes are left that no answer has used.
  [[nodiscard]] bool has_rest() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace trellis::providers::redis
