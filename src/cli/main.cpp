// The trellis binary: hands the operating system to the subcommands.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "cli/allocator.hpp"
#include "cli/command.hpp"

namespace {

// Empty variables count as unset: service files cannot unset one that is inherited.
std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  trellis::cli::keep_allocator_small();
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a write error, not a silent death
  const trellis::SystemClock clock;
  trellis::SystemRandom random;
  trellis::cli::Context context{.clock = clock,
                                .random = random,
                                .env = environment,
                                .out = std::cout,
                                .err = std::cerr,
                                .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
                                .err_is_terminal = ::isatty(STDERR_FILENO) == 1};
  return trellis::cli::run(argc, argv, context);
}
