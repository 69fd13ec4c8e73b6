// wasmcloud:telnet, from the actor's side (contracts.md 3.9).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "trellis/guest/message.hpp"

namespace trellis::guest::telnet {

inline constexpr std::string_view contract = "wasmcloud:telnet";

struct Text {
  std::string session;
  std::string text;

  static constexpr auto fields() {
    return std::make_tuple(field("session", &Text::session), field("text", &Text::text));
  }
};

struct Session {
  std::string session;

  static constexpr auto fields() { return std::make_tuple(field("session", &Session::session)); }
};

/// The answer to all three operations.
struct Outcome {
  bool success = true;
  std::optional<std::string> error;

  static constexpr auto fields() {
    return std::make_tuple(field("success", &Outcome::success), field("error", &Outcome::error));
  }
};

/// Sends text to a session; lines end with "\r\n".
inline Result<Done> send(std::string session, std::string text, std::string_view link = "default") {
  auto outcome = guest::request<Outcome>(contract, "SendText",
                                         Text{std::move(session), std::move(text)}, link);
  if (!outcome) return outcome.error();
  if (!outcome->success) return Error{outcome->error.value_or("not sent")};
  return Done{};
}

/// Somebody has come: handler is `Result<Outcome>(const Session&)`.
struct SessionStarted {
  static constexpr const char* name = "SessionStarted";
  using In = Session;
  using Out = Outcome;
};

/// A line was typed: handler is `Result<Outcome>(const Text&)`.
struct ReceiveText {
  static constexpr const char* name = "ReceiveText";
  using In = Text;
  using Out = Outcome;
};

}  // namespace trellis::guest::telnet
