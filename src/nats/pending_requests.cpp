#include "nats/pending_requests.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "base/guard.hpp"
#include "base/limits.hpp"
#include "threads/waiting.hpp"

namespace trellis::nats {
namespace {

/// Base of tokens in reply subjects: short, and safe in a subject.
constexpr int token_base = 36;
constexpr auto never = std::numeric_limits<SteadyTime::rep>::max();
/// Deadlines that lie close together are handled in one look.
constexpr auto shortest_rest = std::chrono::milliseconds(1);

SteadyTime to_time(SteadyTime::rep ticks) {
  return SteadyTime(SteadyTime::duration(ticks));
}

}  // namespace

std::string to_text(RequestToken token) {
  char digits[16];
  const auto [end, problem] = std::to_chars(digits, digits + sizeof digits, token, token_base);
  return {digits, end};
}

// Text comes from whoever answers: anything else than one number is no token.
std::optional<RequestToken> parse_token(std::string_view text) noexcept {
  RequestToken token = 0;
  const auto* const last = text.data() + text.size();
  const auto [end, problem] = std::from_chars(text.data(), last, token, token_base);
  if (problem != std::errc() || end != last) return std::nullopt;
  return token;
}

std::shared_ptr<PendingRequests> PendingRequests::make(LateError late,
                                                       std::shared_ptr<const Clock> clock) {
  std::shared_ptr<PendingRequests> made(new PendingRequests(std::move(late), std::move(clock)));
  made->next_look_ = never;
  return made;
}

PendingRequests::~PendingRequests() {
  close();
}

Result<RequestToken> PendingRequests::add(std::uint64_t connection, std::string_view subject,
                                          SteadyTime deadline, ReplyHandler& done) {
  // Bound is approximate: several threads may pass it at once, by one each.
  if (count_.load(std::memory_order_relaxed) >= limits::requests_in_flight) {
    return fail(ErrorCode::busy, "too many lattice requests wait for an answer");
  }
  const auto token = next_.fetch_add(1, std::memory_order_relaxed);
  auto& shard = shard_of(token);
  {
    const MutexLock lock(shard.mutex);
    if (shard.closed) return fail(ErrorCode::cancelled, "the lattice connection is closed");
    shard.entries.emplace(token, Entry{deadline, connection, std::hash<std::string_view>{}(subject),
                                       std::move(done)});
    count_.fetch_add(1, std::memory_order_relaxed);
  }
  // Watch publishes its next look before it reads the shards: it has either seen this entry, or the
  // value read here is at least as new.
  if (deadline.time_since_epoch().count() < next_look_.load()) watch(deadline);
  return token;
}

bool PendingRequests::finish(RequestToken token, Result<Answer> answer) {
  auto entry = take(token);
  if (!entry) return false;
  // Taken out first: answer, deadline and close may come together, and one of them gets the entry.
  entry->done(std::move(answer));
  return true;
}

void PendingRequests::finish_all(std::uint64_t connection, std::string_view subject,
                                 const Error& error) {
  const auto hash = std::hash<std::string_view>{}(subject);
  finish_where(
      [&](const Entry& entry) { return entry.connection == connection && entry.subject == hash; },
      error);
}

void PendingRequests::finish_all(std::uint64_t connection, const Error& error) {
  finish_where([&](const Entry& entry) { return entry.connection == connection; }, error);
}

void PendingRequests::finish_where(const std::function<bool(const Entry&)>& is_meant,
                                   const Error& error) {
  std::vector<ReplyHandler> ended;
  for (auto& shard : shards_) {
    const MutexLock lock(shard.mutex);
    for (auto at = shard.entries.begin(); at != shard.entries.end();) {
      if (!is_meant(at->second)) {
        ++at;
        continue;
      }
      ended.push_back(std::move(at->second.done));
      at = shard.entries.erase(at);
      count_.fetch_sub(1, std::memory_order_relaxed);
    }
  }
  // Handlers run without locks; they may send another request.
  for (const auto& done : ended) done(std::unexpected(error));
}

std::optional<PendingRequests::Entry> PendingRequests::take(RequestToken token) {
  auto& shard = shard_of(token);
  const MutexLock lock(shard.mutex);
  auto node = shard.entries.extract(token);
  if (node.empty()) return std::nullopt;
  count_.fetch_sub(1, std::memory_order_relaxed);
  return std::move(node.mapped());
}

void PendingRequests::watch(SteadyTime deadline) {
  const MutexLock lock(watch_mutex_);
  if (closing_) return;
  next_look_ = std::min(next_look_.load(), deadline.time_since_epoch().count());
  if (watch_.joinable()) {
    earlier_.notify_one();
  } else {
    watch_ =
        std::thread([self = shared_from_this()] { persevere([&self] { self->run_watch(); }); });
  }
}

void PendingRequests::run_watch() {
  MutexLock lock(watch_mutex_);
  while (!closing_) {
    const auto when = next_look_.load();
    if (when == never) {
      earlier_.wait(lock);
      continue;
    }
    const auto now = clock_->steady();
    if (now < to_time(when)) {
      earlier_.wait_for(lock, wait_span(now, to_time(when)));
      continue;
    }
    // Reset before the shards are read: entries that come meanwhile set an earlier look, which is
    // kept below.
    next_look_ = never;
    lock.unlock();
    const auto next = sweep(now).time_since_epoch().count();
    lock.lock();
    next_look_ = std::min(next_look_.load(), next);
  }
}

SteadyTime PendingRequests::sweep(SteadyTime now) {
  auto next = SteadyTime::max();
  std::vector<std::pair<ReplyHandler, Error>> late;
  for (auto& shard : shards_) {
    const MutexLock lock(shard.mutex);
    for (auto at = shard.entries.begin(); at != shard.entries.end();) {
      if (at->second.deadline > now) {
        next = std::min(next, at->second.deadline);
        ++at;
        continue;
      }
      late.emplace_back(std::move(at->second.done), late_(at->second.connection));
      at = shard.entries.erase(at);
      count_.fetch_sub(1, std::memory_order_relaxed);
    }
  }
  // Handlers may from here on close and destroy everything but this table.
  for (auto& [done, error] : late) done(std::unexpected(std::move(error)));
  return next == SteadyTime::max() ? next : std::max(next, now + shortest_rest);
}

void PendingRequests::close() {
  std::thread watch;
  {
    const MutexLock lock(watch_mutex_);
    closing_ = true;
    watch.swap(watch_);
  }
  earlier_.notify_all();
  std::vector<Entry> open;
  for (auto& shard : shards_) {
    const MutexLock lock(shard.mutex);
    // Closed under the lock of the shard: a request is either in the table by now, or refused.
    shard.closed = true;
    for (auto& [token, entry] : shard.entries) open.push_back(std::move(entry));
    count_.fetch_sub(shard.entries.size(), std::memory_order_relaxed);
    shard.entries.clear();
  }
  for (auto& entry : open) {
    entry.done(fail(ErrorCode::cancelled, "the lattice connection was closed"));
  }
  if (!watch.joinable()) return;
  // Handler on the watch itself may close: the thread holds the table until it has ended.
  if (watch.get_id() == std::this_thread::get_id()) {
    watch.detach();
  } else {
    watch.join();
  }
}

}  // namespace trellis::nats
