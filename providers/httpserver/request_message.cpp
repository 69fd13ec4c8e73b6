#include "providers/httpserver/request_message.hpp"

#include <algorithm>

#include "base/call_limits.hpp"
#include "codec/msgpack_writer.hpp"

namespace trellis::providers::httpserver {

void encode_request(const RequestHead& head, std::string_view path, std::size_t body_size,
                    Bytes& out) {
  codec::MsgpackWriter writer(out);
  writer.map(5);
  writer.string("method");
  writer.string(head.method());
  writer.string("path");
  writer.string(path);
  writer.string("queryString");
  writer.string(head.target().query);
  writer.string("header");
  writer.map(head.names());
  head.each([&](std::string_view name, std::string_view value) {
    writer.string(name);
    writer.string(value);
  });
  writer.string("body");
  // Body comes last, so that it can be appended as it arrives, without a copy.
  writer.binary_head(body_size);
}

void RequestMessage::begin(const RequestHead& head, std::string_view path) {
  head_ = &head;
  path_ = path;
  message_.clear();
  chunked_.clear();
  const auto& framing = head.framing();
  // Length of a chunked body is known at its end only: it is kept apart until then.
  if (!framing.chunked) {
    encode_request(head, path, static_cast<std::size_t>(framing.length), message_);
  }
}

/// Appends to the body. Memory grows with what arrives, not with what a length promises, and is
/// counted before.
bool RequestMessage::append(std::string_view piece) {
  const bool chunked = head_->framing().chunked;
  auto& to = chunked ? chunked_ : message_;
  const auto needed = to.size() + piece.size();
  if (needed > to.capacity()) {
    const auto grown = std::max(needed, 2 * to.capacity());
    // Chunked body is there twice while it is copied.
    if (!hold_.cover(chunked ? 2 * grown : grown)) return false;
    to.reserve(grown);
  }
  to.insert(to.end(), piece.begin(), piece.end());
  return true;
}

void RequestMessage::finish() {
  if (!head_->framing().chunked) return;
  encode_request(*head_, path_, chunked_.size(), message_);
  message_.insert(message_.end(), chunked_.begin(), chunked_.end());
}

void RequestMessage::clear() {
  // Buffers that grew are given back, since thousands of connections may idle.
  constexpr std::size_t kept = 16 * limits::kib;
  if (chunked_.capacity() > kept) chunked_ = {};
  if (message_.capacity() > kept) message_ = {};
  head_ = nullptr;
  hold_.release();
}

}  // namespace trellis::providers::httpserver
