// A Context for tests: an environment of their own, and what is printed as text.
#pragma once

#include <map>
#include <optional>
#include <sstream>
#include <string>

#include "cli/command.hpp"

namespace trellis::cli {

/// A part of a test's fixture. One thread.
struct ContextFixture {
  std::map<std::string, std::string> environment;
  SystemClock clock;
  SystemRandom random;
  std::ostringstream out;
  std::ostringstream err;
  Context context{clock, random,
                  [this](const char* name) -> std::optional<std::string> {
                    const auto found = environment.find(name);
                    if (found == environment.end()) return std::nullopt;
                    return found->second;
                  },
                  out, err};
};

}  // namespace trellis::cli
