#include "tcp/socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "base/descriptors.hpp"
#include "base/guard.hpp"
#include "base/mutex.hpp"

namespace trellis::tcp {

namespace {

using std::chrono::milliseconds;

/// Timeout for poll, rounded up, so that it never spins through the last millisecond.
[[nodiscard]] int time_left(SteadyTime deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<milliseconds::rep>(left.count(), 0, 3'600'000));
}

[[nodiscard]] std::unexpected<Error> unavailable(std::string why) {
  return fail(ErrorCode::unavailable, std::move(why), "check that the server runs there");
}

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

[[nodiscard]] Result<Addresses> ask_resolver(const std::string& host, std::uint16_t port,
                                             int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* found = nullptr;
  const int problem = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (problem != 0) return unavailable(::gai_strerror(problem));
  return Addresses(found, &freeaddrinfo);
}

/// Name that is being looked up, by a thread that knows no deadline of ours. Shared, since that
/// thread may outlast the caller.
struct Search {
  Mutex mutex;
  Condition ended;
  std::optional<Result<Addresses>> found GUARDED_BY(mutex);
};

[[nodiscard]] Result<Addresses> look_up(const std::string& host, std::uint16_t port,
                                        SteadyTime deadline) {
  // Addresses need no resolver and no thread.
  if (auto numeric = ask_resolver(host, port, AI_NUMERICHOST)) return numeric;
  const auto search = std::make_shared<Search>();
  try {
    std::thread([search, host, port] {
      auto found = contained([&] { return ask_resolver(host, port, 0); });
      const MutexLock lock(search->mutex);
      search->found.emplace(std::move(found));
      search->ended.notify_one();
    }).detach();
  } catch (const std::system_error& problem) {
    return fail(ErrorCode::busy, std::string("no thread to look a name up: ") + problem.what());
  }
  MutexLock lock(search->mutex);
  if (search->ended.wait_until(
          lock, deadline, [&]() REQUIRES(search->mutex) { return search->found.has_value(); })) {
    return std::move(*search->found);
  }
  return fail(ErrorCode::deadline, "the name was not resolved in the time allowed",
              "check the name servers of this machine");
}

[[nodiscard]] Result<Descriptor> connect_one(const addrinfo& to, int wake, DescriptorUse use,
                                             SteadyTime deadline) {
  Descriptor socket(
      ::socket(to.ai_family, to.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to.ai_protocol));
  if (!socket) return unavailable(system_text(errno));
  // Last descriptors are kept for what mends the host: control socket, lattice, processes, files.
  if (use == DescriptorUse::link && is_reserved_descriptor(socket.get())) {
    return fail(ErrorCode::busy, "too many connections of this host are open",
                "raise its limit of open files (ulimit -n), or let fewer clients in");
  }
  if (::connect(socket.get(), to.ai_addr, to.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return unavailable(system_text(errno));
    if (auto ready = wait_for(socket.get(), POLLOUT, wake, deadline); !ready) return pass(ready);
    // Writable means decided, not connected: the outcome is asked for.
    int problem = 0;
    socklen_t size = sizeof problem;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &problem, &size) != 0) problem = errno;
    if (problem != 0) return unavailable(system_text(problem));
  }
  const int on = 1;
  // Small commands would each wait for the acknowledgement of the one before (Nagle).
  static_cast<void>(::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
  static_cast<void>(::setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on));
  return socket;
}

}  // namespace

std::string system_text(int number) {
  return std::system_category().message(number);
}

Result<void> wait_for(int socket, short events, int wake, SteadyTime deadline) {
  std::array<pollfd, 2> watched = {pollfd{socket, events, 0}, pollfd{wake, POLLIN, 0}};
  // Time is looked at first: a server that sends a byte now and then must not hold the caller for
  // ever.
  while (std::chrono::steady_clock::now() < deadline) {
    const int ready = ::poll(watched.data(), watched.size(), time_left(deadline));
    if (ready < 0 && errno != EINTR) return unavailable(system_text(errno));
    if (ready <= 0) continue;
    if (watched[1].revents == 0) return {};
    return fail(ErrorCode::cancelled, "ended while it waited");
  }
  return fail(ErrorCode::deadline, "no answer in the time allowed",
              "check the server, or allow it more time");
}

Result<Descriptor> connect_to(const std::string& host, std::uint16_t port, int wake,
                              DescriptorUse use, SteadyTime deadline) {
  auto addresses = look_up(host, port, deadline);
  if (!addresses) return pass(addresses);
  Result<Descriptor> last = unavailable("the name has no address");
  for (const addrinfo* each = addresses->get(); each != nullptr; each = each->ai_next) {
    last = connect_one(*each, wake, use, deadline);
    // Next address is tried when one does not answer, not when time is over or the wait was ended.
    if (last || last.error().code != ErrorCode::unavailable) break;
  }
  return last;
}

}  // namespace trellis::tcp
