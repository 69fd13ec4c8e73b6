#include "lattice/cache/mirror.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/deadline.hpp"
#include "base/guard.hpp"
#include "base/limits.hpp"

namespace trellis::lattice {
namespace {

using std::chrono::seconds;

/// Bound on the names of what the store is still to be told; what is known here has no more.
constexpr std::size_t max_dirty = 2 * limits::links;
/// Texts that one question asks for.
constexpr std::size_t texts_at_once = 128;
/// Bound on members of an index; references are the longest names there are.
constexpr std::size_t max_name_bytes = 4096;
/// Bound on the starts of the server that are told apart.
constexpr std::size_t max_servers = 1000;
/// Bound on the refused names that are remembered, so that each is counted once.
constexpr std::size_t max_refused = 1000;
/// Time of one round, however much there is.
constexpr seconds round_time{30};
/// Interval after which everything is read, even if the store reports no change: a replica that was
/// filled anew does not count that as one.
constexpr seconds whole_interval{60};
/// Rounds take a tenth of the time at most.
constexpr int rest = 9;

/// Errors about one key are told apart from those of the connection: the first leave out that key,
/// the second end the round.
bool is_about_content(const Error& error) {
  return error.code == ErrorCode::provider_failed || error.code == ErrorCode::limit ||
         error.code == ErrorCode::malformed;
}

std::string key_of(const Filing& filing, std::string_view member) {
  return std::string(filing.prefix).append(member);
}

const Filing* filing_of(std::string_view key) {
  const auto found = std::ranges::find_if(
      filings, [&](const Filing& filing) { return key.starts_with(filing.prefix); });
  return found == filings.end() ? nullptr : &*found;
}

/// Claims and references are never removed (lattice.md 8.2), which is how a loss is told from a
/// removal.
bool only_grows(const Filing& filing) {
  return filing.index != link_index;
}

/// Whether it is a sound entry and not just something that was stored.
bool is_entry(const LatticeEntries& entries, const Filing& filing, std::string_view member) {
  if (filing.index == link_index) return entries.links().contains(member);
  return filing.index == claims_index ? entries.claims().contains(member)
                                      : entries.references().contains(member);
}

bool lists(const CacheState& state, const Filing& filing, std::string_view member) {
  const auto* listed = state.set(filing.index);
  return listed != nullptr && listed->contains(member);
}

}  // namespace

CacheMirror::CacheMirror(std::unique_ptr<CacheStore> store, Replicator& cache,
                         std::chrono::milliseconds poll, std::shared_ptr<const Clock> clock,
                         Log log)
    : store_(std::move(store)),
      cache_(cache),
      poll_(poll),
      clock_(std::move(clock)),
      log_(std::move(log)),
      limited_log_(log_, *clock_, limits::lattice_log_interval) {}

CacheMirror::~CacheMirror() {
  stop(deadline_in(seconds(0)));
}

// Text and index change together (lattice.md 8.2), so the text stands for both.
void CacheMirror::wrote(const CacheEvent& event) {
  const auto change = event.change();
  if (change != CacheChange::scalar_set && change != CacheChange::key_delete) return;
  {
    const MutexLock lock(mutex_);
    if (dirty_.size() < max_dirty || dirty_.contains(event.key())) {
      dirty_.insert_or_assign(event.key(),
                              change == CacheChange::scalar_set ? Deed::put : Deed::removal);
    } else {
      report(LogReason::full, "too many changes wait for the store; some are not written there");
    }
    wake_ = true;
  }
  moved_.notify_all();
}

Result<void> CacheMirror::look(SteadyTime deadline) {
  const MutexLock lock(looking_);
  auto done = round(deadline);
  note(done);
  return done;
}

Result<void> CacheMirror::round(SteadyTime deadline) {
  // Writes come before reads: what the store has not been told of would look as if others had
  // removed it (lattice.md 8.10, 4).
  if (auto written = flush(deadline); !written) return written;
  auto revision = store_->revision(deadline);
  if (!revision) return pass(revision);
  // Restart is believed until too many were seen: a server that seems to be started all the time is
  // no reason to distrust what it holds. The first one met is no restart.
  const bool restarted = !servers_.empty() && !revision->server.empty() &&
                         servers_.size() < max_servers && !servers_.contains(revision->server);
  const auto now = clock_->steady();
  if (!restarted && !revision->content.empty() && revision->content == content_ &&
      now < next_whole_) {
    return {};
  }
  if (auto done = read(restarted, deadline); !done) return done;
  if (!revision->server.empty() && servers_.size() < max_servers) {
    // Noted only now: a round that failed half-way is to see the restart again.
    servers_.insert(std::move(revision->server));
  }
  content_ = std::move(revision->content);
  next_whole_ = now + whole_interval;
  first_ = false;
  return flush(deadline);
}

Result<void> CacheMirror::flush(SteadyTime deadline) {
  Dirty writing;
  {
    const MutexLock lock(mutex_);
    // Names are taken out, so that wrote() never waits for the store.
    writing.swap(dirty_);
  }
  Result<void> done;
  while (!writing.empty() && done) {
    const auto& [key, deed] = *writing.begin();
    auto written = write(key, deed, deadline);
    if (written) {
      writing.erase(writing.begin());
      continue;
    }
    auto kept = writing.extract(writing.begin());
    if (is_about_content(written.error())) {
      refuse(kept.key(), written.error());
    } else {
      done = std::move(written);
    }
    const MutexLock lock(mutex_);
    // Refused names stay dirty too: as long as the store lacks them, it must not be read as their
    // removal.
    dirty_.insert(std::move(kept));  // what was written here meanwhile is younger
  }
  const MutexLock lock(mutex_);
  dirty_.merge(writing);
  return done;
}

// Text goes first, then the index (lattice.md 8.2). An alias belongs to who had it first.
Result<void> CacheMirror::write(const std::string& key, Deed deed, SteadyTime deadline) {
  std::optional<std::string> text;
  cache_.reconcile([&](const CacheState& state, const LatticeEntries&) {
    if (const auto* held = state.scalar(key)) text = *held;
    return std::vector<CacheEvent>();
  });
  if (text.has_value() != (deed == Deed::put)) return {};  // it did not fit here, or is back
  const auto* filing = filing_of(key);
  if (filing == nullptr) return text ? store_->claim(key, *text, deadline) : Result<void>();
  const auto member = key.substr(filing->prefix.size());
  auto done = text ? store_->set_text(key, *text, deadline) : store_->remove_text(key, deadline);
  if (!done) return done;
  const std::string index(filing->index);
  return text ? store_->add_member(index, member, deadline)
              : store_->remove_member(index, member, deadline);
}

Result<void> CacheMirror::read(bool restarted, SteadyTime deadline) {
  auto indexes = read_indexes(deadline);
  if (!indexes) return pass(indexes);
  const bool holds = std::ranges::any_of(*indexes, [](const Names& all) { return !all.empty(); });
  // Three signs of a loss, as lattice.md 8.10 (3) has them; then what is known here is written
  // again instead of removed.
  const bool lost = restarted || (first_ && !holds) || has_lost(*indexes);
  for (std::size_t i = 0; i < filings.size(); ++i) {
    const auto& filing = filings.at(i);
    // Index that was not read says nothing about what is missing.
    if (unread_.contains(filing.index)) continue;
    auto& listed = indexes->at(i);
    if (auto done = read_entries(filing, listed, restarted, deadline); !done) return done;
    if (!unread_.contains(filing.index)) compare(filing, listed, lost);
  }
  return read_aliases(deadline);
}

Result<std::vector<CacheMirror::Names>> CacheMirror::read_indexes(SteadyTime deadline) {
  std::vector<Names> all;
  unread_.clear();
  for (const auto& filing : filings) {
    const std::string index(filing.index);
    auto members = store_->members(index, deadline);
    if (!members && !is_about_content(members.error())) return pass(members);
    if (!members) {
      refuse(index, members.error());
      unread_.insert(index);
    }
    auto& listed = all.emplace_back();
    if (!members) continue;
    for (auto& member : *members) {
      if (member.size() <= max_name_bytes) {
        listed.insert(std::move(member));
      } else {
        refuse(index, {ErrorCode::limit, "a member longer than any name", {}});
      }
    }
  }
  return all;
}

/// Entries that only grow are gone: no host takes them back, so the store has lost them.
bool CacheMirror::has_lost(const std::vector<Names>& indexes) {
  bool lost = false;
  cache_.reconcile([&](const CacheState& state, const LatticeEntries& entries) REQUIRES(looking_) {
    const MutexLock lock(mutex_);
    for (std::size_t i = 0; i < filings.size(); ++i) {
      const auto& filing = filings.at(i);
      const auto* known = state.set(filing.index);
      if (!only_grows(filing) || known == nullptr || !indexes.at(i).empty() ||
          unread_.contains(filing.index)) {
        continue;
      }
      lost = lost || std::ranges::any_of(*known, [&](const std::string& member) REQUIRES(mutex_) {
               return is_entry(entries, filing, member) && !dirty_.contains(key_of(filing, member));
             });
    }
    return std::vector<CacheEvent>();
  });
  return lost;
}

// Members without a text leave `listed`. After a start of the server it may hold what was saved
// long ago, so that what is known here counts.
Result<void> CacheMirror::read_entries(const Filing& filing, Names& listed, bool restarted,
                                       SteadyTime deadline) {
  const std::vector<std::string> members(listed.begin(), listed.end());
  std::size_t bytes = 0;
  for (std::size_t from = 0; from < members.size(); from += texts_at_once) {
    const auto until = std::min(members.size(), from + texts_at_once);
    std::vector<std::string> keys;
    for (auto i = from; i < until; ++i) keys.push_back(key_of(filing, members[i]));
    auto texts = store_->texts(keys, deadline);
    if (!texts) return pass(texts);
    for (const auto& text : *texts) bytes += text ? text->size() : 0;
    // Index that is too large is left as it was: half of it read would look as if the rest had been
    // removed.
    if (bytes > limits::cache_bytes) {
      unread_.emplace(filing.index);
      refuse(std::string(filing.index), {ErrorCode::limit, "more than a cache holds", {}});
      return {};
    }
    cache_.reconcile([&](const CacheState& state, const LatticeEntries& entries) {
      std::vector<CacheEvent> news;
      const MutexLock lock(mutex_);
      for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto& member = members[from + i];
        const auto& text = texts->at(i);
        if (!text) listed.erase(member);
        // Own changes that are not written yet are younger than whatever the store holds.
        if (!text || dirty_.contains(keys[i])) continue;
        const auto* held = state.scalar(keys[i]);
        const bool known = lists(state, filing, member);
        if (known && held != nullptr && *held == *text) continue;
        if (restarted && known && is_entry(entries, filing, member)) {
          dirty_.emplace(keys[i], Deed::put);
          continue;
        }
        news.push_back(CacheEvent::set(keys[i], *text));
        news.push_back(CacheEvent::set_add(std::string(filing.index), member));
      }
      return news;
    });
  }
  return {};
}

/// Entries known here and missing there were removed by others, or are to be written again.
void CacheMirror::compare(const Filing& filing, const Names& present, bool lost) {
  cache_.reconcile([&](const CacheState& state, const LatticeEntries& entries) {
    std::vector<CacheEvent> news;
    const auto* known = state.set(filing.index);
    if (known == nullptr) return news;
    const MutexLock lock(mutex_);
    for (const auto& member : *known) {
      auto key = key_of(filing, member);
      if (present.contains(member) || dirty_.contains(key)) continue;
      if ((lost || only_grows(filing)) && is_entry(entries, filing, member)) {
        dirty_.emplace(std::move(key), Deed::put);
      } else {
        news.push_back(CacheEvent::remove(std::move(key)));
        news.push_back(CacheEvent::set_remove(std::string(filing.index), member));
      }
    }
    return news;
  });
}

// Aliases have no index; an actor that has one says so in its claims.
Result<void> CacheMirror::read_aliases(SteadyTime deadline) {
  Names names;
  cache_.reconcile([&](const CacheState&, const LatticeEntries& entries) {
    for (const auto& [actor, claims] : entries.claims()) {
      const auto& alias = claims.call_alias;
      if (alias && alias->size() <= limits::name_bytes) names.insert(*alias);
    }
    for (const auto& [alias, actor] : entries.aliases()) names.insert(alias);
    return std::vector<CacheEvent>();
  });
  std::vector<std::string> keys;
  const auto ask = [&]() -> Result<void> {
    auto texts = store_->texts(keys, deadline);
    if (!texts) return pass(texts);
    cache_.reconcile([&](const CacheState& state, const LatticeEntries&) {
      std::vector<CacheEvent> news;
      const MutexLock lock(mutex_);
      for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto* held = state.scalar(keys[i]);
        const auto& text = texts->at(i);
        // Aliases only grow, so a missing one was lost.
        if (!text && held != nullptr) dirty_.emplace(keys[i], Deed::put);
        if (!text || dirty_.contains(keys[i]) || (held != nullptr && *held == *text)) continue;
        news.push_back(CacheEvent::set(keys[i], *text));
      }
      return news;
    });
    keys.clear();
    return {};
  };
  for (const auto& name : names) {
    keys.push_back(std::string(alias_prefix).append(name));
    if (keys.size() < texts_at_once) continue;
    if (auto done = ask(); !done) return done;
  }
  return keys.empty() ? Result<void>() : ask();
}

void CacheMirror::refuse(const std::string& what, const Error& error) {
  {
    const MutexLock lock(mutex_);
    if (refused_names_.size() < max_refused && refused_names_.insert(what).second) ++refused_;
  }
  report(LogReason::refused, fmt::format("{} is left out: {}", what, error.message));
}

void CacheMirror::note(const Result<void>& done) {
  const auto now = done ? State::connected : State::disconnected;
  {
    const MutexLock lock(mutex_);
    // Only changes are reported: a store that is away for a day is one line.
    if (std::exchange(state_, now) == now) return;
  }
  if (done) {
    log_.info("the lattice cache is {}", store_->name());
    return;
  }
  report(LogReason::away, fmt::format("{}; the host goes on with what it knows and writes what "
                                      "changes as soon as the store answers",
                                      done.error().message));
}

void CacheMirror::start() {
  thread_ = std::thread([this] {
    persevere([this] { run(); });
    const MutexLock lock(mutex_);
    ended_ = true;
    moved_.notify_all();
  });
}

void CacheMirror::run() {
  auto pause = SteadyTime::duration(poll_);
  while (true) {
    {
      MutexLock lock(mutex_);
      // Store that is away is not asked sooner because there is more to write.
      moved_.wait_for(lock, pause, [&]() REQUIRES(mutex_) {
        return stopped_ || (wake_ && state_ == State::connected);
      });
      if (stopped_) break;
      wake_ = false;
    }
    const auto began = clock_->steady();
    const bool done = look(deadline_in(round_time)).has_value();
    const auto taken = clock_->steady() - began;
    // Rest is for the server's sake, in proportion to its work; one that was waited for in vain had
    // none.
    const bool worked = done || taken >= round_time;
    pause = std::max<SteadyTime::duration>(poll_, worked ? rest * taken : SteadyTime::duration());
  }
  SteadyTime deadline;
  {
    const MutexLock lock(mutex_);
    if (state_ != State::connected) return;
    deadline = last_deadline_;
  }
  // Last words: what was written since the last round, as long as the store is there.
  const MutexLock lock(looking_);
  static_cast<void>(flush(deadline));
}

void CacheMirror::stop(SteadyTime deadline) {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    last_deadline_ = deadline;
    moved_.notify_all();
    // Store that does not answer now gets no last words.
    if (thread_.joinable() && state_ == State::connected) {
      moved_.wait_until(lock, deadline, [&]() REQUIRES(mutex_) { return ended_; });
    }
  }
  // Cancelling ends a round that waits in the store, so that the join does not take long.
  store_->cancel();
  if (thread_.joinable()) thread_.join();
}

CacheMirror::State CacheMirror::state() const {
  const MutexLock lock(mutex_);
  return state_;
}

std::uint64_t CacheMirror::refused() const {
  const MutexLock lock(mutex_);
  return refused_ + store_->refused();
}

void CacheMirror::report(LogReason kind, std::string_view message) {
  limited_log_.warn(kind, "lattice cache: {}{}", message);
}

}  // namespace trellis::lattice
