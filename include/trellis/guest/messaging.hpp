// wasmcloud:messaging, from the actor's side (contracts.md 3.4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "trellis/guest/message.hpp"

namespace trellis::guest::messaging {

inline constexpr std::string_view contract = "wasmcloud:messaging";

struct Message {
  std::string subject;
  std::string reply_to;  ///< empty: no answer is wanted
  Blob body;

  static constexpr auto fields() {
    return std::make_tuple(field("subject", &Message::subject),
                           field("replyTo", &Message::reply_to), field("body", &Message::body));
  }
};

struct PublishResponse {
  bool published = false;

  static constexpr auto fields() {
    return std::make_tuple(field("published", &PublishResponse::published));
  }
};

struct RequestArgs {
  std::string subject;
  Blob body;
  std::int64_t timeout = 2000;  ///< milliseconds

  static constexpr auto fields() {
    return std::make_tuple(field("subject", &RequestArgs::subject),
                           field("body", &RequestArgs::body),
                           field("timeout", &RequestArgs::timeout));
  }
};

/// Whether the provider could send it.
inline Result<bool> publish(Message message, std::string_view link = "default") {
  auto answer = guest::request<PublishResponse>(contract, "Publish", message, link);
  if (!answer) return answer.error();
  return answer->published;
}

/// The first answer of whoever listens there.
inline Result<Message> request(RequestArgs args, std::string_view link = "default") {
  return guest::request<Message>(contract, "Request", args, link);
}

/// What a subscription of the link brings: handler is `Result<Done>(const Message&)`.
struct HandleMessage {
  static constexpr const char* name = "HandleMessage";
  using In = Message;
  using Out = Done;
};

}  // namespace trellis::guest::messaging
