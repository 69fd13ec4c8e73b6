// Requests that block inside the host (DESIGN "Blocking").
#include <atomic>
#include <condition_variable>
#include <memory>
#include <vector>

#include "providers/httpserver/http_fixture.hpp"

namespace trellis::test {
namespace {

using namespace std::chrono_literals;

/// `/slow` waits inside a host call until release(); everything else answers at once. The host's
/// refusal to wait becomes TRELLIS_BUSY, as the router makes it.
class HttpBlockingTest : public HttpServerTest {
 protected:
  HttpBlockingTest() {
    host_.set_actor([this](auto, auto, ByteView payload) -> FakeHost::Reply {
      const auto request = codec::decode<Request>(payload);
      if (request && request->path == "/slow") {
        const BlockingScope scope;
        if (!scope.allowed()) return {TRELLIS_BUSY, to_bytes("no thread to wait on")};
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        changed_.wait_for(lock, 30s, [this] { return released_; });
      }
      return {TRELLIS_OK, codec::encode(Response{200, "", {}, to_bytes("done")})};
    });
  }
  ~HttpBlockingTest() override { release(); }

  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  bool wait_for_waiting(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [&] { return waiting_ >= count; });
  }
  void send_slow(std::uint16_t port, int count) {
    for (int i = 0; i < count; ++i) {
      clients_.push_back(std::make_unique<HttpClient>(port));
      clients_.back()->send("GET /slow HTTP/1.1\r\nHost: t\r\n\r\n");
    }
  }

  static constexpr std::string_view fast = "GET /fast HTTP/1.1\r\nHost: t\r\n\r\n";
  std::vector<std::unique_ptr<HttpClient>> clients_;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool released_ = false;
};

TEST_F(HttpBlockingTest, AFastRequestPassesManyBlockedOnes) {
  const auto port = bind({{"WORKERS", "2"}});
  send_slow(port, 32);
  ASSERT_TRUE(wait_for_waiting(32));
  // All 32 are inside; only a thread that took over the I/O can answer.
  const auto response = ask(port, fast);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "done");
  release();
  for (auto& client : clients_) EXPECT_EQ(client->receive()->body, "done");
}

TEST_F(HttpBlockingTest, RefusesWhenNoSpareIsLeft) {
  const auto port = bind({{"WORKERS", "2"}});
  send_slow(port, 64);
  ASSERT_TRUE(wait_for_waiting(64));
  const auto refused = ask(port, "GET /slow HTTP/1.1\r\nHost: t\r\n\r\n");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->header.at("retry-after"), "1");
  EXPECT_EQ(ask(port, fast)->status, 200) << "those that need not wait are served";
  release();
  for (auto& client : clients_) EXPECT_EQ(client->receive()->status, 200);
  EXPECT_EQ(ask(port, "GET /slow HTTP/1.1\r\nHost: t\r\n\r\n")->status, 200);
}

TEST_F(HttpBlockingTest, RefusesWhenTheHostHasNoThread) {
  const auto port = bind({{"WORKERS", "2"}});
  host_.set_most_threads(3);  // two that run, one to spare
  send_slow(port, 1);
  ASSERT_TRUE(wait_for_waiting(1));
  EXPECT_EQ(ask(port, "GET /slow HTTP/1.1\r\nHost: t\r\n\r\n")->status, 503);
  EXPECT_EQ(ask(port, fast)->status, 200);
}

TEST_F(HttpBlockingTest, ThreadsThatWaitedServeAgain) {
  const auto port = bind({{"WORKERS", "1"}});
  host_.set_most_threads(2);
  release();
  HttpClient client(port);
  for (int i = 0; i < 200; ++i) {
    const auto response = client.ask("GET /slow HTTP/1.1\r\nHost: t\r\n\r\n");
    ASSERT_TRUE(response);
    // While the thread that waited has not yet parked there may be no spare.
    ASSERT_TRUE(response->status == 200 || response->status == 503) << response->status;
  }
  EXPECT_EQ(client.ask(fast)->status, 200);
}

TEST_F(HttpBlockingTest, ManyClientsThatBlockBriefly) {
  const auto port = bind({{"WORKERS", "2"}});
  release();
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      HttpClient client(port);
      for (int j = 0; j < 100; ++j) {
        const auto response = client.ask("GET /slow HTTP/1.1\r\nHost: t\r\n\r\n");
        if (response && response->status == 200) ++good;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 800);
}

}  // namespace
}  // namespace trellis::test
