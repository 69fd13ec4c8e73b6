// A request as the Request message of contracts.md 3.1, without an object in between.
#pragma once

#include <cstddef>
#include <string_view>

#include "providers/httpserver/request_head.hpp"
#include "providers/net/memory_hold.hpp"
#include "trellis/bytes.hpp"

namespace trellis::providers::httpserver {

/// Appends everything of the message but the bytes of its last field, the body, which has
/// `body_size` of them. `path` as the actor gets it. Pure; any thread.
void encode_request(const RequestHead& head, std::string_view path, std::size_t body_size,
                    Bytes& out);

/// The message while its body arrives. A body of known length goes straight to its place behind the
/// head; a chunked one is kept, and copied once when its end tells how long it is. Belongs to one
/// connection, whose requests use its memory one after the other.
class RequestMessage final : public BodySink {
 public:
  /// `memory` counts what is kept; null: nobody does.
  explicit RequestMessage(MemorySource* memory) : hold_(memory) {}

  /// With the head complete. `head` and `path` are used until finish().
  void begin(const RequestHead& head, std::string_view path);
  [[nodiscard]] bool append(std::string_view piece) override;
  /// With the body complete.
  void finish();
  /// Gives back what is counted, and more memory than a connection may keep between requests.
  void clear();

  [[nodiscard]] ByteView bytes() const noexcept { return message_; }

 private:
  const RequestHead* head_ = nullptr;
  std::string_view path_;
  Bytes message_;
  Bytes chunked_;  ///< the body so far, when its length is not known
  MemoryHold hold_;
};

}  // namespace trellis::providers::httpserver
