#include "provider/process/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 has no C++ linkage in it
}

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/spawn_setup.hpp"
#include "provider/process/runner.hpp"

namespace trellis::provider::process {
namespace {

/// Variables of our environment that a provider may see. Keys and passwords of the host are in none
/// of them.
constexpr std::array<std::string_view, 16> passed_on = {"PATH",
                                                        "HOME",
                                                        "LANG",
                                                        "LC_ALL",
                                                        "LC_CTYPE",
                                                        "TZ",
                                                        "TMPDIR",
                                                        "SSL_CERT_FILE",
                                                        "SSL_CERT_DIR",
                                                        "http_proxy",
                                                        "https_proxy",
                                                        "HTTPS_PROXY",
                                                        "no_proxy",
                                                        "NO_PROXY",
                                                        "LD_LIBRARY_PATH",
                                                        "TRELLIS_DATA_DIR"};
/// Whether a proxy's address has a user and a password in it, which are the host's alone.
bool has_password(std::string_view name, std::string_view value) {
  return (name.ends_with("_proxy") || name.ends_with("_PROXY")) &&
         value.find('@') != std::string_view::npos;
}

/// Ending of the sanitizers' variables, which are read before main.
constexpr std::string_view sanitizer_suffix = "SAN_OPTIONS";

std::vector<char*> environment() {
  std::vector<char*> kept;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view entry(*at);
    const auto name = entry.substr(0, entry.find('='));
    if (has_password(name, entry.substr(name.size()))) continue;
    bool wanted = name.ends_with(sanitizer_suffix);
    for (const auto known : passed_on) wanted = wanted || name == known;
    if (wanted) kept.push_back(*at);
  }
  kept.push_back(nullptr);
  return kept;
}

/// Descriptors are moved up here, so that none stands where one is to be placed in the child.
constexpr int above_ours = 16;

/// Both ends of a stream or pipe; the child's end is closed here once the child has it.
struct Pair {
  Descriptor ours;
  Descriptor theirs;
  [[nodiscard]] explicit operator bool() const noexcept { return ours && theirs; }
};

Pair stream_pair() {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return {};
  return {SpawnSetup::lifted(ends[0], above_ours), SpawnSetup::lifted(ends[1], above_ours)};
}

Pair output_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  Pair made{SpawnSetup::lifted(ends[0], above_ours), SpawnSetup::lifted(ends[1], above_ours)};
  // Reading what a provider prints must never wait for it.
  ::fcntl(made.ours.get(), F_SETFL, O_NONBLOCK);
  return made;
}

std::string how(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return fmt::format("ended with status {}", info.si_status);
  const char* name = ::sigdescr_np(info.si_status);
  return fmt::format("was ended by signal {} ({})", info.si_status,
                     name == nullptr ? "unknown" : name);
}

}  // namespace

Result<Child> Child::start(const ChildCommand& command) {
  auto calls = stream_pair();
  auto dispatches = stream_pair();
  auto output = output_pipe();
  if (!calls || !dispatches || !output) {
    return fail(ErrorCode::unavailable, "no descriptors are left for a provider's process",
                "raise the limit of open files (ulimit -n)");
  }
  SpawnSetup setup;
  // Both outputs are one pipe, so that lines stay in their order; there is nothing to read.
  setup.open_null(STDIN_FILENO, O_RDONLY);
  setup.place(output.theirs, STDOUT_FILENO);
  setup.place(output.theirs, STDERR_FILENO);
  setup.place(calls.theirs, calls_descriptor);
  setup.place(dispatches.theirs, dispatches_descriptor);
  // Everything else of the host stays closed to the child, whoever forgot O_CLOEXEC.
  setup.close_from(dispatches_descriptor + 1);

  auto program = command.program.string();
  auto arguments = command.arguments;
  std::vector<char*> words{program.data()};
  for (auto& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  Child child;
  auto variables = environment();
  const int failed = ::posix_spawn(&child.pid_, program.c_str(), setup.files(), setup.attributes(),
                                   words.data(), variables.data());
  if (failed != 0) {
    child.pid_ = 0;
    return fail(ErrorCode::unavailable,
                fmt::format("{} cannot be started: {}", program, std::strerror(failed)),
                "check the path of the program that runs providers");
  }
  // Descriptor of the process: unlike a number, it never means another one.
  child.pidfd_ = Descriptor(::pidfd_open(child.pid_, 0));
  if (!child.pidfd_) {
    const int reason = errno;
    child.end_unwatched();
    return fail(
        ErrorCode::unavailable,
        fmt::format("the process of a provider cannot be watched: {}", std::strerror(reason)),
        "raise the limit of open files (ulimit -n)");
  }
  child.calls_ = std::move(calls.ours);
  child.dispatches_ = std::move(dispatches.ours);
  child.output_ = std::move(output.ours);
  return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      reaped_(std::exchange(other.reaped_, true)),
      pidfd_(std::move(other.pidfd_)),
      output_(std::move(other.output_)),
      calls_(std::move(other.calls_)),
      dispatches_(std::move(other.dispatches_)) {}

// Child is waited for in any case, or its number would stay taken.
Child::~Child() {
  if (pid_ == 0 || reaped_) return;
  kill();
  static_cast<void>(wait(std::chrono::seconds(5)));
}

/// Ends a child by its number, which no other process can have before this one is waited for.
void Child::end_unwatched() noexcept {
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
}

void Child::kill() const noexcept {
  if (pid_ == 0 || reaped_) return;
  ::pidfd_send_signal(pidfd_.get(), SIGKILL, nullptr, 0);
}

std::optional<std::string> Child::wait(std::chrono::milliseconds patience) {
  if (pid_ == 0 || reaped_) return "has ended";
  pollfd ended{pidfd_.get(), POLLIN, 0};
  if (::poll(&ended, 1, static_cast<int>(patience.count())) <= 0) return std::nullopt;
  siginfo_t info{};
  if (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) != 0) return "has ended";
  reaped_ = true;
  return how(info);
}

}  // namespace trellis::provider::process
