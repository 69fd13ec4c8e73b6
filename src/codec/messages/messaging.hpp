// wasmcloud:messaging, contracts.md 3.4.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/message.hpp"

namespace trellis::codec::messaging {

inline constexpr std::string_view contract_id = "wasmcloud:messaging";

namespace operation {
inline constexpr std::string_view publish = "Publish";               ///< actor to provider
inline constexpr std::string_view request = "Request";               ///< actor to provider
inline constexpr std::string_view handle_message = "HandleMessage";  ///< provider to actor
}  // namespace operation

/// The arguments of Publish, the answer to Request, and what HandleMessage delivers.
struct BrokerMessage {
  std::string subject;
  std::string reply_to;  ///< empty: none
  Bytes body;

  static constexpr auto describe() {
    return describe_struct("BrokerMessage", field("subject", &BrokerMessage::subject),
                           field("replyTo", &BrokerMessage::reply_to),
                           field("body", &BrokerMessage::body));
  }
};

struct PublishResponse {
  bool published = false;

  static constexpr auto describe() {
    return describe_struct("PublishResponse", field("published", &PublishResponse::published));
  }
};

struct RequestArgs {
  std::string subject;
  Bytes body;
  std::int64_t timeout = 0;  ///< milliseconds

  static constexpr auto describe() {
    return describe_struct("RequestArgs", field("subject", &RequestArgs::subject),
                           field("body", &RequestArgs::body),
                           field("timeout", &RequestArgs::timeout));
  }
};

}  // namespace trellis::codec::messaging
