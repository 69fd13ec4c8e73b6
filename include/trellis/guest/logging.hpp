// wasmcloud:logging (contracts.md 3.5).
#pragma once

#include <string>
#include <string_view>

#include "trellis/guest/message.hpp"

namespace trellis::guest::logging {

inline constexpr std::string_view contract = "wasmcloud:logging";

struct WriteLogArgs {
  std::string target;
  std::string level;
  std::string text;
  static constexpr auto fields() {
    return std::make_tuple(field("target", &WriteLogArgs::target),
                           field("level", &WriteLogArgs::level),
                           field("text", &WriteLogArgs::text));
  }
};

/// `level` is one of error, warn, info, debug, trace.
inline Result<Done> write(std::string level, std::string text, std::string target = {},
                          std::string_view link = "default") {
  auto answer =
      host_call(contract, "WriteLog",
                encode(WriteLogArgs{std::move(target), std::move(level), std::move(text)}), link);
  if (!answer) return answer.error();
  return Done{};
}

}  // namespace trellis::guest::logging
