// Links of the HTTP server: made, changed, removed, and the end of the provider, also under load.
#include <atomic>
#include <condition_variable>
#include <vector>

#include "providers/httpserver/http_fixture.hpp"
#include "support/server_process.hpp"

namespace trellis::test {
namespace {

using namespace std::chrono_literals;
constexpr std::string_view get = "GET /x HTTP/1.1\r\nHost: t\r\n\r\n";

/// Holds requests inside the actor until it is opened.
class Gate {
 public:
  void pass() {
    const BlockingScope waiting;
    std::unique_lock lock(mutex_);
    ++inside_;
    changed_.notify_all();
    changed_.wait_for(lock, 20s, [this] { return open_; });
  }
  void open() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool wait_inside(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return inside_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;
  bool open_ = false;
};

class HttpBindingTest : public HttpServerTest {
 protected:
  static std::string address(std::uint16_t port) { return fmt::format("127.0.0.1:{}", port); }
  static bool refused(std::uint16_t port) { return !HttpClient(port).connected(); }
  std::string health() {
    const auto answer = provider_.call("system", "HealthRequest", to_bytes("\x80"));
    EXPECT_TRUE(answer);
    const auto decoded = codec::decode<codec::core::HealthResponse>(*answer);
    EXPECT_TRUE(decoded && decoded->healthy);
    return decoded->message;
  }
};

TEST_F(HttpBindingTest, HealthSaysWhereItListens) {
  EXPECT_EQ(health(), "no actor is linked");
  const auto port = bind();
  EXPECT_EQ(health(), "listening on http://" + address(port));
  EXPECT_TRUE(logged(fmt::format("listening on http://127.0.0.1:{} for {}", port, actor)));
}

TEST_F(HttpBindingTest, SuccessIsZeroBytes) {
  const auto bound = provider_.bind(actor, {{"BIND", "127.0.0.1:0"}});
  ASSERT_TRUE(bound);
  EXPECT_TRUE(bound->empty());
}

TEST_F(HttpBindingTest, BadValuesAndKeysAreErrors) {
  EXPECT_NE(bind_error({{"PORT", "eighty"}}).find("PORT"), std::string::npos);
  EXPECT_NE(bind_error({{"PROT", "80"}}).find("PROT"), std::string::npos);
  EXPECT_NE(bind_error({{"PORT", "0"}}, "MSHORT").find("MSHORT"), std::string::npos);
  EXPECT_EQ(health(), "no actor is linked");
}

TEST_F(HttpBindingTest, ATakenPortIsAnError) {
  const auto port = bind();
  const auto text = bind_error({{"BIND", address(port)}}, other);
  EXPECT_NE(text.find(address(port)), std::string::npos) << text;
  EXPECT_NE(text.find("in use"), std::string::npos) << text;
  // The wildcard takes it too.
  EXPECT_NE(bind_error({{"PORT", std::to_string(port)}}, other).find("in use"), std::string::npos);
  EXPECT_EQ(ask(port, get)->status, 200);
  // Free again, it can be had.
  ASSERT_TRUE(provider_.remove(actor));
  EXPECT_EQ(bind({{"BIND", address(port)}}, other), port);
}

TEST_F(HttpBindingTest, OneOfSeveralAddressesTakenMeansNone) {
  const auto taken = bind();
  const auto free_port = bind({}, other);
  ASSERT_TRUE(provider_.remove(other));
  bind_error({{"BIND", address(free_port) + "," + address(taken)}}, other);
  EXPECT_TRUE(refused(free_port));
}

TEST_F(HttpBindingTest, SeveralAddresses) {
  bind({{"BIND", "127.0.0.1:0,[::1]:0"}});
  const auto text = health();
  EXPECT_NE(text.find("http://127.0.0.1:"), std::string::npos);
  EXPECT_NE(text.find("http://[::1]:"), std::string::npos);
}

TEST_F(HttpBindingTest, TheSameValuesAgainChangeNothing) {
  const auto port = bind();
  HttpClient client(port);
  ASSERT_TRUE(client.ask(get));
  EXPECT_EQ(bind(), port);
  EXPECT_EQ(bind({{"__wasmcloud_expires", "5"}}), port);
  EXPECT_EQ(client.ask(get)->status, 200);
}

TEST_F(HttpBindingTest, ChangedLimitsReachOpenConnections) {
  const auto port = bind();
  HttpClient client(port);
  ASSERT_TRUE(client.ask(get));
  EXPECT_EQ(bind({{"TIMEOUT_MS", "77"}, {"MAX_BODY_BYTES", "1"}}), port);
  ASSERT_TRUE(client.ask(get));
  EXPECT_EQ(host_.last_timeout(), 77ms);
  EXPECT_EQ(client.ask("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nab")->status, 413);
}

TEST_F(HttpBindingTest, ChangedAddressesMoveTheServer) {
  const auto port = bind();
  HttpClient client(port);
  ASSERT_TRUE(client.ask(get));
  const auto added = bind({{"BIND", "127.0.0.1:0,[::1]:0"}});
  EXPECT_NE(added, port);
  EXPECT_EQ(ask(port, get)->status, 200) << "the address in both lists stays";
  bind({{"BIND", fmt::format("[::1]:{}", added)}});
  EXPECT_TRUE(refused(port));
  EXPECT_EQ(client.ask(get)->status, 200) << "connections survive";
  EXPECT_EQ(health(), fmt::format("listening on http://[::1]:{}", added));
}

TEST_F(HttpBindingTest, AnAddressThatCoversTheOldOneReplacesIt) {
  const auto port = bind();
  HttpClient client(port);
  ASSERT_TRUE(client.ask(get));
  ASSERT_TRUE(provider_.bind(actor, {{"PORT", std::to_string(port)}}));
  EXPECT_EQ(health(), fmt::format("listening on http://0.0.0.0:{}", port));
  EXPECT_EQ(ask(port, get)->status, 200);
  EXPECT_EQ(client.ask(get)->status, 200);
  // Address that fails beside it brings the old one back.
  const auto taken = bind({}, other);
  bind_error({{"BIND", address(port) + "," + address(taken)}});
  EXPECT_EQ(health().find(fmt::format("http://0.0.0.0:{}", port)), 13U);
  EXPECT_EQ(ask(port, get)->status, 200);
}

TEST_F(HttpBindingTest, AFailedChangeLeavesTheOldServer) {
  const auto port = bind();
  const auto taken = bind({}, other);
  bind_error({{"BIND", address(taken)}});
  EXPECT_EQ(ask(port, get)->status, 200);
}

TEST_F(HttpBindingTest, RemovingClosesAtOnce) {
  const auto port = bind();
  HttpClient idle(port);
  ASSERT_TRUE(idle.ask(get));
  ASSERT_TRUE(provider_.remove(actor));
  EXPECT_TRUE(refused(port));
  EXPECT_TRUE(idle.closed());
  ASSERT_TRUE(provider_.remove(actor)) << "a second time";
  ASSERT_TRUE(provider_.remove(other)) << "one that never was";
  const auto again = bind();
  EXPECT_EQ(ask(again, get)->status, 200);
}

TEST_F(HttpBindingTest, RemovingLetsRequestsFinish) {
  Gate gate;
  answer_with([&](const Request& request) {
    gate.pass();
    return echo(request);
  });
  const auto port = bind();
  HttpClient busy(port);
  HttpClient receiving(port);
  receiving.send("GET / HTTP/1.1\r\nHo");
  busy.send(get);
  ASSERT_TRUE(gate.wait_inside(1));
  ASSERT_TRUE(provider_.remove(actor));
  EXPECT_TRUE(refused(port));
  gate.open();
  const auto response = busy.receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_TRUE(busy.closed());
  // The actor is no longer asked. Had the server not seen the beginning yet, it closed the
  // connection as an idle one.
  receiving.send("st: t\r\n\r\n");
  const auto late = receiving.receive();
  EXPECT_TRUE(!late || late->status == 503) << late->status;
  EXPECT_TRUE(receiving.closed());
}

TEST_F(HttpBindingTest, RemovingWhileRequestsRun) {
  for (int round = 0; round < 5; ++round) {
    const auto port = bind();
    std::atomic<bool> ended{false};
    std::atomic<int> served{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([&] {
        while (!ended) {
          HttpClient client(port);
          if (!client.connected()) continue;
          for (int j = 0; j < 20; ++j) {
            const auto response = client.ask(get);
            if (!response) break;
            EXPECT_TRUE(response->status == 200 || response->status == 503);
            served += response->status == 200;
          }
        }
      });
    }
    EXPECT_TRUE(eventually([&] { return served >= 40; }));
    ASSERT_TRUE(provider_.remove(actor));
    EXPECT_TRUE(refused(port));
    ended = true;
    for (auto& client : clients) client.join();
  }
}

TEST(HttpStop, FinishesWhatRunsAndEndsAllThreads) {
  Gate gate;
  FakeHost host;
  host.set_actor([&](auto, auto, auto) -> FakeHost::Reply {
    gate.pass();
    return {TRELLIS_OK, codec::encode(codec::httpserver::Response{200, "", {}, to_bytes("late")})};
  });
  auto provider = std::make_unique<ProviderInstance>(host, *providers::httpserver::table());
  const std::string actor = "MBCFOPM6JW2APJLXJD3Z5O4CN7CPYJ2B4FTKLJUR5YR5MITIU7HD3WD5";
  ASSERT_TRUE(provider->bind(actor, {{"BIND", "127.0.0.1:0"}}));
  std::uint16_t port = 0;
  for (const auto& line : host.logs()) {
    if (!line.text.starts_with("listening on ")) continue;
    port = static_cast<std::uint16_t>(std::stoul(line.text.substr(line.text.find("0.1:") + 4)));
  }
  HttpClient busy(port);
  HttpClient idle(port);
  busy.send(get);
  ASSERT_TRUE(gate.wait_inside(1));
  std::thread stopping([&] { provider.reset(); });
  EXPECT_TRUE(idle.closed());
  EXPECT_FALSE(HttpClient(port).connected());
  gate.open();
  const auto response = busy.receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "late");
  EXPECT_TRUE(busy.closed());
  stopping.join();
  EXPECT_EQ(host.live_buffers(), 0);
  EXPECT_EQ(host.bad_completions(), 0);
}

TEST_F(HttpBindingTest, NoThreadsToBeHad) {
  host_.set_most_threads(0);
  EXPECT_NE(bind_error({{"BIND", "127.0.0.1:0"}}).find("thread"), std::string::npos);
  EXPECT_TRUE(refused(last_port()));
  host_.set_most_threads(100);
  EXPECT_EQ(ask(bind(), get)->status, 200);
}

}  // namespace
}  // namespace trellis::test
