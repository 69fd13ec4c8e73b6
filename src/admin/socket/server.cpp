#include "admin/socket/server.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <list>
#include <thread>
#include <utility>

#include "admin/socket/frame.hpp"
#include "admin/socket/peer.hpp"
#include "admin/socket/socket_folder.hpp"
#include "base/descriptor.hpp"
#include "base/guard.hpp"
#include "base/limits.hpp"
#include "base/mutex.hpp"

namespace trellis::admin {
namespace {

/// Time for which the end waits for answers that are on their way out.
constexpr std::chrono::seconds last_answers{2};

/// One client and its thread. The thread says when it is done and is joined by the accepting one.
struct Connection {
  Descriptor socket;
  std::atomic<bool> done{false};
  std::thread thread;
};

Error refusal_of_strangers(const Audience& audience) {
  if (!audience.group) {
    return {ErrorCode::denied, "this host belongs to another user",
            "be root, or the user the host runs as"};
  }
  const auto group = group_name(*audience.group);
  return {ErrorCode::denied,
          fmt::format("this host is for its user, root and the group {} only", group),
          fmt::format("be root (sudo), or join: usermod -aG {} USER, and log in again", group)};
}

}  // namespace

class Server::Implementation {
 public:
  Implementation(ServerOptions options, Handler handler, Log log, Listener listener,
                 Descriptor wake)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        log_(std::move(log)),
        stranger_(refusal_of_strangers(options_.audience)),
        listener_(std::in_place, std::move(listener)),
        path_(listener_->path()),
        wake_(std::move(wake)),
        acceptor_([this] { accept_all(); }) {}

  ~Implementation() {
    // Order of the end: nothing new comes in, answers go out, then whoever still waits is cut off
    // and joined.
    close();
    wait_for_answers();
    for_each_socket(SHUT_RDWR);
    for (auto& connection : connections_) connection.thread.join();
  }

  void close() {
    if (!acceptor_.joinable()) return;
    ::eventfd_write(wake_.get(), 1);
    acceptor_.join();
    listener_.reset();
    // Reading ends for all connections: a request that is being answered still gets its answer.
    for_each_socket(SHUT_RD);
  }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  void accept_all() {
    while (true) {
      pollfd entries[] = {{wake_.get(), POLLIN, 0}, {listener_->get(), POLLIN, 0}};
      if (::poll(entries, 2, -1) < 0 && errno != EINTR) return;
      if (entries[0].revents != 0) return;
      Descriptor socket(::accept4(listener_->get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (socket) {
        survived([&] { admit(std::move(socket)); });
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        // Connection stays in the queue; without a pause this would spin.
        pollfd wake{wake_.get(), POLLIN, 0};
        ::poll(&wake, 1, 100);
      }
    }
  }

  void admit(Descriptor socket) {
    forget_finished();
    // Peer is known before anything of it is read; strangers learn only that they are refused.
    const auto peer = peer_of(socket.get());
    if (!peer || !may_speak(*peer, options_.audience)) {
      log_.warn("control socket: refused a connection of user {}", peer ? peer->uid : uid_t(-1));
      return refuse(socket, stranger_);
    }
    if (connections_.size() >= options_.connections) {
      return refuse(socket, {ErrorCode::busy,
                             fmt::format("the host serves {} control connections already",
                                         connections_.size()),
                             "try again later"});
    }
    auto& connection = connections_.emplace_back();
    connection.socket = std::move(socket);
    try {
      connection.thread = std::thread([this, &connection] {
        survived([&] { serve(connection.socket.get()); });
        ::shutdown(connection.socket.get(), SHUT_RDWR);
        const MutexLock lock(mutex_);
        connection.done = true;
        ended_.notify_all();
      });
    } catch (const std::exception& problem) {  // no thread, or no memory for one
      connections_.pop_back();
      log_.warn("control socket: no thread for a connection: {}", problem.what());
    }
  }

  /// Tells the other side why it is refused; never waits, so that nobody can hold up the accepting
  /// thread.
  static void refuse(const Descriptor& socket, Error error) {
    static_cast<void>(write_frame(socket.get(), encode_response(std::unexpected(std::move(error))),
                                  std::chrono::milliseconds(0)));
  }

  void serve(int socket) {
    // Charge is for a frame, its JSON, and the payload in it, until the answer is out.
    constexpr std::size_t copies = 3;
    MemoryCharge charge(options_.memory, Held::control);
    const FrameLimits limits{limits::control_frame_bytes, options_.idle, options_.transfer,
                             [&](std::size_t bytes) -> Result<void> {
                               if (charge.resize(copies * bytes)) return {};
                               return out_of_budget(Held::control);
                             }};
    while (true) {
      charge.resize_down(0);
      auto frame = read_frame(socket, limits);
      if (frame && !*frame) return;
      const auto written = answer_to(socket, frame);
      // Bad frame ends the connection, since nobody knows where the next one begins.
      if (!frame || !written) return;
    }
  }

  Result<void> answer_to(int socket, Result<std::optional<std::string>>& frame) {
    // Tree of JSON takes many times its text, in small blocks that the allocator keeps.
    constexpr std::size_t worth_giving_back = 1 * limits::mib;
    bool large = false;
    auto written = [&] {
      const auto outcome = frame ? handle(**frame) : Outcome(pass(frame));
      const auto text = encode_response(outcome);
      // Answer that was too long for a frame has become a short error.
      const bool too_long =
          outcome && text.contains(R"("ok":false)") && text.size() < worth_giving_back;
      large = text.size() >= worth_giving_back || too_long;
      return write_frame(socket, text, options_.transfer);
    }();
    if (large) ::malloc_trim(0);
    return written;
  }

  Outcome handle(std::string_view text) {
    auto request = decode_request(text);
    if (!request) return pass(request);
    log_.debug("control socket: {}", request->operation);
    try {
      return handler_(*request);
    } catch (const std::exception& problem) {
      log_.error("control socket: {} failed: {}", request->operation, problem.what());
      return fail(ErrorCode::internal, request->operation + ": " + problem.what(),
                  "this is a defect of trellis, please report it");
    }
  }

  /// Waits for closed connections, which end by themselves once their answer is out, at once in
  /// most cases: the host has stopped. One that does not take its answer is not waited for.
  void wait_for_answers() {
    MutexLock lock(mutex_);
    ended_.wait_for(lock, last_answers, [this]() REQUIRES(mutex_) {
      return std::ranges::all_of(connections_, [](const auto& one) { return one.done.load(); });
    });
  }

  /// Joins threads that are done. By the accepting thread, or when it has ended.
  void forget_finished() {
    connections_.remove_if([](Connection& connection) {
      if (!connection.done) return false;
      connection.thread.join();
      return true;
    });
  }

  void for_each_socket(int how) {
    for (const auto& connection : connections_) ::shutdown(connection.socket.get(), how);
  }

  const ServerOptions options_;
  const Handler handler_;
  const Log log_;
  const Error stranger_;  // what somebody is told who may not command this host
  std::optional<Listener> listener_;
  const std::filesystem::path path_;
  const Descriptor wake_;
  Mutex mutex_;  // for ended_
  Condition ended_;
  std::list<Connection> connections_;  // of the accepting thread; of close() once that has ended
  std::thread acceptor_;               // last: uses everything above
};

Result<Server> Server::start(ServerOptions options, Handler handler, Log log) {
  const auto& place = options.place;
  if (auto ready = prepare_place(place, options.audience); !ready) return pass(ready);
  const bool named = place.kind == Place::Kind::named;
  // Left-overs of hosts that died go now; a failure of that must not keep this host from starting.
  if (!named) static_cast<void>(live_sockets(place, options.audience.owner));
  auto listener = Listener::open(
      named ? place.socket : place.folder / fmt::format("{}.sock", options.pid), options.audience);
  if (!listener) return pass(listener);
  Descriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail(ErrorCode::unavailable, "control socket: no descriptors left");
  return Server(std::make_unique<Implementation>(std::move(options), std::move(handler),
                                                 std::move(log), std::move(*listener),
                                                 std::move(wake)));
}

Server::Server(std::unique_ptr<Implementation> self) : self_(std::move(self)) {}
Server::Server(Server&&) noexcept = default;
Server::~Server() = default;

const std::filesystem::path& Server::path() const noexcept {
  return self_->path();
}
void Server::close() {
  self_->close();
}

}  // namespace trellis::admin
