#include "providers/keyvalue_file/persistent_store.hpp"

#include "base/call_limits.hpp"

#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <utility>

namespace trellis::providers::keyvalue_file {

namespace {

using keyvalue::Store;
using std::chrono::milliseconds;

/// A file is written anew beyond this and twice what is in memory.
constexpr std::uint64_t least_rewritten = 1 * limits::mib;
constexpr std::size_t rewrite_buffer = 256 * limits::kib;

/// Bounds of a replay: none, for what was once taken is taken again, also after the limits of the
/// link were lowered.
[[nodiscard]] keyvalue::Limits no_limits() {
  constexpr auto most = std::numeric_limits<std::size_t>::max() / 2;
  return {most, most, most};
}

/// A list or a set, which never expires, is about to grow. What can expire in its place is a value
/// that had done so when this was taken, even if the clock was set back since.
void forget_expired(Store& store, std::string_view key, SteadyTime now) {
  if (store.expiry(key) != Store::never) store.remove(key, now);
}

// Change that was made once, made again. It fails only if the file's order is impossible (a push to
// a set): that is damage, and the file is refused.
[[nodiscard]] Result<void> replay(Store& store, const Change& change, SteadyTime now) {
  // Half of what fits, so that sums of bounds do not wrap.
  static const keyvalue::Limits bounds = no_limits();
  const auto forget_value = [](const auto& result) -> Result<void> {
    if (!result) return pass(result);
    return {};
  };
  switch (change.kind) {
    case Change::Kind::set:
      return store.set(change.key, change.value, PersistentStore::to_steady(change.expires_ms, now),
                       bounds, now);
    case Change::Kind::remove: store.remove(change.key, now); return {};
    case Change::Kind::push:
      forget_expired(store, change.key, now);
      return forget_value(store.push(change.key, change.value, bounds, now));
    case Change::Kind::remove_item:
      return forget_value(store.remove_item(change.key, change.value, now));
    case Change::Kind::set_add:
      forget_expired(store, change.key, now);
      return forget_value(store.set_add(change.key, change.value, bounds, now));
    case Change::Kind::set_remove:
      return forget_value(store.set_remove(change.key, change.value, now));
  }
  return {};
}

[[nodiscard]] Change::Kind kind_of(Store::Visited::Kind kind) {
  switch (kind) {
    case Store::Visited::Kind::value: return Change::Kind::set;
    case Store::Visited::Kind::list_item: return Change::Kind::push;
    case Store::Visited::Kind::set_member: return Change::Kind::set_add;
  }
  return Change::Kind::set;
}

}  // namespace

std::int64_t PersistentStore::to_wall(SteadyTime expires, SteadyTime now) {
  // Wall clock, because the host's steady clock begins anew with each boot. A clock that is set
  // moves expiries with it; the alternative would be keys that never end.
  if (expires == Store::never) return 0;
  const auto wall = std::chrono::system_clock::now().time_since_epoch() + (expires - now);
  return std::chrono::duration_cast<milliseconds>(wall).count();
}

SteadyTime PersistentStore::to_steady(std::int64_t expires_ms, SteadyTime now) {
  if (expires_ms == 0) return Store::never;
  // A file can say anything; times are kept where sums of them still fit.
  constexpr auto most = std::chrono::duration_cast<milliseconds>(std::chrono::years(100)).count();
  const auto wall =
      std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  if (expires_ms < 0 || expires_ms <= wall) return now;  // expired
  return now + milliseconds(std::min(expires_ms - wall, most));
}

Result<std::shared_ptr<PersistentStore>> PersistentStore::open(std::filesystem::path path,
                                                               SteadyTime now, Log log) {
  auto store = std::make_unique<Store>();
  std::uint64_t dropped = 0;
  const auto name = path.string();
  auto journal = Journal::open(
      std::move(path), [&](const Change& change) { return replay(*store, change, now); }, dropped);
  if (!journal) return pass(journal);
  if (dropped > 0) {
    log.warn("{}: the last change was cut short by a crash; {} bytes of it are dropped", name,
             dropped);
  }
  store->purge(now);
  return std::make_shared<PersistentStore>(std::move(*journal), std::move(store), std::move(log));
}

PersistentStore::PersistentStore(Journal journal, std::unique_ptr<Store> store, Log log)
    : log_(std::move(log)), store_(std::move(store)), journal_(std::move(journal)) {}

PersistentStore::~PersistentStore() {
  // Last link is gone, and with it the keeper's rounds for this store.
  if (sync_.load() != Sync::never) sync_now();
}

void PersistentStore::require(Sync sync) noexcept {
  auto now = sync_.load();
  // Only ever stricter: two links that race must end with the stricter of both.
  while (now < sync && !sync_.compare_exchange_weak(now, sync)) continue;
}

Result<void> PersistentStore::check() const {
  // Refusal before the change is made: memory would move on and further away from the file.
  if (!failed_) return {};
  return fail(ErrorCode::unavailable,
              "the key-value store takes no changes until its file can be written again",
              "the log says what failed; free space or mend the disk");
}

Result<void> PersistentStore::keep(std::string_view records) {
  if (records.empty()) return {};
  auto kept = journal_.append(records);
  if (kept && sync_.load() == Sync::always) kept = sync(*journal_.file());
  if (kept) {
    dirty_ = sync_.load() != Sync::always;
    return {};
  }
  // Memory has the change already, and the caller is told that it failed. Undoing it would need the
  // old value; writing the file anew from memory makes both agree again.
  failed_ = true;
  log_.error("{}; changes are refused until the file has been written anew", kept.error().message);
  return kept;
}

void PersistentStore::sync_now() {
  // Descriptor is held, not the lock: a sync may take seconds, and readers and writers go on
  // meanwhile. A change made during it sets `dirty_` again.
  std::shared_ptr<const Descriptor> file;
  {
    const MutexLock lock(mutex_);
    if (!std::exchange(dirty_, false)) return;
    file = journal_.file();
  }
  if (auto synced = sync(*file); !synced) {
    log_.error("{}", synced.error().message);
    const MutexLock lock(mutex_);
    failed_ = true;  // what the disk has is unknown
  }
}

bool PersistentStore::mostly_history() const {
  // Twice the content and a mebibyte: rewriting costs on average no more than what was written
  // since the last time.
  return journal_.bytes() > least_rewritten + 2 * store_->bytes();
}

Result<void> PersistentStore::rewrite(SteadyTime now) {
  // Content by visit(), shard after shard: changes wait (`mutex_` is held), so that the parts are
  // of one moment. Readers do not wait.
  return journal_.replace([&](Journal& fresh) -> Result<void> {
    std::string records;
    Result<void> done;
    store_->visit(now, [&](const Store::Visited& each) {
      if (!done) return;
      append_record(records,
                    {kind_of(each.kind), each.key, each.value, to_wall(each.expires, now)});
      if (records.size() < rewrite_buffer) return;
      done = fresh.append(records);
      records.clear();
    });
    if (!done) return done;
    return fresh.append(records);
  });
}

void PersistentStore::maintain(SteadyTime now) {
  // Sync outside the lock first; what follows holds it.
  if (sync_.load() == Sync::second) sync_now();
  const MutexLock lock(mutex_);
  // Failed and broken files are tried again each second, until the disk has room: that is how the
  // provider recovers without anybody's help.
  if (!failed_ && !journal_.broken() && !mostly_history()) return;
  store_->purge(now);
  if (auto rewritten = rewrite(now); !rewritten) {
    if (!failed_) log_.warn("{}", rewritten.error().message);
    return;
  }
  if (std::exchange(failed_, false)) log_.info("the file could be written again");
  // replace() has synced everything.
  dirty_ = false;
}

}  // namespace trellis::providers::keyvalue_file
