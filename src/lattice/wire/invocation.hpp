// A call on the wire and its answer (lattice.md 2.3 and 2.4), and what a token says of it (3.2).
#pragma once

#include <optional>
#include <string>

#include "codec/message.hpp"
#include "lattice/wire/entity.hpp"
#include "trellis/bytes.hpp"

namespace trellis::lattice {

struct Invocation {
  Entity origin;
  Entity target;
  std::string operation;
  Bytes msg;
  std::string id;              ///< UUID; the subject of the token
  std::string encoded_claims;  ///< the anti-forgery token
  std::string host_id;         ///< N…; the issuer of the token

  /// `target.url()/operation`.
  [[nodiscard]] std::string target_url() const;

  static constexpr auto describe() {
    return codec::describe_struct("Invocation", codec::field("origin", &Invocation::origin),
                                  codec::field("target", &Invocation::target),
                                  codec::field("operation", &Invocation::operation),
                                  codec::field("msg", &Invocation::msg).as_integers(),
                                  codec::field("id", &Invocation::id),
                                  codec::field("encoded_claims", &Invocation::encoded_claims),
                                  codec::field("host_id", &Invocation::host_id));
  }
  friend bool operator==(const Invocation&, const Invocation&) = default;
};

struct InvocationResponse {
  Bytes msg;
  std::optional<std::string> error;  ///< set, even to "": the call failed
  std::string invocation_id;

  static constexpr auto describe() {
    return codec::describe_struct(
        "InvocationResponse", codec::field("msg", &InvocationResponse::msg).as_integers(),
        codec::field("error", &InvocationResponse::error),
        codec::field("invocation_id", &InvocationResponse::invocation_id));
  }
  friend bool operator==(const InvocationResponse&, const InvocationResponse&) = default;
};

/// Upper-case SHA-256 over origin URL, target URL with operation, and message, in this order.
[[nodiscard]] std::string invocation_hash(std::string_view origin_url, std::string_view target_url,
                                          ByteView msg);

/// Bytes that `msg` takes as an array of integers, without its head: 1 to 2 per byte.
[[nodiscard]] std::size_t integers_size(ByteView msg) noexcept;

/// How long codec::encode() would make it, for comparison with a payload limit before any work.
[[nodiscard]] std::size_t encoded_size(const Invocation& call) noexcept;
[[nodiscard]] std::size_t encoded_size(const InvocationResponse& response) noexcept;

}  // namespace trellis::lattice
