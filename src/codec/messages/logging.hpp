// wasmcloud:logging, contracts.md 3.5.
#pragma once

#include <string>
#include <string_view>

#include "codec/message.hpp"

namespace trellis::codec::logging {

inline constexpr std::string_view contract_id = "wasmcloud:logging";
inline constexpr std::string_view write_log = "WriteLog";

/// The answer is zero bytes.
struct WriteLogArgs {
  std::string target;  ///< may be empty
  std::string level;   ///< error, warn, info, debug, trace
  std::string text;

  static constexpr auto describe() {
    return describe_struct("WriteLogArgs", field("target", &WriteLogArgs::target),
                           field("level", &WriteLogArgs::level),
                           field("text", &WriteLogArgs::text));
  }
};

}  // namespace trellis::codec::logging
