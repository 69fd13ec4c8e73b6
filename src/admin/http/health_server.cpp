#include "admin/http/health_server.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "admin/http/loopback.hpp"
#include "base/guard.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "json/json_text.hpp"

namespace trellis::admin {
namespace {

using Time = std::chrono::steady_clock::time_point;
using nlohmann::json;

constexpr std::size_t max_connections = 16;

std::string response(int status, std::string_view reason, std::string_view type,
                     const std::string& text, bool with_body) {
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
      "Cache-Control: no-store\r\nConnection: close\r\n\r\n{}",
      status, reason, type, text.size(), with_body ? text : std::string());
}

std::string response(int status, std::string_view reason, const json& body, bool with_body) {
  return response(status, reason, "application/json", dump_json(body) + "\n", with_body);
}

std::string refusal(int status, std::string_view reason) {
  return response(status, reason, {{"error", reason}}, true);
}

/// One probe: reads until the end of the head, then writes its answer and is done.
struct Probe {
  Descriptor socket;
  Time deadline;
  std::string head;
  std::string answer;
  std::size_t sent = 0;
  bool done = false;

  [[nodiscard]] short wanted() const { return answer.empty() ? POLLIN : POLLOUT; }
};

void read_head(Probe& probe, const ProbeSources& sources) {
  char buffer[2048];
  const auto got = ::recv(probe.socket.get(), buffer, sizeof buffer, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    probe.done = true;
    return;
  }
  probe.head.append(buffer, static_cast<std::size_t>(got));
  if (probe.head.find("\r\n\r\n") != std::string::npos) {
    probe.answer = answer_probe(probe.head, sources);
  } else if (probe.head.size() > limits::probe_request_bytes) {
    probe.answer = refusal(431, "Request Header Fields Too Large");
  }
}

void write_answer(Probe& probe) {
  const auto put = ::send(probe.socket.get(), probe.answer.data() + probe.sent,
                          probe.answer.size() - probe.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (put < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (put > 0) probe.sent += static_cast<std::size_t>(put);
  if (put < 0 || probe.sent == probe.answer.size()) {
    ::shutdown(probe.socket.get(), SHUT_WR);
    probe.done = true;
  }
}

int patience_until(const std::vector<Probe>& probes) {
  if (probes.empty()) return -1;
  const auto first = std::min_element(probes.begin(), probes.end(),
                                      [](auto& a, auto& b) { return a.deadline < b.deadline; });
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(first->deadline -
                                                                 std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

/// The Host without port; nothing when there is none.
std::string_view host_of(std::string_view head) {
  for (auto rest = head; !rest.empty();) {
    const auto end = std::min(rest.find("\r\n"), rest.size());
    const auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 2, rest.size()));
    const auto colon = line.find(':');
    if (colon != 4 || to_lower_ascii(line.substr(0, colon)) != "host") continue;
    auto host = trim(line.substr(colon + 1));
    const auto port = host.rfind(':');
    if (port != std::string_view::npos && !host.ends_with(']')) host = host.substr(0, port);
    return host;
  }
  return {};
}

/// Probes without Host (HTTP/1.0) are no browsers.
bool is_local(std::string_view host) {
  const bool numbers = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host.empty() || to_lower_ascii(host) == "localhost" || host == "[::1]" ||
         (numbers && host.starts_with("127."));
}

}  // namespace

std::string answer_probe(std::string_view head, const ProbeSources& sources) {
  const auto line = head.substr(0, head.find("\r\n"));
  const auto first = line.find(' ');
  const auto second = line.find(' ', first == std::string_view::npos ? line.size() : first + 1);
  if (second == std::string_view::npos || !line.substr(second + 1).starts_with("HTTP/1.")) {
    return refusal(400, "Bad Request");
  }
  const auto method = line.substr(0, first);
  auto path = line.substr(first + 1, second - first - 1);
  path = path.substr(0, path.find('?'));
  // A browser on this machine would ask under any name that its page's server likes.
  if (!is_local(host_of(head))) return refusal(421, "Misdirected Request");
  const bool wants_metrics = path == "/metrics" && sources.metrics;
  if (path != "/livez" && path != "/readyz" && !wants_metrics) return refusal(404, "Not Found");
  if (method != "GET" && method != "HEAD") return refusal(405, "Method Not Allowed");
  const bool with_body = method == "GET";
  if (path == "/livez") return response(200, "OK", {{"live", true}}, with_body);
  if (wants_metrics) {
    constexpr std::string_view type = "text/plain; version=0.0.4; charset=utf-8";
    return response(200, "OK", type, sources.metrics(), with_body);
  }
  const auto state = sources.readiness();
  return response(state.ready() ? 200 : 503, state.ready() ? "OK" : "Service Unavailable",
                  to_json(state), with_body);
}

class HealthServer::Implementation {
 public:
  Implementation(LoopbackListener listener, Descriptor wake, ProbeSources sources, Log log)
      : listener_(std::move(listener)),
        wake_(std::move(wake)),
        sources_(std::move(sources)),
        log_(std::move(log)),
        thread_([this] { run(); }) {}

  ~Implementation() {
    ::eventfd_write(wake_.get(), 1);
    thread_.join();
  }

  [[nodiscard]] const std::string& address() const noexcept { return listener_.address; }

 private:
  void run() {
    persevere([this] {
      try {
        while (turn()) {
        }
      } catch (const std::exception& problem) {
        log_.error("health address: {}", problem.what());
        throw;
      }
    });
  }

  /// One wait and what it brought; false when the server is to end.
  bool turn() {
    std::vector<pollfd> entries{{wake_.get(), POLLIN, 0}};
    // At the bound new connections wait in the kernel's queue.
    const bool accepting = probes_.size() < max_connections;
    entries.push_back({listener_.socket.get(), accepting ? short{POLLIN} : short{0}, 0});
    for (const auto& probe : probes_) entries.push_back({probe.socket.get(), probe.wanted(), 0});
    const int ready = ::poll(entries.data(), entries.size(), patience_until(probes_));
    if (ready < 0) return errno == EINTR;
    if (entries[0].revents != 0) return false;
    for (std::size_t i = 0; i < probes_.size(); ++i) {
      if (entries[i + 2].revents != 0) advance(probes_[i]);
    }
    if (entries[1].revents != 0) accept_one();
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(probes_, [&](const Probe& probe) { return probe.done || probe.deadline <= now; });
    return true;
  }

  void advance(Probe& probe) {
    if (probe.answer.empty()) read_head(probe, sources_);
    if (!probe.answer.empty()) write_answer(probe);
  }

  void accept_one() {
    Descriptor socket(::accept4(listener_.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket) {
      probes_.push_back({std::move(socket),
                         std::chrono::steady_clock::now() + limits::probe_timeout,
                         {},
                         {},
                         0,
                         false});
    } else if (errno == EMFILE || errno == ENFILE) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));  // it stays ready: do not spin
    }
  }

  const LoopbackListener listener_;
  const Descriptor wake_;
  const ProbeSources sources_;
  const Log log_;
  std::vector<Probe> probes_;  // of the thread
  std::thread thread_;         // last: uses everything above
};

Result<HealthServer> HealthServer::start(std::string_view address, ProbeSources sources, Log log) {
  auto listener = listen_on_loopback(address);
  if (!listener) return pass(listener);
  Descriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail(ErrorCode::unavailable, "health address: no descriptors left");
  return HealthServer(std::make_unique<Implementation>(std::move(*listener), std::move(wake),
                                                       std::move(sources), std::move(log)));
}

HealthServer::HealthServer(std::unique_ptr<Implementation> self) : self_(std::move(self)) {}
HealthServer::HealthServer(HealthServer&&) noexcept = default;
HealthServer::~HealthServer() = default;

const std::string& HealthServer::address() const noexcept {
  return self_->address();
}

}  // namespace trellis::admin
