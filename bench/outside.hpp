// Callers in a process of their own, so that what a host spends on calls that arrive can be told
// from what they cost elsewhere.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "trellis/result.hpp"

namespace trellis::bench {

/// trellis, which runs hosts and providers in processes: beside this program, or where it is
/// installed.
[[nodiscard]] std::filesystem::path host_program();

struct OutsideCalls {
  std::string nats_url;
  std::string ns;
  std::vector<std::string> actors;  ///< public keys; callers take turns
  std::size_t callers = 16;
  std::size_t payload = 0;  ///< bytes of each call
  double seconds = 1;
};

/// What such a process is started with, behind `outside_option`; and back. Errors:
/// invalid_argument.
inline constexpr auto outside_option = "--calls-from-outside";
[[nodiscard]] std::string to_words(const OutsideCalls& calls);
[[nodiscard]] Result<OutsideCalls> parse_outside_calls(const std::vector<std::string>& words);

/// In the process of the callers: prints "ready" once they are warm, "done COUNT" at the end.
[[nodiscard]] Result<void> call_from_outside(const OutsideCalls& calls);

struct OutsideFigures {
  double per_second = 0;
  double processor_us = 0;  ///< of this process, per call
};

/// In the process of the host: starts the other one and reads what it says. Errors: unavailable.
[[nodiscard]] Result<OutsideFigures> measure_from_outside(const OutsideCalls& calls);

}  // namespace trellis::bench
