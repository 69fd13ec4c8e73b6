#include "cli/doctor_engine.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/descriptor.hpp"
#include "engine/runtime.hpp"
#include "threads/guest_thread.hpp"

namespace trellis::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// (module (memory (export "memory") 1) (func (export "f") (result i32) i32.const 42))
constexpr std::uint8_t tiny_guest[] = {0x00, 'a',  's',  'm',  0x01, 0x00, 0x00, 0x00,  //
                                       0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7f,  // type () -> i32
                                       0x03, 0x02, 0x01, 0x00,                    // function
                                       0x05, 0x03, 0x01, 0x00, 0x01,  // memory, one page
                                       0x07, 0x0e, 0x02, 0x06, 'm',  'e',  'm',  'o',
                                       'r',  'y',  0x02, 0x00,                           // exports
                                       0x01, 'f',  0x00, 0x00,                           //
                                       0x0a, 0x06, 0x01, 0x04, 0x00, 0x41, 0x2a, 0x0b};  // code

// Whole way of a guest: compile, instantiate, call.
Result<void> call_tiny_guest(engine::Engine& engine) {
  const auto module = engine.compile(tiny_guest, {1, 1, sizeof tiny_guest});
  if (!module) return pass(module);
  const std::string_view functions[] = {"f"};
  const auto deadline = steady_clock::now() + std::chrono::seconds(5);
  const auto instance = (*module)->instantiate({{}, functions, nullptr, deadline});
  if (!instance) return pass(instance);
  const auto result = (*instance)->call(0, {}, deadline);
  if (result.end == engine::CallEnd::returned && result.value == 42) return {};
  return fail(ErrorCode::internal,
              fmt::format("a guest that returns 42 returned {} {}", result.value, result.text));
}

/// Answer over the pipe: "+text" for a value, "-message\0remedy" for an error.
std::string encode(const Result<std::string>& answer) {
  if (answer) return "+" + *answer;
  return "-" + answer.error().message + '\0' + answer.error().remedy;
}

Result<std::string> decode(const std::string& text) {
  if (text.starts_with('+')) return text.substr(1);
  const auto end = text.find('\0');
  return fail(ErrorCode::unavailable, text.substr(1, end - 1),
              end == text.npos ? "" : text.substr(end + 1));
}

[[noreturn]] void child(int out, const std::function<Result<std::string>()>& work) noexcept {
  // Engines that cannot have memory end by a signal; no dump of that is wanted.
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nowhere >= 0) {
    ::dup2(nowhere, STDERR_FILENO);  // an engine that dies prints pages
    ::dup2(nowhere, STDOUT_FILENO);
  }
  // After a fork of a process with one thread: only this thread, and locks are free.
  const auto text = encode(work());
  const bool written = ::write(out, text.data(), text.size()) == std::ssize(text);
  ::_exit(written ? 0 : 1);  // no destructors: they belong to the parent
}

/// Text that the child writes until it closes the pipe; nothing when time runs out.
std::optional<std::string> read_until(int in, steady_clock::time_point deadline) {
  std::string text;
  std::array<char, 1024> buffer{};
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    pollfd waiting{in, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, left > 0 ? static_cast<int>(left) : 0);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return std::nullopt;
    const auto got = ::read(in, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

int wait_for(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

std::unexpected<Error> no_child(int number) {
  return fail(ErrorCode::unavailable,
              fmt::format("cannot start a process: {}", std::strerror(number)),
              "raise the limit of processes (ulimit -u)");
}

Result<std::string> outcome(const std::optional<std::string>& text, int status) {
  constexpr auto remedy =
      "lift limits on memory and address space (ulimit -v unlimited); if the engine's library is "
      "damaged, run scripts/setup.sh again";
  // Three ends: no answer in time, an answer, and a death without one.
  if (!text) return fail(ErrorCode::deadline, "the engine does not start in time", remedy);
  if (!text->empty()) return decode(*text);
  return fail(ErrorCode::unavailable,
              WIFSIGNALED(status)
                  ? fmt::format("the engine dies at start (signal {})", WTERMSIG(status))
                  : fmt::format("the engine ends at start (status {})", WEXITSTATUS(status)),
              remedy);
}

}  // namespace

Result<std::string> run_engine_once() {
  const auto runtime = EngineRuntime::start();
  if (!runtime) return pass(runtime);
  Result<void> called;
  {
    // Guests run on threads of the host's own stack size; the end of this scope joins it.
    auto thread = GuestThread::start("doctor", [&] {
      called = call_tiny_guest(*engine::RuntimeAccess::parts(**runtime)->engine);
    });
    if (!thread) return pass(thread);
  }
  if (!called) return pass(called);
  return engine_version();
}

Result<std::string> run_in_child(const std::function<Result<std::string>()>& work,
                                 milliseconds timeout) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return no_child(errno);
  const Descriptor in(ends[0]);
  Descriptor out(ends[1]);
  const auto deadline = steady_clock::now() + timeout;
  const pid_t process = ::fork();
  if (process < 0) return no_child(errno);
  // Child, because an engine without address space does not return an error: it ends its process.
  if (process == 0) child(out.get(), work);
  out = Descriptor();  // or the end of the child's text would never be seen
  const auto text = read_until(in.get(), deadline);
  if (!text) ::kill(process, SIGKILL);
  return outcome(text, wait_for(process));
}

}  // namespace trellis::cli
