#include "cli/health_server.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "base/limits.hpp"
#include "providers/httpserver/server.hpp"
#include "providers/net/listener.hpp"

namespace trellis::cli {
namespace {

namespace httpserver = providers::httpserver;
namespace net = providers::net;
using providers::Endpoint;

/// Connections that others of this machine may have at one time. Each lives for
/// limits::probe_timeout once it is idle.
constexpr std::size_t max_probe_connections = 64;
/// What an answer under way gets when the host stops.
constexpr std::chrono::milliseconds stop_patience{200};

/// Any thread.
class ProbeHandler final : public httpserver::RequestHandler {
 public:
  explicit ProbeHandler(admin::ProbeSources sources) : sources_(std::move(sources)) {}

  void handle(const httpserver::RequestView& request,
              codec::httpserver::Response& response) override {
    const auto host = request.header("host").value_or("");
    response = admin::answer_probe({request.method, request.path, host}, sources_);
  }

 private:
  const admin::ProbeSources sources_;
};

/// Threads that never enter guests. Any thread.
class PlainThreads final : public providers::ThreadSource {
 public:
  Result<std::unique_ptr<providers::PoolThread>> start(std::string_view, std::function<void()> body,
                                                       BlockingHooks&) override {
    try {
      return std::make_unique<Running>(std::move(body));
    } catch (const std::system_error& problem) {
      return fail(ErrorCode::unavailable, fmt::format("no thread to be had: {}", problem.what()));
    }
  }

 private:
  struct Running final : providers::PoolThread {
    explicit Running(std::function<void()> body) : thread(std::move(body)) {}
    std::jthread thread;
  };
};

std::optional<Endpoint> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) return std::nullopt;
  std::uint16_t port = 0;
  const auto* end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data() + colon + 1, end, port);
  if (problem != std::errc() || at != end) return std::nullopt;
  std::string host(text.substr(0, colon));
  const bool v6 = host.starts_with('[') && host.ends_with(']');
  if (v6) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  providers::AsioError error;
  const auto address = net::ip::make_address(host, error);
  if (error || address.is_v6() != v6) return std::nullopt;
  return Endpoint(address, port);
}

Result<Endpoint> loopback_address(std::string_view text) {
  const auto found = parse_address(text);
  if (!found) {
    return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no address and port", text),
                "write it like 127.0.0.1:8090 or [::1]:8090");
  }
  if (!found->address().is_loopback()) {
    return fail(ErrorCode::invalid_argument, fmt::format("'{}' is not a loopback address", text),
                "use 127.0.0.1 or [::1]; put a proxy in front to reach it from elsewhere");
  }
  return *found;
}

httpserver::Options probe_options(const Endpoint& endpoint) {
  httpserver::Options options;
  options.addresses = {endpoint};
  options.workers = 1;
  options.header_timeout = options.idle_timeout = limits::probe_timeout;
  options.max_header_bytes = limits::probe_request_bytes;
  options.max_body_bytes = 0;
  options.max_connections = max_probe_connections;
  return options;
}

}  // namespace

class HealthServer::Implementation {
 public:
  explicit Implementation(Log log)
      : server_(threads_, std::move(log), {.threads = 1, .spares = 1}) {}
  ~Implementation() { server_.stop(SteadyTime::clock::now() + stop_patience); }

  [[nodiscard]] Result<void> listen(const Endpoint& endpoint, admin::ProbeSources sources) {
    return server_.put("probes", probe_options(endpoint),
                       std::make_shared<ProbeHandler>(std::move(sources)));
  }
  [[nodiscard]] std::string address() const {
    const auto url = server_.urls().front();
    return url.substr(url.find("//") + 2);
  }

 private:
  PlainThreads threads_;
  httpserver::Server server_;  // uses the threads
};

Result<HealthServer> HealthServer::start(std::string_view address, admin::ProbeSources sources,
                                         Log log) {
  const auto endpoint = loopback_address(address);
  if (!endpoint) return pass(endpoint);
  auto made = std::make_unique<Implementation>(std::move(log));
  if (auto listening = made->listen(*endpoint, std::move(sources)); !listening) {
    return fail(listening.error().code, listening.error().message,
                "choose another port, or 0 for any");
  }
  return HealthServer(std::move(made));
}

HealthServer::HealthServer(std::unique_ptr<Implementation> self) : self_(std::move(self)) {}
HealthServer::HealthServer(HealthServer&&) noexcept = default;
HealthServer::~HealthServer() = default;

std::string HealthServer::address() const {
  return self_->address();
}

}  // namespace trellis::cli
