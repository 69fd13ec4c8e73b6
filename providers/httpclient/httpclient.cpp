#include "providers/httpclient/httpclient.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <stop_token>

#include "codec/messages/httpclient.hpp"
#include "providers/httpclient/exchange.hpp"
#include "providers/httpclient/options.hpp"
#include "providers/net/client_pool.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers::httpclient {

namespace {

namespace messages = codec::httpclient;

[[nodiscard]] http::Settings settings_of(const Options& options) {
  http::Settings settings;
  settings.ca_file = options.ca_file;
  settings.user_agent = "trellis-httpclient";
  settings.connect_timeout = options.connect_timeout;
  settings.stall_timeout = options.timeout;
  settings.proxy = options.proxy;
  // Repeated response headers are joined as the contract says (contracts.md 3.2).
  settings.joint = ",";
  settings.peer = "server";
  // Addresses are judged only where we connect ourselves. A proxy was chosen by who made the link,
  // and knows itself what it may reach.
  if (options.proxy.empty()) {
    settings.allows = [rules = options.addresses](const sockaddr& address) {
      return rules.allows(address);
    };
  }
  return settings;
}

struct Link {
  explicit Link(Options read)
      : options(std::move(read)), clients(settings_of(options), options.connections) {}

  const Options options;
  ClientPool clients;
};

constexpr std::array httpclient_local_values = {trellis_local_value{"CA_FILE", TRELLIS_LOCAL_FILE},
                                                trellis_local_value{"PROXY", TRELLIS_LOCAL_ONLY},
                                                trellis_local_value{"ALLOW", TRELLIS_LOCAL_ONLY},
                                                trellis_local_value{"DENY", TRELLIS_LOCAL_ONLY}};

class HttpClientProvider final : public sdk23::Provider<Link> {
 public:
  static constexpr Description description = {
      messages::contract_id.data(),
      "Trellis HTTP Client",
      "Trellis",
      "0.1.0",
      1,
      TRELLIS_PROVIDER_CONCURRENT | TRELLIS_PROVIDER_REBINDS,
      httpclient_local_values};
  using Provider::Provider;

  Result<std::shared_ptr<Link>> bind(std::string_view, const codec::StringMap& values,
                                     const std::shared_ptr<Link>& previous) override {
    auto options = read_options(values);
    if (!options) return pass(options);
    // Link stays with its open connections if only hidden values changed, such as those of newer
    // claims.
    if (previous && previous->options == *options) return previous;
    return std::make_shared<Link>(std::move(*options));
  }

  void unbind(std::string_view, Link& link) override { link.clients.shut_down(); }

  Result<Bytes> handle(Link& link, const Call& call) override {
    if (call.operation != messages::operation::request) {
      return fail(ErrorCode::unsupported, "bad dispatch", "wasmcloud:httpclient has Request");
    }
    const auto args = codec::decode<messages::RequestArgs>(call.payload);
    if (!args) return pass(args);
    auto request = make_request(*args, link.options);
    if (!request) return pass(request);
    const auto now = std::chrono::steady_clock::now();
    // Sockets wait on the real clock; in tests the host's is another one.
    const auto left =
        std::min<SteadyTime::duration>(call.deadline - host().now(), link.options.timeout);
    // Waiting for a free client counts against the same time as the request.
    auto client = link.clients.borrow(now + left);
    if (!client) return pass(client);
    const SystemClock clock;
    auto response = exchange(*client->operator->(), std::move(*request), *args, link.options,
                             {clock, now + left, stopping_.get_token()});
    if (!response) return pass(response);
    const auto message = to_message(std::move(*response), *args, link.options);
    if (!message) return pass(message);
    return codec::encode(*message);
  }

  /// Health is always good. There is no server to ask: each request has one of its own.
  sdk23::Health health() override { return {true, ""}; }

  void stop(SteadyTime) override { stopping_.request_stop(); }

 private:
  std::stop_source stopping_;
};

}  // namespace

const trellis_provider_table* table() noexcept {
  return sdk23::provider_table<HttpClientProvider>();
}

}  // namespace trellis::providers::httpclient
