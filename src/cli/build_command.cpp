#include "cli/build_command.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <system_error>
#include <thread>
#include <vector>

extern char** environ;

namespace trellis::cli {
namespace {

/// Attributes of a child that gets signals as any program does: ours are blocked or ignored, and
/// both would be inherited.
class PlainSignals {
 public:
  PlainSignals() {
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    sigset_t defaults;
    ::sigemptyset(&defaults);
    ::sigaddset(&defaults, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes_, &defaults);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~PlainSignals() { ::posix_spawnattr_destroy(&attributes_); }
  PlainSignals(const PlainSignals&) = delete;
  PlainSignals& operator=(const PlainSignals&) = delete;
  [[nodiscard]] const posix_spawnattr_t* get() const noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

int wait_for(pid_t child, const StopRequest& stop) {
  bool told = false;
  int status = 0;
  // Polling, because the wish to stop comes from another place than the child's end; 20 ms is not
  // felt beside a build.
  while (::waitpid(child, &status, WNOHANG) == 0) {
    // Asked once: a build that takes its time to end is waited for, or it would go on writing while
    // nobody looks.
    if (stop.requested() && !told) told = ::kill(child, SIGTERM) == 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return status;
}

}  // namespace

Result<void> run_build(const std::string& command, const std::string& program,
                       const StopRequest& stop) {
  const PlainSignals signals;
  std::string shell = "sh";
  std::string option = "-c";
  std::string text = command;
  char* const words[] = {shell.data(), option.data(), text.data(), nullptr};
  pid_t child = 0;
  std::string ours = "TRELLIS=" + program;
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
  // TRELLIS leads a build script to this very program; a value the user has set wins.
  if (std::getenv("TRELLIS") == nullptr) environment.push_back(ours.data());
  environment.push_back(nullptr);
  const int problem =
      ::posix_spawn(&child, "/bin/sh", nullptr, signals.get(), words, environment.data());
  if (problem != 0) {
    return fail(ErrorCode::unavailable, "/bin/sh: " + std::generic_category().message(problem));
  }
  const int status = wait_for(child, stop);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(ErrorCode::invalid_argument,
              WIFEXITED(status)
                  ? fmt::format("`{}` failed with status {}", command, WEXITSTATUS(status))
                  : fmt::format("`{}` was ended by signal {}", command, WTERMSIG(status)));
}

}  // namespace trellis::cli
