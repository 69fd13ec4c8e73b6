// Threads of servers that wait inside a request: others go on.
#include "providers/net/io_pool.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "support/capture_log.hpp"
#include "support/server_process.hpp"

namespace trellis::providers {
namespace {

class Threads final : public ThreadSource {
 public:
  Result<std::unique_ptr<PoolThread>> start(std::string_view, std::function<void()> body,
                                            BlockingHooks& hooks) override {
    class Running final : public PoolThread {
     public:
      explicit Running(std::thread thread) : thread_(std::move(thread)) {}
      ~Running() override { thread_.join(); }

     private:
      std::thread thread_;
    };
    return std::make_unique<Running>(std::thread([body = std::move(body), &hooks] {
      const ThreadBlockingHooks told(&hooks);
      body();
    }));
  }
};

class IoPoolTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(pool_.set_target(1)); }

  /// Runs `body` as a request of the owner, and waits for it.
  void handle(const std::function<void()>& body) {
    std::promise<void> done;
    net::post(pool_.context(), [&] {
      {
        const IoPool::Handling handling(share_);
        EXPECT_TRUE(handling.admitted());
        body();
      }
      done.set_value();
    });
    ASSERT_EQ(done.get_future().wait_for(test::patience), std::future_status::ready);
  }
  /// Waits for another handler of the pool, of which only one thread shall run.
  void wait_for_another() {
    const BlockingScope scope;
    EXPECT_TRUE(scope.allowed());
    std::promise<void> ran;
    net::post(pool_.context(), [&] { ran.set_value(); });
    EXPECT_EQ(ran.get_future().wait_for(test::patience), std::future_status::ready);
  }

  Threads threads_;
  SystemClock clock_;
  IoPool::Share share_;  // outlives the handlers
  IoPool pool_{threads_, clock_, Log(std::make_shared<test::CaptureLog>(), "test"), "test-io", 4};
};

TEST_F(IoPoolTest, AThreadThatWaitsIsReplaced) {
  handle([&] { wait_for_another(); });
}

TEST_F(IoPoolTest, AWaitThatLastsIsTakenOverAlsoAfterManyBriefOnes) {
  for (int i = 0; i < 200; ++i) {
    handle([] { const BlockingScope brief; });
  }
  for (int i = 0; i < 5; ++i) {
    handle([&] {
      wait_for_another();
      wait_for_another();
    });
  }
}

TEST_F(IoPoolTest, WaitsOutsideOfRequestsAreReplacedToo) {
  std::promise<void> done;
  net::post(pool_.context(), [&] {
    wait_for_another();
    done.set_value();
  });
  EXPECT_EQ(done.get_future().wait_for(test::patience), std::future_status::ready);
}

}  // namespace
}  // namespace trellis::providers
