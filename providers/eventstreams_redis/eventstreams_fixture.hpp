// Tools of tests of event stream providers: a backend to run them against, and a fixture that
// speaks the contract.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "codec/messages/eventstreams.hpp"
#include "providers/builtin.hpp"
#include "support/provider_harness.hpp"
#include "support/redis_server.hpp"

namespace trellis::providers {

using namespace codec::eventstreams;
using test::FakeHost;
using test::ProviderInstance;

/// One implementation of the contract, ready to be linked.
class EventStreamsBackend {
 public:
  virtual ~EventStreamsBackend() = default;
  [[nodiscard]] virtual const trellis_provider_table& table() const = 0;
  [[nodiscard]] virtual codec::StringMap link_values() const = 0;
};

class RedisStreamsBackend final : public EventStreamsBackend {
 public:
  explicit RedisStreamsBackend(bool library) : library_(library) {}
  [[nodiscard]] const trellis_provider_table& table() const override {
    return library_ ? test::open_module(TRELLIS_LIBRARIES "/trellis-eventstreams_redis.so")
                    : *find_builtin("builtin:eventstreams-redis");
  }
  [[nodiscard]] codec::StringMap link_values() const override { return {{"URL", server_.url()}}; }
  [[nodiscard]] test::RedisServer& server() noexcept { return server_; }

 private:
  bool library_;
  test::RedisServer server_;
};

/// A provider instance with the actor MA linked; MA takes every event unless told otherwise.
class EventStreamsTest : public ::testing::Test {
 protected:
  explicit EventStreamsTest(std::unique_ptr<EventStreamsBackend> backend)
      : backend_(std::move(backend)) {
    host_.set_actor(actor());
  }
  void SetUp() override { ASSERT_TRUE(bind("MA")); }
  void TearDown() override {
    let_go();
    EXPECT_EQ(host_.bad_completions(), 0);
  }

  Result<Bytes> bind(std::string_view actor, codec::StringMap values = {}) {
    values.merge(backend_->link_values());
    return provider_.bind(actor, std::move(values));
  }
  std::string write(std::string_view stream, codec::StringMap values,
                    std::string_view actor = "MA") {
    const auto ack = provider_.ask<EventAck>(
        actor, "WriteEvent", WriteEventArgs{std::string(stream), std::move(values)});
    if (!ack) return "failed: " + ack.error().message;
    return ack->error ? "error: " + *ack->error : ack->event_id.value_or("nothing");
  }
  std::vector<Event> query(std::string_view stream, std::uint64_t count = 0,
                           std::optional<TimeRange> range = {}, std::string_view actor = "MA") {
    auto list = provider_.ask<EventList>(actor, "QueryStream",
                                         StreamQuery{std::string(stream), range, count});
    EXPECT_TRUE(list) << list.error().message;
    return list ? list->events : std::vector<Event>{};
  }
  struct Delivered {
    std::string actor;
    Event event;
  };
  /// Remembers every event, and takes it unless told otherwise.
  FakeHost::Actor actor() {
    return [this](std::string_view actor, std::string_view operation,
                  ByteView payload) -> FakeHost::Reply {
      const auto event = codec::decode<Event>(payload);
      if (operation != "DeliverEvent" || !event) return {TRELLIS_ERROR, to_bytes("no event")};
      std::unique_lock lock(mutex_);
      delivered_.push_back({std::string(actor), *event});
      changed_.notify_all();
      changed_.wait(lock, [&] { return held_ != event->values; });
      if (failures_ == 0) return {TRELLIS_OK, codec::encode(EventAck{event->event_id, {}})};
      --failures_;
      return {TRELLIS_OK, codec::encode(EventAck{{}, "not now"})};
    };
  }
  /// The first so many deliveries, once they are there.
  std::vector<Delivered> delivered(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, test::patience, [&] { return delivered_.size() >= count; });
    return delivered_;
  }
  void fail_next(int deliveries) {
    const std::scoped_lock lock(mutex_);
    failures_ = deliveries;
  }

  /// Events with these values are not done until they are let go.
  void hold(std::optional<codec::StringMap> values) {
    const std::scoped_lock lock(mutex_);
    held_ = std::move(values);
    changed_.notify_all();
  }
  void let_go() { hold(std::nullopt); }

  const std::unique_ptr<EventStreamsBackend> backend_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Delivered> delivered_;      // under mutex_
  int failures_ = 0;                      // under mutex_
  std::optional<codec::StringMap> held_;  // under mutex_
  FakeHost host_;
  ProviderInstance provider_{host_, backend_->table()};
};

}  // namespace trellis::providers
