#include "providers/telnet/telnet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>

#include "base/mutex.hpp"
#include "codec/messages/telnet.hpp"
#include "providers/net/host_services.hpp"
#include "providers/net/io_pool.hpp"
#include "providers/net/sweeper.hpp"
#include "providers/telnet/telnet_server.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers::telnet {
namespace {

namespace messages = codec::telnet;

/// Number of threads that may wait for actors beside those that move bytes.
constexpr unsigned spare_threads = 96;  // 64 for one actor
/// Time for which a stop waits for clients to take the last words.
constexpr std::chrono::milliseconds goodbye_time{500};

struct Link {
  std::shared_ptr<TelnetServer> server;
  Options options;
};

constexpr std::array telnet_local_values = {trellis_local_value{"BIND", TRELLIS_LOCAL_LISTEN},
                                            trellis_local_value{"PORT", TRELLIS_LOCAL_PORT},
                                            trellis_local_value{"MOTD_FILE", TRELLIS_LOCAL_FILE}};

class TelnetProvider final : public sdk23::Provider<Link> {
 public:
  static constexpr Description description = {
      messages::contract_id.data(),
      "Trellis Telnet",
      "Trellis",
      "0.1.0",
      1,
      TRELLIS_PROVIDER_CONCURRENT | TRELLIS_PROVIDER_REBINDS,
      telnet_local_values};

  explicit TelnetProvider(Host host)
      : Provider(host),
        threads_(host),
        log_(std::make_shared<HostLogSink>(host), "telnet"),
        pool_(threads_, clock_, log_, "telnet-io", spare_threads),
        sweeper_(pool_.context(), [this] { sweep(); }, [this] { return has_sessions(); }) {}

  Result<std::shared_ptr<Link>> bind(std::string_view actor, const codec::StringMap& values,
                                     const std::shared_ptr<Link>& previous) override {
    auto options = read_options(values);
    if (!options) return pass(options);
    // Bind with equal options changes only hidden values, such as those of newer claims.
    if (previous && previous->options == *options) return previous;
    const auto threads = std::max(1U, std::thread::hardware_concurrency());
    if (auto started = pool_.set_target(threads); !started) return pass(started);
    // Server outlives changes of its link, so that sessions go on.
    auto server = previous ? previous->server : make_server(actor);
    if (auto listening = server->configure(*options); !listening) return pass(listening);
    if (!previous) {
      const MutexLock lock(mutex_);
      servers_.push_back(server);
    }
    return std::make_shared<Link>(Link{std::move(server), std::move(*options)});
  }

  void unbind(std::string_view, Link& link) override {
    link.server->close();
    sweeper_.wake();
  }

  Result<Bytes> handle(Link& link, const Call& call) override {
    if (call.operation != messages::operation::send_text) {
      return fail(ErrorCode::unsupported, "bad dispatch", "telnet has SendText");
    }
    const auto args = codec::decode<messages::TextArgs>(call.payload);
    if (!args) return pass(args);
    const auto sent = link.server->send(args->session, args->text);
    if (sent) return codec::encode(messages::TelnetResult{true, std::nullopt});
    // Unknown session is an error, as in the first-party provider; other failures are a result with
    // `success` false (contracts.md 3.9).
    if (sent.error().code == ErrorCode::not_found) return pass(sent);
    return codec::encode(messages::TelnetResult{false, sent.error().message});
  }

  sdk23::Health health() override {
    constexpr std::size_t max_shown = 8;
    std::vector<std::string> addresses;
    std::size_t sessions = 0;
    for (const auto& server : servers()) {
      for (const auto& address : server->addresses()) addresses.push_back(to_text(address));
      sessions += server->sessions();
    }
    if (addresses.empty()) return {true, "no actor is linked"};
    const auto more = addresses.size() - std::min(addresses.size(), max_shown);
    addresses.resize(addresses.size() - more);
    auto message = fmt::format("listening on {}", fmt::join(addresses, ", "));
    if (more > 0) message += fmt::format(" and {} more", more);
    return {true, message + fmt::format("; {} sessions", sessions)};
  }

  void stop(SteadyTime deadline) override {
    const auto all = servers();
    // Order of a stop: nobody new comes in and everybody is told, last words go out, whoever is
    // left is cut off, then the threads end.
    for (const auto& server : all) server->close();
    {
      const auto now = clock_.steady();
      MutexLock lock(empty_mutex_);
      emptied_.wait_until(lock, std::min(deadline, now + goodbye_time),
                          [this] { return !has_sessions(); });
    }
    for (const auto& server : all) server->cut_sessions();
    pool_.stop();
  }

 private:
  using Servers = std::vector<std::shared_ptr<TelnetServer>>;

  std::shared_ptr<TelnetServer> make_server(std::string_view actor) {
    return TelnetServer::make(host(), clock_, log_, pool_.context(), std::string(actor),
                              {[this] { sweeper_.wake(); },
                               [this] {
                                 const MutexLock lock(empty_mutex_);
                                 emptied_.notify_all();
                               }});
  }

  [[nodiscard]] Servers servers() const {
    const MutexLock lock(mutex_);
    return servers_;
  }
  [[nodiscard]] bool has_sessions() const {
    const auto all = servers();
    return std::any_of(all.begin(), all.end(),
                       [](const auto& server) { return server->sessions() > 0; });
  }
  void sweep() {
    for (const auto& server : servers()) server->sweep(clock_.coarse());
    const MutexLock lock(mutex_);
    // Closed servers stay until their last session is over, so that it is swept.
    std::erase_if(servers_, [](const auto& server) { return server->over(); });
  }

  const SystemClock clock_;
  HostThreads threads_;
  Log log_;
  Mutex empty_mutex_;  // both outlive the sessions, which the pool holds
  Condition emptied_;
  IoPool pool_;
  mutable Mutex mutex_;                 // not held while a server is called, but for over()
  Servers servers_ GUARDED_BY(mutex_);  ///< closed ones until they are empty
  Sweeper sweeper_;
};

}  // namespace

const trellis_provider_table* table() noexcept {
  return sdk23::provider_table<TelnetProvider>();
}

}  // namespace trellis::providers::telnet
