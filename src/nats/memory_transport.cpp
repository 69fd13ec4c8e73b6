#include "nats/memory_transport.hpp"

#include <fmt/format.h>

#include <atomic>
#include <map>
#include <utility>

#include "nats/memory_bus_core.hpp"

namespace trellis::nats {
namespace {

/// Refuses empty tokens, blanks and control characters; wildcards unless it is a pattern.
Result<void> check(std::string_view subject, bool pattern) {
  bool sound = !subject.empty() && subject.front() != '.' && subject.back() != '.' &&
               subject.find("..") == std::string_view::npos;
  for (const char c : subject) {
    sound = sound && static_cast<unsigned char>(c) > ' ' && c != 0x7f &&
            (pattern || (c != '*' && c != '>'));
  }
  if (sound) return {};
  return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no subject", subject));
}

class MemorySubscription final : public Subscription {
 public:
  MemorySubscription(std::shared_ptr<MemoryBusCore> core, MemoryBusCore::SubscriptionId id)
      : core_(std::move(core)), id_(id) {}
  ~MemorySubscription() override { core_->unsubscribe(id_); }

  void drain(SteadyTime) override {
    core_->settle();
    core_->unsubscribe(id_);
  }
  [[nodiscard]] std::uint64_t dropped() const override { return 0; }

 private:
  const std::shared_ptr<MemoryBusCore> core_;
  const MemoryBusCore::SubscriptionId id_;
};

/// Open requests of one transport; kept by their timers and answers beyond its end.
struct Requests {
  Mutex mutex;
  std::map<std::string, std::pair<ReplyHandler, Timer::JobId>, std::less<>> open GUARDED_BY(mutex);

  void answer(Timer& timer, std::string_view inbox, Result<Answer> result) {
    ReplyHandler done;
    {
      const MutexLock lock(mutex);
      const auto found = open.find(inbox);
      if (found == open.end()) return;
      done = std::move(found->second.first);
      timer.cancel(found->second.second);
      open.erase(found);
    }
    // Entry is out of the table and the lock is free: the handler may send another request.
    done(std::move(result));
  }
};

class BusTransport final : public MemoryTransport {
 public:
  BusTransport(std::shared_ptr<MemoryBusCore> core, bool echo)
      : core_(std::move(core)), id_(core_->add_client(echo)) {
    inbox_ = core_->subscribe(id_, fmt::format("_INBOX.{}.*", id_), {},
                              [this](const Message& message) { take_reply(message); });
  }
  ~BusTransport() override { close(); }

  Result<std::unique_ptr<Subscription>> subscribe(std::string_view subject,
                                                  std::string_view queue_group,
                                                  MessageHandler handler, PendingLimits) override {
    if (auto sound = check(subject, true); !sound) return pass(sound);
    const auto id =
        core_->subscribe(id_, std::string(subject), std::string(queue_group), std::move(handler));
    return std::make_unique<MemorySubscription>(core_, id);
  }

  Result<void> publish(std::string_view subject, ByteView payload,
                       std::string_view reply) override {
    if (auto fine = sendable(subject, payload); !fine) return fine;
    const bool heard = core_->publish(id_, subject, reply, payload);
    // Server's answer where nobody listens: an empty message to who asked (the status 503 is in its
    // headers).
    if (!heard && !reply.empty() && core_->no_responders()) {
      static_cast<void>(core_->publish(MemoryBusCore::server, reply, {}, {}));
    }
    return {};
  }

  void request(std::string_view subject, ByteView payload, SteadyTime deadline,
               ReplyHandler done) override {
    if (auto fine = sendable(subject, payload); !fine) return done(pass(fine));
    const auto inbox = fmt::format("_INBOX.{}.{}", id_, next_request_.fetch_add(1));
    {
      const MutexLock lock(requests_->mutex);
      // Deadline is answered on the bus's thread, in order with messages.
      const auto timer = core_->timer().at(deadline, [core = core_, open = requests_, inbox] {
        core->post([core, open, inbox] {
          open->answer(core->timer(), inbox,
                       trellis::fail(ErrorCode::deadline, "RPC call timed out"));
        });
      });
      requests_->open[inbox] = {std::move(done), timer};
    }
    // Entry is made before the message goes out: the answer may come first.
    if (core_->publish(id_, subject, inbox, payload) || !core_->no_responders()) return;
    core_->post([core = core_, open = requests_, inbox] {
      open->answer(core->timer(), inbox, trellis::fail(ErrorCode::not_found, "no responders"));
    });
  }

  std::string new_inbox() override {
    return fmt::format("_INBOX.own.{}.{}", id_, next_request_.fetch_add(1));
  }

  Result<void> flush(SteadyTime) override {
    if (core_->connected(id_)) return {};
    return trellis::fail(ErrorCode::unavailable, "not connected");
  }

  std::size_t max_payload() const override { return core_->max_payload(); }
  TransportState state() const override {
    if (closed_) return TransportState::closed;
    return core_->connected(id_) ? TransportState::connected : TransportState::disconnected;
  }
  void on_state_change(std::function<void(TransportState)> callback) override {
    core_->on_state(id_, std::move(callback));
  }

  void close() override {
    if (closed_.exchange(true)) return;
    // First the subscriptions, whose end is waited for: no answer comes in between any more.
    core_->remove_client(id_);
    std::map<std::string, std::pair<ReplyHandler, Timer::JobId>, std::less<>> open;
    {
      const MutexLock lock(requests_->mutex);
      open.swap(requests_->open);
    }
    for (auto& [inbox, request] : open) {
      core_->timer().cancel(request.second);
      request.first(trellis::fail(ErrorCode::cancelled, "the connection was closed"));
    }
  }

  void cut() override { core_->connect(id_, false); }
  void restore() override { core_->connect(id_, true); }

 private:
  [[nodiscard]] Result<void> sendable(std::string_view subject, ByteView payload) const {
    if (auto sound = check(subject, false); !sound) return sound;
    const auto most = core_->max_payload();
    if (payload.size() > most) {
      return trellis::fail(ErrorCode::limit,
                           fmt::format("{} bytes, the server takes {}", payload.size(), most));
    }
    if (core_->connected(id_)) return {};
    return trellis::fail(ErrorCode::unavailable, "not connected to the lattice");
  }

  void take_reply(const Message& message) {
    requests_->answer(core_->timer(), message.subject,
                      Answer(to_bytes(message.payload), message.subject, message.reply));
  }

  const std::shared_ptr<MemoryBusCore> core_;
  const MemoryBusCore::ClientId id_;
  MemoryBusCore::SubscriptionId inbox_ = 0;
  const std::shared_ptr<Requests> requests_ = std::make_shared<Requests>();
  std::atomic<std::uint64_t> next_request_ = 1;
  std::atomic<bool> closed_ = false;
};

}  // namespace

MemoryBus::MemoryBus() : core_(std::make_shared<MemoryBusCore>()) {}
MemoryBus::~MemoryBus() {
  core_->stop();
}

std::unique_ptr<MemoryTransport> MemoryBus::connect(MemoryTransportOptions options) {
  return std::make_unique<BusTransport>(core_, options.echo);
}

void MemoryBus::set_no_responders(bool on) {
  core_->set_no_responders(on);
}
void MemoryBus::set_max_payload(std::size_t bytes) {
  core_->set_max_payload(bytes);
}
void MemoryBus::pause(bool on) {
  core_->pause(on);
}
std::uint64_t MemoryBus::published() const {
  return core_->published();
}
void MemoryBus::settle() {
  core_->settle();
}

}  // namespace trellis::nats
