#include "cli/stop_request.hpp"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string_view>

#include "trellis/clock.hpp"

namespace trellis::cli {
namespace {

/// Time within which a second signal is the same wish: tools that signal a process and then its
/// group (timeout, some supervisors) mean one stop.
constexpr std::chrono::milliseconds same_wish{500};

sigset_t stop_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGINT);
  ::sigaddset(&set, SIGTERM);
  struct sigaction before{};
  // nohup: a SIGHUP that is ignored from outside stays ignored.
  const bool known = ::sigaction(SIGHUP, nullptr, &before) == 0;
  if (!known || before.sa_handler != SIG_IGN) ::sigaddset(&set, SIGHUP);
  return set;
}

Descriptor open_signals() {
  const auto set = stop_signals();
  // Blocked before any thread is made: all inherit it, and no signal finds a thread that would die
  // of it.
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return Descriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

std::vector<int> own_terminals() {
  std::vector<int> found;
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::isatty(number) == 1) found.push_back(number);
  }
  return found;
}

bool is_gone(int terminal) {
  pollfd entry{terminal, 0, 0};
  return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLHUP | POLLERR)) != 0;
}

/// End without anything else: whatever hangs, a second signal ends it; only the message can still
/// be written.
[[noreturn]] void end_now() {
  constexpr std::string_view text = "\nstopping was interrupted\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
  ::_exit(1);
}

}  // namespace

StopRequest::StopRequest(HangUp hang_up)
    : hang_up_(hang_up),
      terminals_(own_terminals()),
      signals_(open_signals()),
      end_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { watch(); }) {}

StopRequest::~StopRequest() {
  ::eventfd_write(end_.get(), 1);
  thread_.join();
}

void StopRequest::request() {
  const MutexLock lock(mutex_);
  requested_ = true;
  changed_.notify_all();
}

bool StopRequest::requested() const {
  const MutexLock lock(mutex_);
  return requested_;
}

StopRequest::Wish StopRequest::wait() {
  MutexLock lock(mutex_);
  changed_.wait(lock, [this]() REQUIRES(mutex_) { return requested_ || reload_; });
  if (requested_) return Wish::stop;
  reload_ = false;
  return Wish::reload;
}

void StopRequest::hang_up() {
  // SIGHUP has two senders: a user who wants a reload, and the kernel when the terminal goes.
  if (hang_up_ == HangUp::stop || std::ranges::any_of(terminals_, is_gone)) return request();
  const MutexLock lock(mutex_);
  reload_ = true;
  changed_.notify_all();
}

void StopRequest::watch() {
  std::optional<SteadyTime> first;
  while (true) {
    pollfd entries[] = {{end_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
    if (::poll(entries, 2, -1) < 0 && errno != EINTR) return;
    if (entries[0].revents != 0) return;
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) != sizeof info) continue;
    if (info.ssi_signo == SIGHUP) {
      hang_up();
      continue;
    }
    const auto now = std::chrono::steady_clock::now();
    if (first && now - *first >= same_wish) end_now();
    if (!first) first = now;
    request();
  }
}

}  // namespace trellis::cli
