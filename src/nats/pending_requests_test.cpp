#include "nats/pending_requests.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/limits.hpp"
#include "nats/nats_fixture.hpp"

namespace trellis::nats {
namespace {

std::shared_ptr<PendingRequests> make_table() {
  const auto late = [](std::uint64_t connection) {
    return Error{ErrorCode::deadline, std::to_string(connection), ""};
  };
  return PendingRequests::make(late, std::make_shared<SystemClock>());
}

TEST(PendingRequests, TokensAreTextAndBack) {
  for (const RequestToken token : {RequestToken{0}, RequestToken{35}, ~RequestToken{0}}) {
    EXPECT_EQ(parse_token(to_text(token)), token);
  }
  for (const auto* bad : {"", "-1", "1.2", "zzzzzzzzzzzzzzzz", " 1", "1 "}) {
    EXPECT_FALSE(parse_token(bad)) << bad;
  }
}

TEST(PendingRequests, TheFirstEndWins) {
  const auto table = make_table();
  Reply reply;
  auto done = reply.handler();
  const auto token = table->add(1, "s", far(), done);
  ASSERT_TRUE(token);
  EXPECT_TRUE(table->finish(*token, Bytes{1}));
  EXPECT_FALSE(table->finish(*token, Bytes{2}));
  table->close();
  EXPECT_EQ(*reply.wait(), Bytes{1});
  EXPECT_EQ(reply.count(), 1);
}

TEST(PendingRequests, DeadlinesInAnyOrder) {
  const auto table = make_table();
  std::vector<Reply> replies(50);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    auto done = replies[i].handler();
    ASSERT_TRUE(table->add(i, "s", in(std::chrono::milliseconds((i * 7) % 50)), done));
  }
  for (std::size_t i = 0; i < replies.size(); ++i) {
    EXPECT_EQ(replies[i].wait().error().message, std::to_string(i));
  }
  table->close();
}

TEST(PendingRequests, TooManyAreRefusedAndTheHandlerIsLeftAlone) {
  const auto table = make_table();
  for (std::size_t i = 0; i < limits::requests_in_flight; ++i) {
    ReplyHandler done = [](const Result<Bytes>&) {};
    ASSERT_TRUE(table->add(1, "s", far(), done));
  }
  ReplyHandler one_more = [](const Result<Bytes>&) {};
  EXPECT_EQ(table->add(1, "s", far(), one_more).error().code, ErrorCode::busy);
  EXPECT_TRUE(one_more);
  table->close();
  EXPECT_EQ(table->add(1, "s", far(), one_more).error().code, ErrorCode::cancelled);
}

TEST(PendingRequests, EndsOfAllKindsAtOnceAreOne) {
  const auto table = make_table();
  constexpr int count = 4000;
  std::atomic<int> answered{0};
  std::atomic<RequestToken> newest{0};
  std::thread answering([&] {
    for (RequestToken token = 1; token <= count && newest < count; ++token) {
      table->finish(token, Bytes{});
    }
  });
  for (int i = 0; i < count; ++i) {
    ReplyHandler done = [&](const Result<Bytes>&) { ++answered; };
    const auto token = table->add(1, "s", in(std::chrono::milliseconds(i % 3)), done);
    ASSERT_TRUE(token);
    newest = *token;
  }
  answering.join();
  table->close();
  EXPECT_EQ(answered, count);
}

}  // namespace
}  // namespace trellis::nats
