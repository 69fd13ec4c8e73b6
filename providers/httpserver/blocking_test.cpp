// Requests that block inside the host (docs/threads.md).
#include <atomic>
#include <condition_variable>
#include <memory>
#include <vector>

#include "providers/httpserver/http_fixture.hpp"

namespace trellis::test {
namespace {

using namespace std::chrono_literals;

/// `/slow` waits inside a host call until release(), `/spin` computes until then; everything else
/// answers at once. The host's refusal to wait becomes TRELLIS_BUSY, as the router makes it.
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
      if (request && request->path == "/spin") {
        ++spinning_;
        const auto limit = std::chrono::steady_clock::now() + 30s;
        while (!done_spinning_ && std::chrono::steady_clock::now() < limit) {
          std::this_thread::yield();  // works all the time, but lets the test run
        }
      }
      return {TRELLIS_OK, codec::encode(Response{200, "", {}, to_bytes("done")})};
    });
  }
  ~HttpBlockingTest() override { release(); }

  void release() {
    const std::scoped_lock lock(mutex_);
    released_ = true;
    done_spinning_ = true;
    changed_.notify_all();
  }
  bool wait_for_waiting(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [&] { return waiting_ >= count; });
  }
  void send_slow(std::uint16_t port, int count) { send(port, count, "slow"); }
  void send(std::uint16_t port, int count, std::string_view path) {
    for (int i = 0; i < count; ++i) {
      clients_.push_back(std::make_unique<HttpClient>(port));
      clients_.back()->send(fmt::format("GET /{} HTTP/1.1\r\nHost: t\r\n\r\n", path));
    }
  }
  bool wait_for_spinning(int count) {
    for (int i = 0; i < 3000 && spinning_ < count; ++i) std::this_thread::sleep_for(10ms);
    return spinning_ >= count;
  }

  std::atomic<int> spinning_{0};
  std::atomic<bool> done_spinning_{false};
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

// More than there are I/O threads, so that each must be replaced while it computes.
TEST_F(HttpBlockingTest, AFastRequestPassesManyThatCompute) {
  const auto port = bind({{"WORKERS", "2"}});
  const auto plain = bind({{"WORKERS", "2"}}, other);
  send(port, 8, "spin");
  ASSERT_TRUE(wait_for_spinning(8));
  EXPECT_EQ(ask(plain, fast)->status, 200);
  EXPECT_EQ(ask(port, fast)->status, 200);
  release();
  for (auto& client : clients_) EXPECT_EQ(client->receive()->status, 200);
  EXPECT_EQ(ask(plain, fast)->status, 200);
}

TEST_F(HttpBlockingTest, OneActorLeavesThreadsForTheOthers) {
  const auto port = bind({{"WORKERS", "2"}});
  const auto plain = bind({{"WORKERS", "2"}}, other);
  send_slow(port, 64);
  ASSERT_TRUE(wait_for_waiting(64));
  send(port, 40, "spin");  // as many of them as may be let in are
  ASSERT_TRUE(wait_for_spinning(12));
  send_slow(plain, 8);
  ASSERT_TRUE(wait_for_waiting(72)) << "another actor may wait too";
  EXPECT_EQ(ask(plain, fast)->status, 200);
  const auto crowded = ask(port, fast);
  EXPECT_EQ(crowded->status, 503);
  EXPECT_EQ(crowded->header.at("retry-after"), "1");
  release();
  for (auto& client : clients_) {
    const auto status = client->receive()->status;
    EXPECT_TRUE(status == 200 || status == 503) << status;
  }
  EXPECT_EQ(ask(port, fast)->status, 200);
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
