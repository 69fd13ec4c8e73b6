#include "threads/guest_thread_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <vector>

#include "threads/blocking.hpp"

namespace trellis {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Jobs wait in it until all are there.
class Meeting {
 public:
  bool arrive_and_wait(int all) {
    std::unique_lock lock(mutex_);
    ++there_;
    changed_.notify_all();
    return changed_.wait_for(lock, seconds(20), [&] { return there_ >= all; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int there_ = 0;
};

TEST(GuestThreadPool, FinishWhatTheyAccepted) {
  std::atomic<int> done{0};
  {
    GuestThreadPool workers(4);
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(workers.post([&] { ++done; }));
  }
  EXPECT_EQ(done, 200);
}

TEST(GuestThreadPool, AJobThatThrowsIsAnErrorOfThatJob) {
  GuestThreadPool workers(2);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(workers.post([] { throw std::bad_alloc(); }));
  const auto failed = workers.run<int>([]() -> Result<int> { throw std::bad_alloc(); });
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().message, "out of memory");
  EXPECT_EQ(workers.run<int>([]() -> Result<int> { return 3; }).value(), 3);
}

TEST(GuestThreadPool, ThreadsThatWaitMakeRoomForOthers) {
  GuestThreadPool workers(16);
  Meeting meeting;
  std::atomic<int> met{0};
  for (int i = 0; i < 16; ++i) {
    ASSERT_TRUE(workers.post([&] {
      const BlockingScope waiting;
      if (meeting.arrive_and_wait(16)) ++met;
    }));
  }
  workers.stop();
  EXPECT_EQ(met, 16);
}

TEST(GuestThreadPool, JobsThatHogTheirThreadsDoNotStopTheRest) {
  GuestThreadPool workers(16);
  Meeting meeting;
  std::atomic<int> met{0};
  for (int i = 0; i < 16; ++i) {
    ASSERT_TRUE(workers.post([&] {
      if (meeting.arrive_and_wait(16)) ++met;  // not announced
    }));
  }
  workers.stop();
  EXPECT_EQ(met, 16);
}

TEST(GuestThreadPool, NoMoreRunAtOnceThanThereAreCoresWhileAllGoesWell) {
  GuestThreadPool workers(64);
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(workers.post([&] {
      const int now = ++running;
      int seen = most;
      while (seen < now && !most.compare_exchange_weak(seen, now)) {
      }
      --running;
    }));
  }
  workers.stop();
  // One more when the machine was busy elsewhere for a moment.
  EXPECT_LE(most, static_cast<int>(std::max(2U, std::thread::hardware_concurrency())) + 4);
}

/// Jobs wait in it until it is opened.
class Barrier {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    ++inside_;
    changed_.notify_all();
    changed_.wait_for(lock, seconds(20), [&] { return open_; });
  }
  bool wait_for_inside(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(20), [&] { return inside_ >= count; });
  }
  void open() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;
  bool open_ = false;
};

// A flood for one owner, announced as waiting or not, and another owner's jobs among it.
TEST(GuestThreadPool, AnOwnerDoesNotWaitForTheFloodOfAnother) {
  for (const bool announced : {true, false}) {
    Barrier barrier;
    GuestThreadPool workers(12);
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(workers.post(
          [&] {
            std::optional<BlockingScope> waiting;
            if (announced) waiting.emplace();
            barrier.wait();
          },
          {.owner = "slow"}));
    }
    ASSERT_TRUE(barrier.wait_for_inside(8));
    std::atomic<int> done{0};
    Barrier all;
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(workers.post(
          [&] {
            if (++done == 50) all.open();
          },
          {.owner = "quick"}));
    }
    all.wait();
    EXPECT_EQ(done, 50);
    barrier.open();
  }
}

TEST(GuestThreadPool, AnOwnerMayNotFillTheQueueOfTheOthers) {
  Barrier barrier;
  GuestThreadPool workers(2, 1000);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(workers.post([&] { barrier.wait(); }, {.owner = "slow"}));
  ASSERT_TRUE(barrier.wait_for_inside(2));
  int accepted = 0;
  while (workers.post([] {}, {.owner = "slow", .bytes = 100}) && accepted < 100) ++accepted;
  EXPECT_EQ(accepted, 5) << "half of the bytes";
  EXPECT_TRUE(workers.post([] {}, {.owner = "other", .bytes = 200}));
  EXPECT_FALSE(workers.post([] {}, {.owner = "other", .bytes = 200}));
  EXPECT_TRUE(workers.post([] {}, {.owner = "other", .bytes = 10}));
  while (workers.post([] {}, {.owner = "slow"}) && accepted < 1000) ++accepted;
  EXPECT_LE(accepted, 128) << "half of the places";
  EXPECT_TRUE(workers.post([] {}, {.owner = "third"}));
  barrier.open();
}

TEST(GuestThreadPool, RunHandsTheResultBackAndRefusesAfterStop) {
  GuestThreadPool workers(2);
  EXPECT_EQ(*workers.run<int>([]() -> Result<int> { return 7; }), 7);
  workers.stop();
  EXPECT_FALSE(workers.post([] {}));
}

TEST(GuestThreadPool, ManyPostersAtOnce) {
  GuestThreadPool workers(8);
  std::atomic<int> done{0};
  std::vector<std::thread> posters;
  for (int p = 0; p < 4; ++p) {
    posters.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        while (!workers.post([&] {
          if (++done % 7 == 0) {
            const BlockingScope waiting;
            std::this_thread::yield();
          }
        })) {
          std::this_thread::yield();
        }
      }
    });
  }
  for (auto& poster : posters) poster.join();
  workers.stop();
  EXPECT_EQ(done, 2000);
}

}  // namespace
}  // namespace trellis
