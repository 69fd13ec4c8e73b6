// Fixture of the tests of the NATS transport.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nats/connect.hpp"
#include "support/capture_log.hpp"
#include "support/nats_server.hpp"

namespace trellis::nats {

using test::eventually;
using test::NatsServer;
using test::patience;

inline SteadyTime in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}
inline SteadyTime far() {
  return in(patience);
}

/// Texts that handlers received. Any thread.
class Inbox {
 public:
  void put(std::string text) {
    {
      const std::scoped_lock lock(mutex_);
      texts_.push_back(std::move(text));
    }
    changed_.notify_all();
  }
  [[nodiscard]] MessageHandler handler() {
    return [this](const Message& message) { put(std::string(as_text(message.payload))); };
  }
  [[nodiscard]] bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return texts_.size() >= count; });
  }
  [[nodiscard]] std::vector<std::string> texts() const {
    const std::scoped_lock lock(mutex_);
    return texts_;
  }
  [[nodiscard]] std::size_t size() const { return texts().size(); }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> texts_;
};

/// The answer of one request, and how often there was one.
class Reply {
 public:
  [[nodiscard]] ReplyHandler handler() {
    return [state = state_](Result<Bytes> answer) {
      const std::scoped_lock lock(state->mutex);
      ++state->count;
      state->answer.emplace(std::move(answer));
      state->changed.notify_all();
    };
  }
  [[nodiscard]] Result<Bytes> wait() {
    std::unique_lock lock(state_->mutex);
    if (!state_->changed.wait_for(lock, patience, [&] { return state_->answer.has_value(); })) {
      ADD_FAILURE() << "a request was never answered";
      return fail(ErrorCode::internal, "never answered");
    }
    return *state_->answer;
  }
  [[nodiscard]] int count() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->count;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Result<Bytes>> answer;
    int count = 0;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

class NatsTest : public testing::Test {
 protected:
  [[nodiscard]] Log log() const { return {capture_, "lattice"}; }
  [[nodiscard]] std::size_t logged(std::string_view text) const { return capture_->count(text); }

  [[nodiscard]] std::unique_ptr<Transport> connect(const NatsOptions& options) const {
    auto transport = connect_nats(options, log());
    if (!transport) {
      ADD_FAILURE() << transport.error().message;
      std::abort();
    }
    return std::move(*transport);
  }
  /// A connection that is up.
  [[nodiscard]] std::unique_ptr<Transport> connected(const NatsOptions& options) const {
    auto transport = connect(options);
    EXPECT_TRUE(eventually([&] { return transport->state() == TransportState::connected; }));
    return transport;
  }
  /// Answers requests on `subject` with their own payload.
  [[nodiscard]] static std::unique_ptr<Subscription> echo_on(Transport& transport,
                                                             std::string_view subject,
                                                             std::string_view group = {}) {
    auto subscription =
        transport.subscribe(subject, group,
                            [&transport](const Message& message) {
                              (void)transport.publish(message.reply, message.payload);
                            },
                            {});
    EXPECT_TRUE(subscription);
    EXPECT_TRUE(transport.flush(far()));
    return subscription ? std::move(*subscription) : nullptr;
  }

  std::shared_ptr<test::CaptureLog> capture_ = std::make_shared<test::CaptureLog>();
};

}  // namespace trellis::nats
