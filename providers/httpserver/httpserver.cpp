#include "providers/httpserver/httpserver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>

#include "base/key_form.hpp"
#include "providers/httpserver/dispatch_handler.hpp"
#include "providers/httpserver/server.hpp"
#include "providers/net/host_services.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers::httpserver {
namespace {

struct Link {
  Options options;
};

/// Key is the name under which requests are dispatched; a wrong one would fail for each of them.
Result<void> check_actor_key(std::string_view actor) {
  if (has_key_form(actor, 'M')) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("'{}' is no actor key: those have {} characters and begin with M",
                          actor.substr(0, 64), key_form_chars),
              "link an actor by its public key");
}

constexpr std::array httpserver_local_values = {trellis_local_value{"BIND", TRELLIS_LOCAL_LISTEN},
                                                trellis_local_value{"PORT", TRELLIS_LOCAL_PORT},
                                                trellis_local_value{"TLS_CERT", TRELLIS_LOCAL_FILE},
                                                trellis_local_value{"TLS_KEY", TRELLIS_LOCAL_FILE}};

class HttpServerProvider final : public sdk23::Provider<Link> {
 public:
  static constexpr Description description = {
      codec::httpserver::contract_id.data(),
      "Trellis HTTP Server",
      "Trellis",
      "0.1.0",
      1,
      TRELLIS_PROVIDER_CONCURRENT | TRELLIS_PROVIDER_REBINDS,
      httpserver_local_values};

  explicit HttpServerProvider(Host host)
      : Provider(host),
        threads_(host),
        memory_(host),
        log_(std::make_shared<HostLogSink>(host), "httpserver"),
        server_(
            threads_, log_,
            {.threads = std::max(1U, std::thread::hardware_concurrency()), .memory = &memory_}) {}

  Result<std::shared_ptr<Link>> bind(std::string_view actor, const codec::StringMap& values,
                                     const std::shared_ptr<Link>& previous) override {
    if (auto checked = check_actor_key(actor); !checked) return pass(checked);
    auto parsed = read_options(values);
    if (!parsed) return pass(parsed);
    for (const auto& warning : parsed->warnings) log_.warn("link of {}: {}", actor, warning);
    // Bind with equal options changes only hidden values, such as those of newer claims.
    if (previous && previous->options == parsed->options) return previous;
    auto served = server_.put(std::string(actor), parsed->options,
                              handler_for(std::string(actor), parsed->options));
    if (!served) return pass(served);
    return std::make_shared<Link>(Link{std::move(parsed->options)});
  }

  void unbind(std::string_view actor, Link&) override { server_.remove(actor); }

  Result<Bytes> handle(Link&, const Call&) override {
    return fail(ErrorCode::unsupported, "bad dispatch", "actors receive requests; they send none");
  }

  sdk23::Health health() override {
    constexpr std::size_t max_shown = 8;
    const auto urls = server_.urls();
    if (urls.empty()) return {true, "no actor is linked"};
    const auto shown = urls.begin() + static_cast<std::ptrdiff_t>(std::min(urls.size(), max_shown));
    auto message = fmt::format("listening on {}", fmt::join(urls.begin(), shown, ", "));
    if (urls.size() > max_shown) message += fmt::format(" and {} more", urls.size() - max_shown);
    return {true, std::move(message)};
  }

  void stop(SteadyTime deadline) override { server_.stop(deadline); }

 private:
  std::shared_ptr<RequestHandler> handler_for(const std::string& actor, const Options& options) {
    auto handler = std::make_shared<DispatchHandler>(host(), log_, actor, options.show_errors);
    if (!options.cors) return handler;
    return std::make_shared<CorsHandler>(*options.cors, std::move(handler));
  }

  HostThreads threads_;
  HostMemory memory_;
  Log log_;
  // Last: its threads use the members above.
  Server server_;
};

}  // namespace

const trellis_provider_table* table() noexcept {
  return sdk23::provider_table<HttpServerProvider>();
}

}  // namespace trellis::providers::httpserver
