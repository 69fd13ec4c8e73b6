#include "lattice/cache/replicator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "base/limits.hpp"
#include "codec/message.hpp"

namespace trellis::lattice {
namespace {

constexpr auto log_interval = std::chrono::seconds(10);
constexpr auto sync_pause = std::chrono::seconds(1);
constexpr std::string_view sync_suffix = ".trellis.sync";

SteadyTime now() {
  return std::chrono::steady_clock::now();
}

std::string new_origin_id() {
  SystemRandom random;
  return make_uuid(random);
}

std::int64_t milliseconds_of(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

/// One question and what comes back: an acknowledgement with a number, then that many changes.
struct Replicator::Replay {
  std::mutex mutex;
  std::condition_variable arrived;
  bool answered = false;
  bool nobody = false;
  std::uint64_t expected = 0;
  std::vector<CacheEvent> events;

  void receive(ByteView payload) {
    {
      const std::scoped_lock lock(mutex);
      if (!answered) {
        const auto ack = codec::decode<ReplayAck>(payload);
        answered = true;
        nobody = !ack;  // the server's "no responders" is an empty message
        expected = ack ? std::min<std::uint64_t>(ack->events_to_expect, limits::cache_history) : 0;
      } else if (events.size() < expected) {
        auto event = codec::decode<CacheEvent>(payload);
        if (event) {
          events.push_back(std::move(*event));
        } else {
          --expected;  // one that cannot be read hides nothing else
        }
      }
    }
    arrived.notify_all();
  }

  /// False when nobody answered.
  bool wait(const ReplicatorOptions& options) {
    std::unique_lock lock(mutex);
    if (!arrived.wait_for(lock, options.ack_patience, [&] { return answered; })) return false;
    while (!nobody && events.size() < expected) {
      const auto before = events.size();
      if (!arrived.wait_for(lock, options.event_patience,
                            [&] { return events.size() != before || events.size() >= expected; })) {
        break;
      }
    }
    return !nobody;
  }
};

Replicator::Replicator(Transport* transport, ReplicatorOptions options,
                       std::shared_ptr<const Clock> clock, OnChange on_change, Defer defer, Log log)
    : transport_(transport),
      options_(std::move(options)),
      clock_(std::move(clock)),
      on_change_(std::move(on_change)),
      defer_(std::move(defer)),
      log_(std::move(log)),
      origin_id_(new_origin_id()),
      state_({limits::cache_bytes, limits::cache_history}),
      limit_(log_interval) {}

Replicator::~Replicator() {
  stop();
}

void Replicator::stop() {
  sync_.reset();
  replays_.reset();
  events_.reset();
}

Result<bool> Replicator::join() {
  if (transport_ == nullptr) return false;
  if (!events_) {
    auto made = transport_->subscribe(options_.events_subject, {}, [this](const Message& message) {
      receive_event(message.payload);
    });
    if (!made) return pass(made);
    events_ = std::move(*made);
  }
  const bool answered = replay();
  if (!replays_) {
    auto made = transport_->subscribe(
        options_.replay_subject, options_.replay_subject, [this](const Message& message) {
          const auto request = codec::decode<ReplayRequest>(message.payload);
          if (!request) return report(Trouble::malformed, request.error());
          if (message.reply.empty()) return;
          defer_([this, reply = std::string(message.reply), hwm = request->hwm] {
            answer_replay(reply, hwm);
          });
        });
    if (!made) return pass(made);
    replays_ = std::move(*made);
  }
  if (!sync_) {
    auto made = transport_->subscribe(options_.events_subject + std::string(sync_suffix), {},
                                      [this](const Message& message) {
                                        receive_sync(message.payload);
                                      });
    if (!made) return pass(made);
    sync_ = std::move(*made);
  }
  return answered;
}

bool Replicator::replay() {
  if (transport_ == nullptr) return false;
  const auto replay = std::make_shared<Replay>();
  const auto inbox = transport_->new_inbox();
  auto answers = transport_->subscribe(
      inbox, {}, [replay](const Message& message) { replay->receive(message.payload); });
  if (!answers) return false;
  ReplayRequest request;
  {
    const std::scoped_lock lock(mutex_);
    request.hwm = state_.hwm();
    joining_ = true;
  }
  const auto sent =
      transport_->publish(options_.replay_subject, codec::encode(request), inbox);
  const bool answered = sent && replay->wait(options_);
  if (!sent) report(Trouble::replay, sent.error());
  answers->reset();
  finish_replay(*replay);
  return answered;
}

// Changes that came meanwhile follow the replay, without those it had already.
void Replicator::finish_replay(Replay& replay) {
  const std::scoped_lock replay_lock(replay.mutex);
  const std::scoped_lock lock(mutex_);
  std::map<Bytes, std::size_t> replayed;
  for (const auto& event : replay.events) {
    apply(event);
    if (!held_.empty()) ++replayed[codec::encode(event)];
  }
  for (const auto& event : held_) {
    const auto same = replayed.find(codec::encode(event));
    if (same != replayed.end() && same->second > 0) {
      --same->second;
    } else {
      apply(event);
    }
  }
  held_.clear();
  joining_ = false;
}

void Replicator::receive_event(ByteView payload) {
  auto message = codec::decode<CacheEventMessage>(payload);
  if (!message) return report(Trouble::malformed, message.error());
  if (message->origin_id == origin_id_) return;
  const std::scoped_lock lock(mutex_);
  ++counters_.received;
  if (joining_ && held_.size() < limits::cache_held) {
    held_.push_back(std::move(message->event));
    return;
  }
  apply(message->event);
}

// Requires mutex_.
bool Replicator::apply(const CacheEvent& event, Origin origin) {
  const auto changed = state_.apply(event);
  if (!changed) {
    ++counters_.refused;
    report(Trouble::full, changed.error());
    return false;
  }
  if (*changed) times_.observe(event, milliseconds_of(clock_->wall()));
  for (const auto& change : entries_.observe(state_, event)) {
    if (origin == Origin::elsewhere) on_change_(change);
  }
  return *changed;
}

void Replicator::answer_replay(std::string reply, std::uint64_t hwm) {
  std::vector<CacheEvent> events;
  {
    const std::scoped_lock lock(mutex_);
    events = state_.since(hwm);
  }
  auto sent = transport_->publish(reply, codec::encode(ReplayAck{events.size()}));
  for (const auto& event : events) {
    if (!sent) break;
    sent = transport_->publish(reply, codec::encode(event));
    // One value beyond the payload limit must not keep the rest from a newcomer.
    if (!sent && sent.error().code == ErrorCode::limit) sent = Result<void>();
  }
  if (!sent) report(Trouble::replay, sent.error());
}

void Replicator::publish(const CacheEvent& event) {
  if (transport_ == nullptr) return;
  const auto bytes = codec::encode(CacheEventMessage{origin_id_, event});
  if (auto sent = transport_->publish(options_.events_subject, bytes); !sent) {
    report(Trouble::unsent, sent.error());  // peers learn it by anti-entropy
  }
}

void Replicator::write(const std::vector<CacheEvent>& events) {
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& event : events) apply(event, Origin::here);
  }
  for (const auto& event : events) publish(event);
}

void Replicator::put_claims(const identity::ActorClaims& claims) {
  {
    const std::scoped_lock lock(mutex_);
    const auto known = entries_.claims().find(claims.sub);
    if (known != entries_.claims().end() && known->second == claims) return;
  }
  write(claims_events(claims));
}

void Replicator::put_reference(const std::string& reference, const std::string& key) {
  if (key_of_reference(reference) != key) write(reference_events(reference, key));
}

bool Replicator::claim_alias(const std::string& alias, const std::string& actor) {
  {
    const std::scoped_lock lock(mutex_);
    const auto known = entries_.aliases().find(alias);
    if (known != entries_.aliases().end()) return known->second == actor;
  }
  write(alias_events(alias, actor));
  return true;
}

void Replicator::put_link(const LinkDefinition& link) {
  {
    const std::scoped_lock lock(mutex_);
    const auto known = entries_.links().find(hash_text(link));
    if (known != entries_.links().end() && known->second == link) return;
  }
  write(link_events(link));
}

void Replicator::remove_link(const LinkDefinition& key) {
  {
    const std::scoped_lock lock(mutex_);
    if (!entries_.links().contains(hash_text(key))) return;
  }
  write(link_removal_events(key));
}

void Replicator::compare_with_peers() {
  if (transport_ == nullptr) return;
  SyncMessage message{origin_id_, 0, {}};
  {
    const std::scoped_lock lock(mutex_);
    message.digest = AntiEntropy::digest(state_);
  }
  static_cast<void>(transport_->publish(options_.events_subject + std::string(sync_suffix),
                                        codec::encode(message)));
}

// A digest alone asks: who differs sends everything it has. Values answer, and are merged; a state
// that still differs afterwards is heard of with the next digest.
void Replicator::receive_sync(ByteView payload) {
  auto message = codec::decode<SyncMessage>(payload);
  if (!message) return report(Trouble::malformed, message.error());
  if (message->origin_id == origin_id_) return;
  const std::scoped_lock lock(mutex_);
  if (message->values.empty()) {
    // Answering costs much more than asking, so nobody can have it done often.
    if (message->digest == AntiEntropy::digest(state_) || now() < next_sync_) return;
    next_sync_ = now() + sync_pause;
    auto ours = times_.all(state_, origin_id_, transport_->max_payload() / 2);
    defer_([this, ours = std::move(ours)] {
      for (const auto& part : ours) {
        static_cast<void>(transport_->publish(options_.events_subject + std::string(sync_suffix),
                                              codec::encode(part)));
      }
    });
    return;
  }
  const auto time = milliseconds_of(clock_->wall());
  for (const auto& theirs : message->values) {
    const auto events = times_.merge(state_, theirs, time);
    if (events.empty()) continue;
    ++counters_.repaired;
    for (const auto& event : events) {
      const auto changed = state_.apply(event);
      if (!changed) return report(Trouble::full, changed.error());
      for (const auto& change : entries_.observe(state_, event)) on_change_(change);
    }
  }
}

std::optional<std::string> Replicator::key_of_reference(std::string_view reference) const {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.references().find(reference);
  return found == entries_.references().end() ? std::nullopt : std::optional(found->second);
}

LatticeEntries::ByName<std::string> Replicator::references() const {
  const std::scoped_lock lock(mutex_);
  return entries_.references();
}

std::vector<LinkDefinition> Replicator::links() const {
  const std::scoped_lock lock(mutex_);
  std::vector<LinkDefinition> all;
  for (const auto& [hash, link] : entries_.links()) all.push_back(link);
  return all;
}

std::uint64_t Replicator::hwm() const {
  const std::scoped_lock lock(mutex_);
  return state_.hwm();
}

std::size_t Replicator::size() const {
  const std::scoped_lock lock(mutex_);
  return state_.values().size();
}

Replicator::Counters Replicator::counters() const {
  const std::scoped_lock lock(mutex_);
  return counters_;
}

void Replicator::report(Trouble kind, const Error& error) {
  const auto hidden = limit_.admit(kind, now());
  if (!hidden) return;
  log_.warn("lattice cache: {}{}", error.message,
            *hidden == 0 ? "" : fmt::format(" ({} more)", *hidden));
}

}  // namespace trellis::lattice
