#include "package/credential_program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include "base/ascii.hpp"
#include "base/call_limits.hpp"
#include "base/descriptor.hpp"
#include "base/spawn_setup.hpp"
#include "base/text.hpp"

namespace trellis::package {
namespace {

constexpr std::size_t max_answer_bytes = 64 * limits::kib;
constexpr std::size_t max_server_bytes = 4096;  // what a pipe takes without a reader
constexpr auto longest_run = std::chrono::seconds(30);
constexpr int look_again_ms = 20;

struct Pipe {
  Descriptor read;
  Descriptor write;
};

/// Pipe whose ends no program inherits by accident; empty where no descriptors are left.
Pipe make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  return {SpawnSetup::lifted(ends[0], STDERR_FILENO + 1),
          SpawnSetup::lifted(ends[1], STDERR_FILENO + 1)};
}

/// A program that runs, and everything it starts.
class Running {
 public:
  Running(const Descriptor& input, const Descriptor& output) {
    setup_.place(input, STDIN_FILENO);
    setup_.place(output, STDOUT_FILENO);
    setup_.open_null(STDERR_FILENO, O_WRONLY);
    setup_.close_from(STDERR_FILENO + 1);
  }
  ~Running() { static_cast<void>(end()); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// 0, or the errno of what failed.
  [[nodiscard]] int start(std::string program) {
    std::string verb = "get";
    std::array<char*, 3> words = {program.data(), verb.data(), nullptr};
    const int failed = ::posix_spawnp(&pid_, program.c_str(), setup_.files(), setup_.attributes(),
                                      words.data(), environ);
    if (failed != 0) pid_ = 0;
    return failed;
  }
  /// Whether the program itself has ended; its number stays ours.
  [[nodiscard]] bool has_ended() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == pid_;
  }
  /// Ends all of it that still runs. Whether the program had ended by itself, and well.
  [[nodiscard]] bool end() {
    if (pid_ == 0) return false;
    ::kill(-pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  SpawnSetup setup_;
  pid_t pid_ = 0;
};

std::unexpected<Error> no_answer(const std::string& program, const std::string& why) {
  return fail(ErrorCode::unavailable, fmt::format("{} {}", program, why),
              fmt::format("try `echo HOST | {} get`, or give user and password", program));
}

/// Reads until the program has ended and nothing more is there.
Result<std::string> read_all(const std::string& program, const Running& running,
                             const Descriptor& output, const http::Control& control) {
  std::string answer;
  std::array<char, 4096> piece{};
  const auto deadline = std::min(control.deadline, control.clock.steady() + longest_run);
  while (true) {
    if (control.stop.stop_requested()) {
      return fail(ErrorCode::cancelled, "the transfer was cancelled");
    }
    if (control.clock.steady() >= deadline) return no_answer(program, "gives no answer in time");
    const bool ended = running.has_ended();  // before looking for what it wrote until then
    pollfd readable{output.get(), POLLIN, 0};
    if (::poll(&readable, 1, ended ? 0 : look_again_ms) <= 0) {
      if (ended) return answer;
      continue;
    }
    const auto got = ::read(output.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (ended) return answer;
      ::poll(nullptr, 0, look_again_ms);  // it closed its output and goes on
      continue;
    }
    answer.append(piece.data(), static_cast<std::size_t>(got));
    if (answer.size() > max_answer_bytes) return no_answer(program, "says too much");
  }
}

}  // namespace

bool is_credential_program(std::string_view name) noexcept {
  const auto is_usual = [](char c) {
    return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 64 && name.front() != '.' && name.front() != '-' &&
         std::ranges::all_of(name, is_usual);
}

Result<std::string> ask_credential_program(const std::string& name, std::string_view server,
                                           const http::Control& control) {
  const auto program = "docker-credential-" + name;
  if (!is_credential_program(name) || server.size() > max_server_bytes) {
    return fail(ErrorCode::unavailable, "a credential program has a name that is none",
                "correct credHelpers and credsStore in the file");
  }
  auto input = make_pipe();
  auto output = make_pipe();
  if (!input.read || !input.write || !output.read || !output.write ||
      ::write(input.write.get(), server.data(), server.size()) !=
          static_cast<ssize_t>(server.size())) {
    return no_answer(program, "cannot be started: no descriptors are left");
  }
  input.write = Descriptor();
  Running running(input.read, output.write);
  if (const int failed = running.start(program); failed != 0) {
    return no_answer(program, "cannot be started: " + std::generic_category().message(failed));
  }
  output.write = Descriptor();
  auto answer = read_all(program, running, output.read, control);
  const bool well = running.end();
  if (!answer || well) return answer;
  std::string why;
  append_printable(why, excerpt(trim(*answer), 200));
  if (why.contains("not found")) return fail(ErrorCode::not_found, why);
  return no_answer(program, why.empty() ? "failed" : "failed: " + why);
}

}  // namespace trellis::package
