#include "lattice/cache/replay.hpp"

#include <algorithm>
#include <utility>

#include "base/deadline.hpp"
#include "base/limits.hpp"
#include "codec/message.hpp"

namespace trellis::lattice {

void Replay::receive(ByteView payload) {
  bool ended = true;
  {
    const MutexLock lock(mutex_);
    if (answered_) {
      ended = take_event(payload);
    } else {
      const auto ack = codec::decode<ReplayAck>(payload);
      answered_ = true;
      nobody_ = !ack;  // the server's "no responders" is an empty message
      expected_ = ack ? ack->events_to_expect : 0;
    }
  }
  if (ended) arrived_.notify_all();
}

bool Replay::take_event(ByteView payload) {
  if (received_ >= expected_) return false;
  ++received_;
  const bool last = received_ == expected_;
  auto event = codec::decode<CacheEvent>(payload);
  // Change that cannot be read hides no other one. The bounds are ours: the peer announces whatever
  // it likes.
  if (!event || events_.size() >= limits::cache_history ||
      bytes_ + event->bytes() > limits::cache_bytes) {
    refused_ = true;
    return last;
  }
  bytes_ += event->bytes();
  events_.push_back(std::move(*event));
  return last;
}

Replay::Outcome Replay::wait(const ReplayPatience& patience) {
  const auto end = deadline_in(patience.all);
  MutexLock lock(mutex_);
  if (!arrived_.wait_for(lock, patience.ack, [&]() REQUIRES(mutex_) { return answered_; }))
    // Silence and "no responders" are alike: this cache is alone, which is no error (lattice.md
    // 8.6).
    return Outcome::nobody;
  const auto ended = [&]() REQUIRES(mutex_) { return nobody_ || received_ >= expected_; };
  while (!ended()) {
    const auto before = received_;
    const auto until = std::min(end, deadline_in(patience.event));
    if (arrived_.wait_until(lock, until, ended)) break;
    // Patience counts from the last change that came, within an end for all of them.
    if (received_ == before || until == end) return Outcome::incomplete;
  }
  if (nobody_) return Outcome::nobody;
  return refused_ ? Outcome::incomplete : Outcome::complete;
}

void Replay::cancel() {
  {
    const MutexLock lock(mutex_);
    // Cancelled wait looks like one without an answer.
    answered_ = true;
    nobody_ = true;
  }
  arrived_.notify_all();
}

std::vector<CacheEvent> Replay::take() {
  const MutexLock lock(mutex_);
  expected_ = 0;  // what comes later is not taken
  return std::exchange(events_, {});
}

}  // namespace trellis::lattice
