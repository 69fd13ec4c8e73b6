#include "lattice/cache/replicator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "base/limits.hpp"
#include "codec/message.hpp"
#include "lattice/wire/subjects.hpp"

namespace trellis::lattice {
namespace {

/// Pause between two answers to digests, which have the whole cache in them.
constexpr auto sync_pause = std::chrono::seconds(1);

std::string new_origin_id() {
  SystemRandom random;
  return make_uuid(random);
}

}  // namespace

Replicator::Replicator(nats::Transport* transport, ReplicatorOptions options,
                       std::shared_ptr<const Clock> clock, OnChange on_change, Defer defer, Log log)
    : transport_(transport),
      options_(std::move(options)),
      clock_(std::move(clock)),
      on_change_(std::move(on_change)),
      defer_(std::move(defer)),
      log_(std::move(log)),
      origin_id_(new_origin_id()),
      state_({limits::cache_bytes, limits::cache_history}),
      charge_(options_.memory, Held::cache),
      limited_log_(log_, *clock_, limits::lattice_log_interval) {}

Replicator::~Replicator() {
  stop();
}

// Order of a stop: deferred jobs end and no new ones begin, a replay that waits gives its lock
// back, then the subscriptions go.
void Replicator::stop() {
  {
    const WriteLock lock(alive_->mutex);
    alive_->yes = false;
  }
  std::shared_ptr<Replay> replay;
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
    replay = replay_;
  }
  if (replay) replay->cancel();
  const MutexLock lock(replay_mutex_);
  sync_.reset();
  replays_.reset();
  events_.reset();
}

bool Replicator::later(std::function<void()> job) {
  return defer_([alive = alive_, job = std::move(job)] {
    // Shared lock keeps this object while the job runs; stop() takes it alone and so waits.
    const ReadLock lock(alive->mutex);
    if (alive->yes) job();
  });
}

Result<bool> Replicator::join() {
  if (transport_ == nullptr) return false;
  const MutexLock lock(replay_mutex_);
  // Order of lattice.md 8.6: changes are heard before the question, so that none falls between;
  // questions of others are answered afterwards, or this cache would answer its own.
  if (auto listening = listen(); !listening) return pass(listening);
  const bool answered = replay_alone();
  if (auto ready = start_answering(); !ready) return pass(ready);
  return answered;
}

Result<void> Replicator::listen() {
  // Subscriptions outlive reconnects: a second join() only asks.
  if (events_) return {};
  auto made = transport_->subscribe(
      options_.events_subject, {},
      [this](const nats::Message& message) { receive_event(message.payload); });
  if (!made) return pass(made);
  events_ = std::move(*made);
  return {};
}

Result<void> Replicator::start_answering() {
  if (!replays_) {
    auto made =
        transport_->subscribe(options_.replay_subject, options_.replay_subject,
                              [this](const nats::Message& message) { receive_question(message); });
    if (!made) return pass(made);
    replays_ = std::move(*made);
  }
  if (!sync_) {
    // A peer that finds a difference sends all it has.
    auto made = transport_->subscribe(
        sync_subject(), {}, [this](const nats::Message& message) { receive_sync(message.payload); },
        {.bytes = limits::cache_held_bytes});
    if (!made) return pass(made);
    sync_ = std::move(*made);
  }
  return {};
}

bool Replicator::replay() {
  if (transport_ == nullptr) return false;
  const MutexLock lock(replay_mutex_);
  return replay_alone();
}

bool Replicator::replay_alone() {
  const auto replay = std::make_shared<Replay>();
  const auto inbox = transport_->new_inbox();
  auto answers = transport_->subscribe(
      inbox, {}, [replay](const nats::Message& message) { replay->receive(message.payload); },
      // Direct, so that a large answer is not queued: the peer is read no faster than it is taken
      // in.
      {.direct = true});
  if (!answers) {
    report(LogReason::replay, answers.error().message);
    return false;
  }
  ReplayRequest request;
  {
    const MutexLock lock(mutex_);
    if (stopped_) return false;
    request.hwm = state_.hwm();
    replay_ = replay;
  }
  auto outcome = Replay::Outcome::nobody;
  if (auto sent = transport_->publish(options_.replay_subject, codec::encode(request), inbox)) {
    outcome = replay->wait(options_.patience);
  } else {
    report(LogReason::replay, sent.error().message);
  }
  answers->reset();
  // Whatever came is applied, even of an answer that broke off.
  finish_replay(replay->take());
  if (outcome == Replay::Outcome::incomplete) {
    report(LogReason::replay,
           "a peer sent fewer changes than it announced; some may be missing here");
  }
  return outcome != Replay::Outcome::nobody;
}

// Changes that came meanwhile follow the replay, without those it had already: a list would have
// their item twice (lattice.md 8.8, 4). Writes made here meanwhile are younger than what the replay
// brought, and stand.
void Replicator::finish_replay(const std::vector<CacheEvent>& replayed) {
  const MutexLock lock(mutex_);
  std::map<Bytes, std::size_t> known;
  for (const auto& event : replayed) {
    apply(event, 0);
    if (!held_.empty()) ++known[codec::encode(event)];
  }
  const auto time = wall_ms();
  for (const auto& event : held_) {
    const auto same = known.find(codec::encode(event));
    if (same != known.end() && same->second > 0) {
      --same->second;
    } else {
      apply(event, time);
    }
  }
  for (const auto& event : written_) {
    if (state_.would_change(event)) apply(event, time);
  }
  held_.clear();
  held_bytes_ = 0;
  written_.clear();
  replay_.reset();
}

void Replicator::receive_event(ByteView payload) {
  auto message = codec::decode<CacheEventMessage>(payload);
  if (!message) return refuse(message.error());
  const MutexLock lock(mutex_);
  // Echo of what this cache published itself.
  if (message->origin_id == origin_id_) return;
  ++counters_.received;
  const auto size = message->event.bytes();
  if (!replay_) return apply(message->event, wall_ms());
  // Held changes are bounded: a peer could make a replay last and flood meanwhile.
  if (held_.size() >= limits::cache_held || held_bytes_ + size > limits::cache_held_bytes) {
    ++counters_.refused;
    return report(LogReason::full, "too many changes came during a replay; some are left out");
  }
  held_bytes_ += size;
  held_.push_back(std::move(message->event));
}

void Replicator::refuse(const Error& error) {
  {
    const MutexLock lock(mutex_);
    ++counters_.refused;
  }
  report(LogReason::malformed, error.message);
}

bool Replicator::make_room(const CacheEvent& event) {
  // Estimate from above: value, entry and time of one change, and the change itself as history.
  const auto most = charge_.bytes() + 5 * event.bytes();
  if (charge_.resize(most)) return true;
  // History is what can be given up: those far behind then get the state instead.
  state_.forget_history();
  settle_charge();
  return charge_.resize(charge_.bytes() + 5 * event.bytes());
}

void Replicator::settle_charge() {
  charge_.resize_down(state_.footprint() + entries_.footprint() + times_.footprint());
}

void Replicator::apply(const CacheEvent& event, std::int64_t made, Origin origin) {
  if (!make_room(event)) {
    ++counters_.refused;
    return report(LogReason::full, out_of_budget(Held::cache).error().message);
  }
  const auto changed = state_.apply(event);
  if (!changed) {
    ++counters_.refused;
    return report(LogReason::full, changed.error().message);
  }
  // Change without effect has no time: a duplicate must not make a value younger.
  if (*changed) times_.observe(event, made);
  for (const auto& change : entries_.observe(state_, event)) {
    // Own writes are known to whoever made them.
    if (origin == Origin::elsewhere) on_change_(change);
  }
  settle_charge();
}

void Replicator::receive_question(const nats::Message& message) {
  const auto request = codec::decode<ReplayRequest>(message.payload);
  if (!request) return refuse(request.error());
  if (message.reply.empty()) return;
  // Reply subject is the asker's choice: on one of the protocol, our answer would be an order to
  // other hosts, or a change of their caches.
  if (is_protocol_subject(message.reply) || is_within(message.reply, options_.events_subject) ||
      is_within(message.reply, options_.replay_subject)) {
    return refuse({ErrorCode::denied,
                   "a question that wants its answer on a subject of the protocol was ignored",
                   {}});
  }
  {
    const MutexLock lock(mutex_);
    // Questions beyond the bound stay unanswered; the asker's patience ends and it asks again.
    if (questions_.size() >= limits::cache_questions) return;
    questions_.push_back({std::string(message.reply), request->hwm});
    if (std::exchange(answering_, true)) return;
  }
  if (later([this] { answer_questions(); })) return;
  const MutexLock lock(mutex_);
  answering_ = false;
  questions_.clear();
}

// Answers are made one after the other, since each may be as large as the whole cache.
void Replicator::answer_questions() {
  while (true) {
    Question question;
    {
      const MutexLock lock(mutex_);
      answering_ = !questions_.empty() && !stopped_;
      if (!answering_) return;
      question = std::move(questions_.front());
      questions_.pop_front();
    }
    answer(question);
  }
}

void Replicator::answer(const Question& question) {
  std::vector<CacheEvent> events;
  {
    const MutexLock lock(mutex_);
    events = state_.since(question.hwm);
  }
  // Changes that no message can carry must not be announced: the requester would wait for them.
  const auto most = transport_->max_payload();
  std::erase_if(events, [most](const auto& event) {
    return event.bytes() > most && codec::encode(event).size() > most;
  });
  auto sent = transport_->publish(question.reply, codec::encode(ReplayAck{events.size()}));
  for (const auto& event : events) {
    if (!sent) break;
    sent = transport_->publish(question.reply, codec::encode(event));
  }
  if (!sent) report(LogReason::replay, sent.error().message);
}

void Replicator::publish(const CacheEvent& event) {
  if (transport_ == nullptr) return;
  const auto bytes = codec::encode(CacheEventMessage{origin_id_, event});
  if (auto sent = transport_->publish(options_.events_subject, bytes); !sent) {
    report(LogReason::unsent, sent.error().message);  // peers learn it by anti-entropy
  }
}

void Replicator::write(const std::vector<CacheEvent>& events) {
  {
    const MutexLock lock(mutex_);
    for (const auto& event : events) {
      apply(event, wall_ms(), Origin::here);
      if (replay_) written_.push_back(event);
      if (options_.on_write) options_.on_write(event);
    }
  }
  // Applied first, then published (lattice.md 8.5), and without the lock: sending may wait for the
  // connection, and readers of the cache must not.
  for (const auto& event : events) publish(event);
}

void Replicator::put_claims(const identity::ActorClaims& claims, Write mode) {
  if (mode == Write::changes) {
    const MutexLock lock(mutex_);
    const auto known = entries_.claims().find(claims.sub);
    if (known != entries_.claims().end() && known->second == claims) return;
  }
  write(claims_events(claims));
}

void Replicator::put_reference(const std::string& reference, const std::string& key, Write mode) {
  if (mode == Write::changes && key_of_reference(reference) == key) return;
  write(reference_events(reference, key));
}

bool Replicator::register_alias(const std::string& alias, const std::string& actor, Write mode) {
  {
    const MutexLock lock(mutex_);
    const auto known = entries_.aliases().find(alias);
    const bool there = known != entries_.aliases().end();
    // First claimant keeps an alias (lattice.md 8.2); two hosts may both be first, and then the
    // last event wins.
    if (there && known->second != actor) return false;
    if (there && mode == Write::changes) return true;
  }
  write(alias_events(alias, actor));
  return true;
}

void Replicator::put_link(const LinkDefinition& link, Write mode) {
  if (mode == Write::changes) {
    const MutexLock lock(mutex_);
    const auto known = entries_.links().find(hash_text(link));
    if (known != entries_.links().end() && known->second == link) return;
  }
  write(link_events(link));
}

// Link is looked up in the state and not among the entries, so that one that does not parse can be
// removed too.
void Replicator::remove_link(const LinkDefinition& key) {
  const auto events = link_removal_events(key);
  {
    const MutexLock lock(mutex_);
    const auto* listed = state_.set(events.back().key());
    const bool in_index = listed != nullptr && listed->contains(events.back().item());
    if (!in_index && !state_.would_change(events.front())) return;
  }
  write(events);
}

void Replicator::reconcile(const Look& look) {
  const MutexLock lock(mutex_);
  for (const auto& event : look(state_, entries_)) apply(event, wall_ms());
}

void Replicator::compare_with_peers() {
  if (transport_ != nullptr) send_digest();
}

void Replicator::send_digest() {
  SyncMessage message{origin_id_, 0, {}};
  {
    const MutexLock lock(mutex_);
    message.digest = digest();
  }
  static_cast<void>(transport_->publish(sync_subject(), codec::encode(message)));
}

// Digest alone asks: a cache that differs sends everything it has, then its own digest, which asks
// back. This ends when digests agree, or until the next heartbeat when something cannot be agreed
// on.
void Replicator::receive_sync(ByteView payload) {
  auto message = codec::decode<SyncMessage>(payload);
  if (!message) return refuse(message.error());
  if (message->origin_id == origin_id_) return;
  {
    const MutexLock lock(mutex_);
    if (!message->values.empty()) return merge(*message);
    // Answering costs much more than asking, so no peer can have it done often.
    if (message->digest == digest() || clock_->steady() < next_sync_) return;
    next_sync_ = clock_->steady() + sync_pause;
  }
  static_cast<void>(later([this] {
    send_everything();
    send_digest();
  }));
}

void Replicator::send_everything() {
  std::vector<SyncMessage> parts;
  {
    const MutexLock lock(mutex_);
    // Half a payload: sizes are estimates, and some room costs nothing.
    parts = times_.all(state_, origin_id_, transport_->max_payload() / 2);
  }
  for (const auto& part : parts) {
    if (!transport_->publish(sync_subject(), codec::encode(part))) return;
  }
}

// Times are those of the values and were put by AntiEntropy::merge(), so they are not observed
// again.
void Replicator::merge(const SyncMessage& message) {
  const auto time = wall_ms();
  for (const auto& theirs : message.values) {
    const auto events = times_.merge(state_, theirs, time);
    if (events.empty()) continue;
    ++counters_.repaired;
    for (const auto& event : events) {
      if (!make_room(event)) {
        ++counters_.refused;
        return report(LogReason::full, out_of_budget(Held::cache).error().message);
      }
      if (auto changed = state_.apply(event); !changed) {
        ++counters_.refused;
        return report(LogReason::full, changed.error().message);
      }
      for (const auto& change : entries_.observe(state_, event)) on_change_(change);
      settle_charge();
    }
  }
}

std::uint64_t Replicator::digest() {
  // Digest reads the whole state, so it is kept until the next change.
  if (digest_hwm_ != state_.hwm()) {
    digest_ = AntiEntropy::digest(state_);
    digest_hwm_ = state_.hwm();
  }
  return digest_;
}

std::string Replicator::sync_subject() const {
  // Subject is below that of the cache, so that lattices which are kept apart there stay apart
  // here, and first-party caches hear nothing of it.
  return options_.events_subject + ".trellis.sync";
}

std::int64_t Replicator::wall_ms() const {
  const auto since = clock_->wall().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

std::optional<std::string> Replicator::key_of_reference(std::string_view reference) const {
  const MutexLock lock(mutex_);
  const auto found = entries_.references().find(reference);
  return found == entries_.references().end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> Replicator::key_of_alias(std::string_view alias) const {
  const MutexLock lock(mutex_);
  const auto found = entries_.aliases().find(alias);
  return found == entries_.aliases().end() ? std::nullopt : std::optional(found->second);
}

LatticeEntries::ByName<std::string> Replicator::references() const {
  const MutexLock lock(mutex_);
  return entries_.references();
}

std::vector<LinkDefinition> Replicator::links() const {
  const MutexLock lock(mutex_);
  std::vector<LinkDefinition> all;
  for (const auto& [hash, link] : entries_.links()) all.push_back(link);
  return all;
}

std::uint64_t Replicator::hwm() const {
  const MutexLock lock(mutex_);
  return state_.hwm();
}

std::size_t Replicator::size() const {
  const MutexLock lock(mutex_);
  return state_.values().size();
}

Replicator::Counters Replicator::counters() const {
  const MutexLock lock(mutex_);
  return counters_;
}

void Replicator::report(LogReason kind, std::string_view message) {
  limited_log_.warn(kind, "lattice cache: {}{}", message);
}

}  // namespace trellis::lattice
