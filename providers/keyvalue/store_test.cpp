#include "providers/keyvalue/store.hpp"

#include "base/call_limits.hpp"

#include <gtest/gtest.h>

#include <random>
#include <thread>

namespace trellis::providers::keyvalue {
namespace {

using namespace std::chrono_literals;

class StoreTest : public ::testing::Test {
 protected:
  Store store_;
  Limits bounds_;
  SteadyTime now_{std::chrono::hours(1)};
};

TEST_F(StoreTest, CountsBackToZero) {
  ASSERT_TRUE(store_.set("k", "value", Store::never, bounds_, now_));
  ASSERT_TRUE(store_.set("k", "v", now_ + 1s, bounds_, now_));
  ASSERT_TRUE(store_.add("n", 1, bounds_, now_));
  ASSERT_TRUE(store_.add("n", 1, bounds_, now_));
  for (const char* value : {"a", "b", "a"}) {
    ASSERT_TRUE(store_.push("l", value, bounds_, now_));
    ASSERT_TRUE(store_.set_add("s", value, bounds_, now_));
  }
  EXPECT_EQ(store_.keys(), 4U);
  EXPECT_EQ(store_.bytes(), 4 * (1 + Store::overhead)  // keys
                                + 1                    // value of k
                                + 3 * (1 + Store::overhead) + 2 * (1 + Store::overhead));
  EXPECT_EQ(store_.remove_item("l", "a", now_).value(), 2U);
  EXPECT_EQ(store_.remove_item("l", "b", now_).value(), 1U);
  EXPECT_TRUE(store_.set_remove("s", "a", now_).value());
  EXPECT_TRUE(store_.set_remove("s", "b", now_).value());
  store_.remove("k", now_);
  store_.remove("n", now_);
  EXPECT_EQ(store_.keys(), 0U);
  EXPECT_EQ(store_.bytes(), 0U);
}

TEST_F(StoreTest, ExpiredKeysAreFreedByLaterWrites) {
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(store_.set("old" + std::to_string(i), "v", now_ + 1s, bounds_, now_));
  }
  now_ += 2s;
  EXPECT_FALSE(store_.exists("old1", now_));
  // Four a time on whatever shard a key falls: these reach every shard often enough.
  for (int i = 0; i < 2000; ++i) store_.remove("new" + std::to_string(i), now_);
  EXPECT_EQ(store_.keys(), 0U);
  EXPECT_EQ(store_.bytes(), 0U);
}

TEST_F(StoreTest, AFullStoreFirstFreesWhatHasExpired) {
  bounds_.keys = 100;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(store_.set("old" + std::to_string(i), "v", now_ + 1s, bounds_, now_));
  }
  EXPECT_EQ(store_.set("new", "v", Store::never, bounds_, now_).error().code, ErrorCode::limit);
  now_ += 2s;
  EXPECT_TRUE(store_.set("new", "v", Store::never, bounds_, now_));
  EXPECT_EQ(store_.keys(), 1U);
}

TEST_F(StoreTest, OverwritingLeavesNoTraceOfTheOldExpiry) {
  for (int i = 1; i <= 1000; ++i) {
    ASSERT_TRUE(store_.set("k", "v", now_ + std::chrono::hours(i), bounds_, now_));
  }
  ASSERT_TRUE(store_.set("k", "kept", Store::never, bounds_, now_));
  store_.purge(now_ + std::chrono::hours(5000));
  EXPECT_EQ(store_.get("k", now_ + std::chrono::hours(5000)).value(), "kept");
}

TEST_F(StoreTest, RefusedWritesChangeNothing) {
  ASSERT_TRUE(store_.push("l", "a", bounds_, now_));
  const std::size_t bytes = store_.bytes();
  bounds_.total_bytes = bytes;
  EXPECT_FALSE(store_.push("l", "b", bounds_, now_));
  EXPECT_FALSE(store_.push("m", "b", bounds_, now_));
  EXPECT_FALSE(store_.set_add("s", "b", bounds_, now_));
  EXPECT_FALSE(store_.add("n", 1, bounds_, now_));
  EXPECT_FALSE(store_.set("k", "", Store::never, bounds_, now_));
  EXPECT_EQ(store_.keys(), 1U);
  EXPECT_EQ(store_.bytes(), bytes);
  EXPECT_EQ(store_.range("l", 0, -1, now_).value().size(), 1U);
}

TEST_F(StoreTest, AnswersThatFitNoMessageAreRefused) {
  const std::string big(1 * limits::mib, 'x');
  for (int i = 0; i < 17; ++i) {
    ASSERT_TRUE(store_.push("l", big, bounds_, now_));
    ASSERT_TRUE(store_.set_add("s", std::to_string(i) + big.substr(2), bounds_, now_));
  }
  EXPECT_EQ(store_.range("l", 0, -1, now_).error().code, ErrorCode::limit);
  EXPECT_EQ(store_.members("s", now_).error().code, ErrorCode::limit);
  EXPECT_EQ(store_.range("l", 0, 3, now_).value().size(), 4U);
}

TEST_F(StoreTest, AKeyThatIsNamedOftenIsWalkedOnce) {
  // Each naming walked the whole set again: this took minutes, with the locks held.
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(store_.set_add("s", std::to_string(i), bounds_, now_));
  std::vector<std::string> keys(250'000, "s");
  EXPECT_EQ(store_.set_intersection(keys, now_)->size(), 5000U);
  for (int i = 0; i < 500; ++i) keys.push_back("absent" + std::to_string(i));
  EXPECT_EQ(store_.set_union(keys, now_)->size(), 5000U);
  EXPECT_EQ(store_.set_intersection(keys, now_)->size(), 0U);
}

TEST_F(StoreTest, CountersAreExactAfterThreadsRaced) {
  bounds_.keys = 200;
  {
    std::vector<std::jthread> threads;
    for (unsigned seed = 0; seed < 3; ++seed) {
      threads.emplace_back([&, seed] {
        std::mt19937 random(seed);
        for (int i = 0; i < 3000; ++i) {
          const std::string key = std::to_string(random() % 300);
          const SteadyTime now = now_ + std::chrono::milliseconds(i);
          switch (random() % 6) {
            case 0: (void)store_.set(key, "v", now + 50ms, bounds_, now); break;
            case 1: (void)store_.push(key, "v", bounds_, now); break;
            case 2: (void)store_.set_add(key, std::to_string(i % 5), bounds_, now); break;
            case 3: (void)store_.set_union({key, "1", "2"}, now); break;
            case 4: (void)store_.remove_item(key, "v", now); break;
            default: store_.remove(key, now);
          }
        }
      });
    }
  }
  EXPECT_LE(store_.keys(), bounds_.keys);
  for (int i = 0; i < 300; ++i) store_.remove(std::to_string(i), now_);
  EXPECT_EQ(store_.keys(), 0U);
  EXPECT_EQ(store_.bytes(), 0U);
}

TEST(Store, WorkEndsWithThePatienceOfTheCaller) {
  Store store;
  const Limits bounds{1 << 20, 1 << 20, std::size_t{1} << 30};
  const auto now = std::chrono::steady_clock::now();
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(store.set_add("a", std::to_string(i), bounds, now));
    ASSERT_TRUE(store.push("l", std::to_string(i), bounds, now));
  }
  const WorkLimit over(now - std::chrono::seconds(1));
  const auto code = [](const auto& result) {
    return result ? ErrorCode::internal : result.error().code;
  };
  EXPECT_EQ(code(store.set_union({"a"}, now, over)), ErrorCode::deadline);
  EXPECT_EQ(code(store.set_intersection({"a"}, now, over)), ErrorCode::deadline);
  EXPECT_EQ(code(store.members("a", now, over)), ErrorCode::deadline);
  EXPECT_EQ(code(store.range("l", 0, -1, now, over)), ErrorCode::deadline);
  EXPECT_EQ(store.members("a", now)->size(), 5000U);
}

}  // namespace
}  // namespace trellis::providers::keyvalue
