#include "providers/keyvalue/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bitset>
#include <charconv>
#include <functional>
#include <limits>
#include <mutex>

#include "base/call_limits.hpp"
#include "providers/keyvalue/space.hpp"

namespace trellis::providers::keyvalue {

namespace {

/// Expired keys whose memory one operation frees: keeps each operation short.
constexpr std::size_t purged_per_operation = 4;

// Names of the alternatives of Store::Value, in their order.
[[nodiscard]] std::string_view type_name(std::size_t alternative) noexcept {
  constexpr std::string_view names[] = {"a string", "a number", "a list", "a set"};
  return names[alternative];
}

[[nodiscard]] std::unexpected<Error> of_another_type(std::string_view key, std::size_t held,
                                                     std::string_view needed) {
  return wrong_type(key, type_name(held), needed);
}

[[nodiscard]] std::unexpected<Error> no_room(const Limits& bounds) {
  return fail(ErrorCode::limit,
              fmt::format("the key-value store is full ({} keys or {} bytes)", bounds.keys,
                          bounds.total_bytes),
              "delete keys, or raise MAX_KEYS or MAX_TOTAL_BYTES of the link");
}

/// An integer as Redis accepts it: decimal, no leading zero, plus or blank.
[[nodiscard]] std::optional<std::int64_t> integer_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  // Comparison with its own text is what refuses "007" and "-0", which from_chars takes.
  if (fmt::to_string(number) != text) return std::nullopt;
  return number;
}

/// Members that one question about sets may look at: more than any answer that fits a message has,
/// and a fraction of a second's work. The locks of the shards are held meanwhile, so that a slow
/// question would stop others.
constexpr std::size_t members_per_question = 4'000'000;

/// Collects the elements of an answer and stops when they no longer fit a message, or when finding
/// them takes too much work.
class Answer {
 public:
  explicit Answer(WorkLimit& limit) noexcept : limit_(limit) {}
  /// To be called before each look at a member; false when there were too many, or no time is left.
  [[nodiscard]] bool look() noexcept { return ++looks_ <= members_per_question && limit_.go_on(); }
  [[nodiscard]] bool add(const std::string& element) {
    // Time is looked at here as well: a range of a long list has no look().
    if (!limit_.go_on()) return false;
    // Head of a text in MessagePack, at most a byte and 32 bits of length.
    constexpr std::size_t longest_head = 5;
    bytes_ += element.size() + longest_head;
    if (bytes_ > limits::payload_bytes) return false;
    elements_.push_back(element);
    return true;
  }
  [[nodiscard]] Result<std::vector<std::string>> take() && {
    if (limit_.over()) return WorkLimit::error();
    if (looks_ > members_per_question) {
      return fail(
          ErrorCode::limit,
          fmt::format("the sets have more than {} members to compare", members_per_question),
          "ask for fewer keys at once, or keep smaller sets");
    }
    if (bytes_ <= limits::payload_bytes) return std::move(elements_);
    return answer_too_large();
  }

 private:
  WorkLimit& limit_;
  std::vector<std::string> elements_;
  std::size_t bytes_ = 0;
  std::size_t looks_ = 0;
};

}  // namespace

std::size_t Store::shard_index(std::string_view key) noexcept {
  // Keys that all fall on one shard cost concurrency, not time: entries of a shard are a tree.
  return std::hash<std::string_view>{}(key) % shard_count;
}

Store::Entry* Store::find(Shard& shard, std::string_view key, SteadyTime now) {
  const auto found = shard.entries.find(key);
  // Expired entries count as absent here and keep their memory: readers change nothing.
  if (found == shard.entries.end() || found->second.expires <= now) return nullptr;
  return &found->second;
}

void Store::erase(Shard& shard, Entries::iterator entry) {
  // `due` first: its views are into the node that is erased below.
  if (entry->second.expires != never) shard.due.erase({entry->second.expires, entry->first});
  keys_.fetch_sub(1, std::memory_order_relaxed);
  bytes_.fetch_sub(entry->second.bytes, std::memory_order_relaxed);
  shard.entries.erase(entry);
}

void Store::erase(Shard& shard, std::string_view key) {
  const auto found = shard.entries.find(key);
  if (found != shard.entries.end()) erase(shard, found);
}

void Store::purge(Shard& shard, SteadyTime now, std::size_t most) {
  // Expiry in order, a few at a time: a million keys that end in the same second must not stop the
  // one call that comes next.
  for (; most > 0 && !shard.due.empty() && shard.due.begin()->first <= now; --most) {
    erase(shard, shard.entries.find(shard.due.begin()->second));
  }
}

SteadyTime Store::expiry(std::string_view key) {
  Shard& shard = shard_of(key);
  const MutexLock lock(shard.mutex);
  const auto found = shard.entries.find(key);
  return found == shard.entries.end() ? never : found->second.expires;
}

void Store::visit(std::string_view key, const Entry& entry,
                  const std::function<void(const Visited&)>& visitor) {
  const auto each = [&](Visited::Kind kind, std::string_view value) {
    visitor({kind, key, value, entry.expires});
  };
  // List items come oldest first, the order in which pushing them again makes the same list.
  if (const auto* text = std::get_if<std::string>(&entry.value)) each(Visited::Kind::value, *text);
  if (const auto* number = std::get_if<std::int64_t>(&entry.value)) {
    each(Visited::Kind::value, fmt::to_string(*number));
  }
  if (const auto* list = std::get_if<List>(&entry.value)) {
    for (const auto& item : *list) each(Visited::Kind::list_item, item);
  }
  if (const auto* set = std::get_if<Set>(&entry.value)) {
    for (const auto& member : *set) each(Visited::Kind::set_member, member);
  }
}

void Store::visit(SteadyTime now, const std::function<void(const Visited&)>& visitor) {
  for (Shard& shard : shards_) {
    const MutexLock lock(shard.mutex);
    for (const auto& [key, entry] : shard.entries) {
      if (entry.expires > now) visit(key, entry, visitor);
    }
  }
}

void Store::purge(SteadyTime now) {
  for (Shard& shard : shards_) {
    const MutexLock lock(shard.mutex);
    purge(shard, now, std::numeric_limits<std::size_t>::max());
  }
}

bool Store::charge(std::size_t keys, std::size_t bytes, const Limits& bounds) noexcept {
  // Charge first, then compare, then take back: comparing first would let two threads into the same
  // room. Others may be refused for the moment between; they try again in writing(). The order of
  // memory does not matter, for entries are guarded by the locks.
  const std::size_t total = bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  const std::size_t count = keys_.fetch_add(keys, std::memory_order_relaxed) + keys;
  if (total <= bounds.total_bytes && count <= bounds.keys) return true;
  bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  keys_.fetch_sub(keys, std::memory_order_relaxed);
  return false;
}

void Store::discharge(Entry& entry, std::size_t bytes) noexcept {
  entry.bytes -= bytes;
  bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

template <class Change>
auto Store::writing(std::string_view key, SteadyTime now, Change change) {
  Shard& shard = shard_of(key);
  const auto attempt = [&] {
    const MutexLock lock(shard.mutex);
    purge(shard, now, purged_per_operation);
    return std::invoke(change, shard);  // called itself, clang takes the object for the argument
  };
  // Room is freed everywhere only when it lacks: walking all shards takes all locks, one after the
  // other, and this shard's is not held meanwhile, or two writers could wait for each other.
  auto done = attempt();
  if (done || done.error().code != ErrorCode::limit) return done;
  purge(now);
  return attempt();
}

template <class T>
Result<Store::Entry*> Store::grow(Shard& shard, std::string_view key, std::size_t bytes,
                                  const Limits& bounds, SteadyTime now) {
  if (Entry* entry = find(shard, key, now)) {
    if (!charge(0, bytes, bounds)) return no_room(bounds);
    entry->bytes += bytes;
    return entry;
  }
  // Expired entry of the key goes first: its type, expiry and charge are not the new one's.
  erase(shard, key);  // one that has expired
  bytes += key.size() + overhead;
  // Entry before charge: the allocation may throw, and nothing is charged then.
  const auto fresh = shard.entries.try_emplace(std::string(key), Entry{T{}, bytes, never}).first;
  if (charge(1, bytes, bounds)) return &fresh->second;
  shard.entries.erase(fresh);
  return no_room(bounds);
}

Result<std::optional<std::string>> Store::get(std::string_view key, SteadyTime now) {
  Shard& shard = shard_of(key);
  const MutexLock lock(shard.mutex);
  const Entry* entry = find(shard, key, now);
  if (entry == nullptr) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(&entry->value)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&entry->value)) return fmt::to_string(*number);
  return of_another_type(key, entry->value.index(), "a single value");
}

bool Store::exists(std::string_view key, SteadyTime now) {
  Shard& shard = shard_of(key);
  const MutexLock lock(shard.mutex);
  return find(shard, key, now) != nullptr;
}

Result<void> Store::set(std::string_view key, std::string_view value, SteadyTime expires,
                        const Limits& bounds, SteadyTime now) {
  if (auto fits = check_sizes(key, value, bounds.value_bytes); !fits) return fits;
  return writing(key, now, [&](Shard& shard) REQUIRES(shard.mutex) -> Result<void> {
    const auto found = shard.entries.find(key);
    const bool fresh = found == shard.entries.end();
    const std::size_t before = fresh ? 0 : found->second.bytes;
    const std::size_t after = key.size() + value.size() + overhead;
    // Replaced value makes room first, or a full store could not even shrink one.
    bytes_.fetch_sub(before, std::memory_order_relaxed);
    if (!charge(fresh ? 1 : 0, after, bounds)) {
      bytes_.fetch_add(before, std::memory_order_relaxed);
      return no_room(bounds);
    }
    const auto node = fresh ? shard.entries.try_emplace(std::string(key)).first : found;
    Entry& entry = node->second;
    if (entry.expires != never) shard.due.erase({entry.expires, node->first});
    entry = {std::string(value), after, expires};
    if (expires != never) shard.due.emplace(expires, node->first);
    return {};
  });
}

Result<std::int32_t> Store::add(std::string_view key, std::int32_t value, const Limits& bounds,
                                SteadyTime now) {
  if (auto fits = check_sizes(key, {}, bounds.value_bytes); !fits) return pass(fits);
  return writing(key, now, [&](Shard& shard) REQUIRES(shard.mutex) -> Result<std::int32_t> {
    std::int64_t old = 0;
    if (const Entry* entry = find(shard, key, now)) {
      // Numbers are kept as such by Add and as text by Set; Redis knows no difference either.
      const auto* number = std::get_if<std::int64_t>(&entry->value);
      const auto* text = std::get_if<std::string>(&entry->value);
      const auto parsed = text != nullptr ? integer_of(*text) : std::nullopt;
      if (number == nullptr && !parsed)
        return of_another_type(key, entry->value.index(), "a number");
      old = number != nullptr ? *number : *parsed;
    }
    // A stored text can be any 64-bit number, so even this sum can overflow.
    std::int64_t sum = 0;
    if (__builtin_add_overflow(old, value, &sum) || !std::in_range<std::int32_t>(sum)) {
      return exceeds_32_bits(fmt::to_string(old), value, key);
    }
    // Sum is known to fit before anything is made: an error leaves no empty counter behind.
    auto entry = grow<std::int64_t>(shard, key, 0, bounds, now);
    if (!entry) return pass(entry);
    // Text becomes a number, and keeps the larger charge of its text until it is replaced.
    (*entry)->value = sum;
    return static_cast<std::int32_t>(sum);
  });
}

void Store::remove(std::string_view key, SteadyTime now) {
  Shard& shard = shard_of(key);
  const MutexLock lock(shard.mutex);
  purge(shard, now, purged_per_operation);
  erase(shard, key);
}

Result<std::size_t> Store::push(std::string_view key, std::string_view value, const Limits& bounds,
                                SteadyTime now) {
  if (auto fits = check_sizes(key, value, bounds.value_bytes); !fits) return pass(fits);
  return writing(key, now, [&](Shard& shard) REQUIRES(shard.mutex) -> Result<std::size_t> {
    if (const Entry* held = find(shard, key, now);
        held && !std::holds_alternative<List>(held->value)) {
      return of_another_type(key, held->value.index(), "a list");
    }
    auto entry = grow<List>(shard, key, value.size() + overhead, bounds, now);
    if (!entry) return pass(entry);
    List& list = std::get<List>((*entry)->value);
    list.emplace_back(value);
    return list.size();
  });
}

Result<std::vector<std::string>> Store::range(std::string_view key, std::int64_t start,
                                              std::int64_t stop, SteadyTime now, WorkLimit limit) {
  Shard& shard = shard_of(key);
  const MutexLock lock(shard.mutex);
  const Entry* entry = find(shard, key, now);
  if (entry == nullptr) return std::vector<std::string>{};
  const auto* list = std::get_if<List>(&entry->value);
  if (list == nullptr) return of_another_type(key, entry->value.index(), "a list");
  const auto size = static_cast<std::int64_t>(list->size());
  // Positions as Redis takes them (LRANGE): out of range is an empty list or a shorter one, never
  // an error.
  if (start < 0) start = std::max<std::int64_t>(0, start + size);
  if (stop < 0) stop += size;
  stop = std::min(stop, size - 1);
  Answer answer(limit);
  for (std::int64_t i = start; i <= stop; ++i) {
    // Position 0 is the newest, which is the last here.
    if (!answer.add((*list)[static_cast<std::size_t>(size - 1 - i)])) break;
  }
  return std::move(answer).take();
}

Result<std::size_t> Store::remove_item(std::string_view key, std::string_view value,
                                       SteadyTime now) {
  Shard& shard = shard_of(key);
  const MutexLock lock(shard.mutex);
  purge(shard, now, purged_per_operation);
  Entry* entry = find(shard, key, now);
  if (entry == nullptr) return std::size_t{0};
  auto* list = std::get_if<List>(&entry->value);
  if (list == nullptr) return of_another_type(key, entry->value.index(), "a list");
  const std::size_t removed = std::erase(*list, value);
  discharge(*entry, removed * (value.size() + overhead));
  // Empty lists and sets do not exist in Redis, and KeyExists shows it.
  if (list->empty()) erase(shard, key);
  return removed;
}

Result<bool> Store::set_add(std::string_view key, std::string_view member, const Limits& bounds,
                            SteadyTime now) {
  if (auto fits = check_sizes(key, member, bounds.value_bytes); !fits) return pass(fits);
  return writing(key, now, [&](Shard& shard) REQUIRES(shard.mutex) -> Result<bool> {
    if (const Entry* held = find(shard, key, now)) {
      const auto* set = std::get_if<Set>(&held->value);
      if (set == nullptr) return of_another_type(key, held->value.index(), "a set");
      // Membership before growth, or a member that is there already could be refused for want of
      // room.
      if (set->contains(member)) return false;
    }
    auto entry = grow<Set>(shard, key, member.size() + overhead, bounds, now);
    if (!entry) return pass(entry);
    std::get<Set>((*entry)->value).emplace(member);
    return true;
  });
}

Result<bool> Store::set_remove(std::string_view key, std::string_view member, SteadyTime now) {
  Shard& shard = shard_of(key);
  const MutexLock lock(shard.mutex);
  purge(shard, now, purged_per_operation);
  Entry* entry = find(shard, key, now);
  if (entry == nullptr) return false;
  auto* set = std::get_if<Set>(&entry->value);
  if (set == nullptr) return of_another_type(key, entry->value.index(), "a set");
  const auto found = set->find(member);
  if (found == set->end()) return false;
  set->erase(found);
  discharge(*entry, member.size() + overhead);
  if (set->empty()) erase(shard, key);
  return true;
}

template <class Visit>
Result<std::vector<std::string>> Store::with_sets(const std::vector<std::string>& keys,
                                                  SteadyTime now, WorkLimit& limit, Visit visit) {
  // Shards in ascending order, each once: two questions that lock the same ones cannot wait for
  // each other, and a mutex cannot be taken twice.
  std::bitset<shard_count> used;
  for (const std::string& key : keys) used.set(shard_index(key));
  std::vector<std::unique_lock<Mutex>> locks;
  for (std::size_t i = 0; i < shard_count; ++i) {
    if (used[i]) locks.emplace_back(shards_[i].mutex);
  }
  std::vector<const Set*> sets;
  sets.reserve(keys.size());
  for (const std::string& key : keys) {
    const Entry* entry = find(shard_of(key), key, now);
    const auto* set = entry == nullptr ? nullptr : std::get_if<Set>(&entry->value);
    if (entry != nullptr && set == nullptr)
      return of_another_type(key, entry->value.index(), "a set");
    sets.push_back(set);
  }
  // A key may be named a hundred thousand times; its set is walked once.
  std::ranges::sort(sets);
  sets.erase(std::ranges::unique(sets).begin(), sets.end());
  Answer answer(limit);
  visit(sets, answer);
  return std::move(answer).take();
}

Result<std::vector<std::string>> Store::members(std::string_view key, SteadyTime now,
                                                WorkLimit limit) {
  return set_union({std::string(key)}, now, limit);
}

Result<std::vector<std::string>> Store::set_union(const std::vector<std::string>& keys,
                                                  SteadyTime now, WorkLimit limit) {
  return with_sets(keys, now, limit, [](const std::vector<const Set*>& sets, Answer& answer) {
    // Views suffice: the sets are locked until the answer has copied what it takes.
    std::set<std::string_view> all;
    for (const Set* set : sets) {
      if (set == nullptr) continue;
      for (const std::string& member : *set) {
        if (!answer.look()) return;
        all.insert(member);
      }
    }
    for (const std::string_view member : all) {
      if (!answer.add(std::string(member))) return;
    }
  });
}

Result<std::vector<std::string>> Store::set_intersection(const std::vector<std::string>& keys,
                                                         SteadyTime now, WorkLimit limit) {
  return with_sets(keys, now, limit, [](const std::vector<const Set*>& sets, Answer& answer) {
    // Null is a missing key, an empty set, with which nothing is common. After sorting there is one
    // at most.
    if (sets.empty() || std::ranges::find(sets, nullptr) != sets.end()) return;
    // Smallest set leads: the work is its size times the number of sets, whatever the others hold.
    const Set* smallest =
        *std::ranges::min_element(sets, {}, [](const Set* s) { return s->size(); });
    for (const std::string& member : *smallest) {
      const bool everywhere = std::ranges::all_of(
          sets, [&](const Set* set) { return answer.look() && set->contains(member); });
      if (!answer.look() || (everywhere && !answer.add(member))) return;
    }
  });
}

}  // namespace trellis::providers::keyvalue
