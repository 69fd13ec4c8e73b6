// A provider that calls its actors, for the contract example:ticker: the operation Tick of each
// linked actor, every PERIOD_MS milliseconds, on a thread of the host. In C++23, over the types of
// the host's own API. Built outside the tree:
//   c++ -std=c++23 -shared -fPIC $(pkg-config --cflags trellis) -o ticker.so ticker.cpp
#include <trellis/provider.hpp>

#include <atomic>
#include <charconv>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <vector>

using namespace trellis::sdk23;

namespace {

using Milliseconds = std::chrono::milliseconds;

/// Message of the operation Tick.
struct Tick {
  std::uint32_t number = 0;

  static constexpr auto fields() {
    return std::make_tuple(trellis::guest::field("number", &Tick::number));
  }
};

/// Thread that calls one actor until end(). Any thread.
class Ticks {
 public:
  Ticks(Host host, std::string actor, Milliseconds period)
      : host_(host), actor_(std::move(actor)), period_(period) {}
  ~Ticks() { end(); }

  trellis::Result<void> start() {
    auto thread = HostThread::start(host_, "ticker", [this] { run(); });
    if (!thread) return trellis::pass(thread);
    thread_.emplace(std::move(*thread));
    return {};
  }
  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    ended_changed_.notify_all();
  }
  /// False when the thread still runs then.
  bool wait_until(trellis::SteadyTime deadline) const { return thread_->wait_until(deadline); }
  std::uint32_t count() const { return count_; }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!ended_changed_.wait_for(lock, period_, [this] { return ended_; })) {
      lock.unlock();
      tick();
      lock.lock();
    }
  }
  void tick() {
    const auto payload = trellis::guest::encode(Tick{++count_});
    // The actor runs on this very thread.
    const auto reply = host_.dispatch(TRELLIS_NO_CALL, actor_, "Tick", trellis::as_bytes(payload));
    if (reply) return;
    // Codes say how it ended: guest_failed for the actor's own error, deadline, busy, denied, …
    if (reply.error().code == trellis::ErrorCode::cancelled) return;  // the host is stopping
    host_.log(trellis::LogLevel::warn, "ticker", actor_ + ": " + reply.error().message);
  }

  const Host host_;
  const std::string actor_;
  const Milliseconds period_;
  std::atomic<std::uint32_t> count_{0};
  std::mutex mutex_;
  std::condition_variable ended_changed_;
  bool ended_ = false;                // under mutex_
  std::optional<HostThread> thread_;  // the last member: it uses all others, and is waited for
};

class Ticker final : public Provider<Ticks> {
 public:
  static constexpr Description description = {"example:ticker", "Ticker", "Trellis examples",
                                              "0.1.0", 1};
  using Provider::Provider;

  Result<std::shared_ptr<Ticks>> bind(std::string_view actor, const StringMap& values,
                                      const std::shared_ptr<Ticks>& previous) override {
    const auto found = values.find("PERIOD_MS");
    const std::string text = found == values.end() ? "1000" : found->second;
    unsigned period = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), period);
    if (read.ec != std::errc() || *read.ptr != '\0' || period == 0) {
      return trellis::fail(trellis::ErrorCode::invalid_argument,
                           "link value PERIOD_MS is '" + text + "', expected a number above 0");
    }
    auto ticks = std::make_shared<Ticks>(host(), std::string(actor), Milliseconds(period));
    if (auto started = ticks->start(); !started) return trellis::pass(started);
    // The new thread runs before the old one ends: a bind that fails must leave the actor as it
    // was.
    if (previous) previous->end();
    all_.remove_if([](const auto& one) { return one.expired(); });
    all_.push_back(ticks);
    return ticks;
  }
  void unbind(std::string_view, Ticks& ticks) override { ticks.end(); }

  /// The operation Count: how often the actor was called.
  Result<Bytes> handle(Ticks& ticks, const Call& call) override {
    if (call.operation != "Count") {
      return trellis::fail(trellis::ErrorCode::unsupported, "bad dispatch");
    }
    return trellis::to_bytes(trellis::guest::encode(Tick{ticks.count()}));
  }

  /// No thread may use the host once this has returned.
  void stop(trellis::SteadyTime deadline) override {
    std::vector<std::shared_ptr<Ticks>> running;
    for (const auto& one : all_) {
      if (auto ticks = one.lock()) running.push_back(std::move(ticks));
    }
    for (const auto& ticks : running) ticks->end();
    for (const auto& ticks : running) {
      if (!ticks->wait_until(deadline))
        host().log(trellis::LogLevel::warn, "ticker", "still calling");
    }
  }

 private:
  std::list<std::weak_ptr<Ticks>> all_;  // one call at a time, stop included
};

}  // namespace

TRELLIS_PROVIDER(Ticker)
