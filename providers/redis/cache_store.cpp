#include "providers/redis/cache_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "base/mutex.hpp"
#include "base/sizes.hpp"
#include "providers/redis/pool.hpp"
#include "providers/redis/values.hpp"

namespace trellis::providers::redis {
namespace {

/// Bound on one text: claims, links and what else a lattice keeps are far below. The database may
/// be shared with programs that keep anything under our names.
constexpr std::int64_t max_text_bytes = limits::mib;
constexpr std::int64_t max_members = limits::links;
/// Bound on the server's id, which has 40 characters.
constexpr std::size_t max_run_id = 64;
/// Keys that are remembered as too large; beyond these each is merely asked for its size again.
constexpr std::size_t max_large = 10000;

/// Value of a line "name:value" of INFO; "" without one.
std::string_view field(std::string_view info, std::string_view name) {
  for (std::size_t from = 0; from < info.size();) {
    const auto end = std::min(info.find("\r\n", from), info.size());
    const auto line = info.substr(from, end - from);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) {
      return line.substr(name.size() + 1);
    }
    from = end + 2;
  }
  return {};
}

/// Cache over one database. Any thread: the pool takes care of itself, `mutex_` guards only what
/// is known of large texts.
class RedisStore final : public CacheStore {
 public:
  RedisStore(Settings settings, std::shared_ptr<const tcp::TlsContext> tls)
      : pool_(std::move(settings), std::move(tls)) {}

  std::string name() const override {
    const auto& address = pool_.settings().address;
    return fmt::format("Redis at {}, database {}", address.shown(), address.database);
  }

  Result<Revision> revision(SteadyTime deadline) override;
  Result<std::vector<std::string>> members(const std::string& set, SteadyTime deadline) override;
  Result<std::vector<std::optional<std::string>>> texts(const std::vector<std::string>& keys,
                                                        SteadyTime deadline) override;
  Result<void> set_text(const std::string& key, const std::string& text,
                        SteadyTime deadline) override {
    return carry_out({"SET", key, text}, deadline);
  }
  Result<void> claim(const std::string& key, const std::string& text,
                     SteadyTime deadline) override {
    return carry_out({"SET", key, text, "NX"}, deadline);
  }
  Result<void> remove_text(const std::string& key, SteadyTime deadline) override {
    return carry_out({"DEL", key}, deadline);
  }
  Result<void> add_member(const std::string& set, const std::string& member,
                          SteadyTime deadline) override {
    return carry_out({"SADD", set, member}, deadline);
  }
  Result<void> remove_member(const std::string& set, const std::string& member,
                             SteadyTime deadline) override {
    return carry_out({"SREM", set, member}, deadline);
  }
  std::uint64_t refused() const override {
    const MutexLock lock(mutex_);
    return refused_;
  }
  void cancel() noexcept override { pool_.shut_down(); }

 private:
  using Texts = std::vector<std::optional<std::string>>;

  Result<void> carry_out(const Command& command, SteadyTime deadline) {
    auto reply = pool_.ask(command, deadline);
    if (!reply) return pass(reply);
    return done(*reply);
  }
  Result<std::string> info(std::string_view section, SteadyTime deadline);
  Result<Texts> texts_at_once(const std::vector<std::string_view>& keys, SteadyTime deadline);
  Result<std::optional<std::string>> text(std::string_view key, SteadyTime deadline);
  [[nodiscard]] bool was_large(const std::string& key) const {
    const MutexLock lock(mutex_);
    return large_.contains(key);
  }
  void note_size(std::string_view key, bool large);

  Pool pool_;
  mutable Mutex mutex_;
  /// Texts that are asked for their size first.
  std::set<std::string, std::less<>> large_ GUARDED_BY(mutex_);
  std::uint64_t refused_ GUARDED_BY(mutex_) = 0;
};

/// Section of INFO; empty for a user who may not ask: a cache works without, it is only read more
/// often.
Result<std::string> RedisStore::info(std::string_view section, SteadyTime deadline) {
  auto reply = pool_.ask({"INFO", section}, deadline);
  if (!reply && reply.error().code == ErrorCode::denied) return std::string();
  if (!reply) return pass(reply);
  return reply->kind == Reply::Kind::text ? std::move(reply->text) : std::string();
}

// Revision of the database: the server counts the changes since it last saved, of all databases. A
// save resets the count, so that the time of the last one is part of it, and a restart the id of
// the run.
Result<CacheStore::Revision> RedisStore::revision(SteadyTime deadline) {
  auto server = info("server", deadline);
  if (!server) return pass(server);
  // Two questions and not INFO of everything, which is thousands of lines on a large server.
  auto saved = info("persistence", deadline);
  if (!saved) return pass(saved);
  const auto run = field(*server, "run_id").substr(0, max_run_id);
  const auto changes = field(*saved, "rdb_changes_since_last_save");
  const auto time = field(*saved, "rdb_last_save_time");
  if (run.empty() || changes.empty() || time.empty()) return Revision{std::string(run), {}};
  return Revision{std::string(run), fmt::format("{} {} {}", run, time, changes)};
}

Result<std::vector<std::string>> RedisStore::members(const std::string& set, SteadyTime deadline) {
  // Count first: the server sends a set whole, and one of millions would cost its time and ours
  // before the bound refused it. It may grow in between; ReplyBounds hold then.
  auto count = pool_.ask({"SCARD", set}, deadline);
  if (!count) return pass(count);
  auto number = to_integer(*count);
  if (!number) return pass(number);
  if (*number > max_members) {
    return fail(ErrorCode::limit, fmt::format("{} members, more than {}", *number, max_members));
  }
  auto all = pool_.ask({"SMEMBERS", set}, deadline);
  if (!all) return pass(all);
  if (all->kind != Reply::Kind::list) return unexpected_answer(*all);
  std::vector<std::string> members;
  for (auto& each : all->elements) members.push_back(std::move(each.text));
  return members;
}

void RedisStore::note_size(std::string_view key, bool large) {
  const MutexLock lock(mutex_);
  // Refusals count once for each key, not for each reading: a peer sees a number of bad entries,
  // not of polls.
  if (!large) {
    large_.erase(std::string(key));
  } else if (large_.size() < max_large && large_.emplace(key).second) {
    ++refused_;
  }
}

Result<std::optional<std::string>> RedisStore::text(std::string_view key, SteadyTime deadline) {
  auto length = pool_.ask({"STRLEN", key}, deadline);
  if (!length) return pass(length);
  const auto bytes = to_integer(*length);  // an error answer: it is no text
  const bool large = bytes && *bytes > max_text_bytes;
  note_size(key, large);
  if (!bytes || large) return std::nullopt;
  auto reply = pool_.ask({"GET", key}, deadline);
  if (!reply) return pass(reply);
  if (reply->kind != Reply::Kind::text) return std::nullopt;
  return std::move(reply->text);
}

// Texts are asked for together, except those that were too large once; when all are too much for
// one answer, each alone. One MGET is one turn, which is what a lattice of thousands of entries
// needs on each change.
Result<std::vector<std::optional<std::string>>> RedisStore::texts(
    const std::vector<std::string>& keys, SteadyTime deadline) {
  Texts all(keys.size());
  std::vector<std::string_view> together;
  for (const auto& key : keys) {
    if (!was_large(key)) together.emplace_back(key);
  }
  auto read = texts_at_once(together, deadline);
  const bool too_much = !read && read.error().code == ErrorCode::limit;
  if (!read && !too_much) return read;
  // Both lists are walked at once: `together` has the keys in their order, some left out.
  std::size_t next = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    // Comparison by content: a key that is named twice is in both lists twice.
    const bool asked = next < together.size() && together[next] == keys[i];
    auto one = asked && !too_much ? Result<std::optional<std::string>>(std::move(read->at(next)))
                                  : text(keys[i], deadline);
    if (asked) ++next;
    if (!one) return pass(one);
    if (*one && (*one)->size() > to_size(max_text_bytes)) {
      note_size(keys[i], true);
      one->reset();
    }
    all[i] = std::move(*one);
  }
  return all;
}

Result<std::vector<std::optional<std::string>>> RedisStore::texts_at_once(
    const std::vector<std::string_view>& keys, SteadyTime deadline) {
  if (keys.empty()) return Texts();
  Command command{"MGET"};
  command.insert(command.end(), keys.begin(), keys.end());
  auto reply = pool_.ask(command, deadline);
  if (!reply) return pass(reply);
  if (reply->kind != Reply::Kind::list || reply->elements.size() != keys.size()) {
    return unexpected_answer(*reply);
  }
  Texts all;
  for (auto& each : reply->elements) {
    // Nil for a key of another type too: MGET does not tell them from missing ones, and neither is
    // an entry.
    const bool text = each.kind == Reply::Kind::text;
    all.push_back(text ? std::optional(std::move(each.text)) : std::nullopt);
  }
  return all;
}

}  // namespace

Result<std::unique_ptr<CacheStore>> make_cache_store(const RedisCacheOptions& options) {
  // Pause is checked here, beside the URL, although the store itself never polls.
  if (options.poll <= std::chrono::milliseconds(0)) {
    return fail(ErrorCode::invalid_argument,
                "the lattice cache in Redis is to be looked at without any pause",
                "set RedisCacheOptions::poll");
  }
  auto address = parse_address(options.url);
  if (!address) return pass(address);
  Settings settings;
  settings.address = std::move(*address);
  settings.use = DescriptorUse::host;  // the lattice's, which clients must not keep out
  std::shared_ptr<const tcp::TlsContext> tls;
  if (settings.address.tls) {
    auto made = tcp::TlsContext::make({});
    if (!made) return pass(made);
    tls = std::move(*made);
  }
  return std::make_unique<RedisStore>(std::move(settings), std::move(tls));
}

}  // namespace trellis::providers::redis
