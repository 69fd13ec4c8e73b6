// wasmcloud:telnet, contracts.md 3.9.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "codec/message.hpp"

namespace trellis::codec::telnet {

inline constexpr std::string_view contract_id = "wasmcloud:telnet";

namespace operation {
inline constexpr std::string_view send_text = "SendText";              ///< actor to provider
inline constexpr std::string_view session_started = "SessionStarted";  ///< provider to actor
inline constexpr std::string_view receive_text = "ReceiveText";        ///< provider to actor
}  // namespace operation

/// Arguments of SendText and ReceiveText.
struct TextArgs {
  std::string session;
  std::string text;

  static constexpr auto describe() {
    return describe_struct("TextArgs", field("session", &TextArgs::session),
                           field("text", &TextArgs::text));
  }
};

struct SessionStartedArgs {
  std::string session;

  static constexpr auto describe() {
    return describe_struct("SessionStartedArgs", field("session", &SessionStartedArgs::session));
  }
};

/// The answer to all three.
struct TelnetResult {
  bool success = false;
  std::optional<std::string> error;

  static constexpr auto describe() {
    return describe_struct("TelnetResult", field("success", &TelnetResult::success),
                           field("error", &TelnetResult::error));
  }
};

}  // namespace trellis::codec::telnet
