#include "lattice/rpc/rpc_server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "base/deadline.hpp"
#include "base/random.hpp"
#include "nats/memory_transport.hpp"

namespace trellis::lattice {
namespace {

using std::chrono::seconds;

/// A transport on which something happens while somebody subscribes.
class BusyTransport final : public nats::Transport {
 public:
  explicit BusyTransport(nats::Transport& inner) : inner_(inner) {}

  Result<std::unique_ptr<nats::Subscription>> subscribe(std::string_view subject,
                                                        std::string_view group,
                                                        nats::MessageHandler handler,
                                                        nats::PendingLimits limits) override {
    if (meanwhile) meanwhile();
    return inner_.subscribe(subject, group, std::move(handler), limits);
  }
  Result<void> publish(std::string_view subject, ByteView payload,
                       std::string_view reply) override {
    return inner_.publish(subject, payload, reply);
  }
  void request(std::string_view subject, ByteView payload, SteadyTime deadline,
               nats::ReplyHandler done) override {
    inner_.request(subject, payload, deadline, std::move(done));
  }
  std::string new_inbox() override { return inner_.new_inbox(); }
  Result<void> flush(SteadyTime deadline) override { return inner_.flush(deadline); }
  std::size_t max_payload() const override { return inner_.max_payload(); }
  nats::TransportState state() const override { return inner_.state(); }
  void on_state_change(std::function<void(nats::TransportState)> callback) override {
    inner_.on_state_change(std::move(callback));
  }
  void close() override { inner_.close(); }

  std::function<void()> meanwhile;

 private:
  nats::Transport& inner_;
};

class RpcServing : public testing::Test {
 protected:
  /// Sends a call without content to the entity; how many the server has received by then.
  std::uint64_t received_after_a_call() {
    EXPECT_TRUE(peer->publish(subjects.entity(entity), {}, {}));
    bus.settle();
    return server.counters().received;
  }

  const Entity entity = Entity::actor("MACTOR");
  const Subjects subjects = *Subjects::make("default");
  SystemRandom random;
  SystemClock clock;
  nats::MemoryBus bus;
  std::unique_ptr<nats::MemoryTransport> own = bus.connect();
  std::unique_ptr<nats::MemoryTransport> peer = bus.connect();
  BusyTransport transport{*own};
  CallVerifier verifier{{}, std::make_shared<SystemClock>(), random};
  RpcServer server{transport,
                   subjects,
                   verifier,
                   [](const std::function<void()>& work, const std::string&, std::size_t) {
                     work();
                     return Result<void>();
                   },
                   [](const Invocation& call, SteadyTime) -> Result<Bytes> { return call.msg; },
                   clock,
                   seconds(2),
                   Log(nullptr, "rpc")};
};

TEST_F(RpcServing, WhatIsServedIsReceivedUntilItIsStopped) {
  ASSERT_TRUE(server.serve(entity, deadline_in(seconds(20))));
  EXPECT_EQ(received_after_a_call(), 1U);
  server.stop_serving(entity, deadline_in(seconds(20)));
  EXPECT_EQ(received_after_a_call(), 1U);
}

TEST_F(RpcServing, WhatIsStoppedWhileItBeginsIsNotServed) {
  transport.meanwhile = [&] { server.stop_serving(entity, deadline_in(seconds(20))); };
  const auto served = server.serve(entity, deadline_in(seconds(20)));
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().code, ErrorCode::cancelled);
  EXPECT_EQ(received_after_a_call(), 0U);
}

TEST_F(RpcServing, NothingBeginsOnceTheHostLeaves) {
  transport.meanwhile = [&] { server.stop(deadline_in(seconds(20))); };
  EXPECT_FALSE(server.serve(entity, deadline_in(seconds(20))));
  EXPECT_EQ(received_after_a_call(), 0U);
}

}  // namespace
}  // namespace trellis::lattice
