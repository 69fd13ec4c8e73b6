// A key space in Redis.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "providers/keyvalue/space.hpp"
#include "providers/redis/pool.hpp"

namespace trellis::providers::keyvalue_redis {

/// Link of one actor: where its operations go.
struct Link {
  std::shared_ptr<redis::Pool> pool;
  std::string prefix;  ///< before each key
  std::size_t value_bytes = 0;
};

/// The space as one call sees it. `deadline` is on std::chrono::steady_clock. Errors beside those
/// of Space: what redis::Pool and redis/values.hpp have.
class RedisSpace final : public keyvalue::Space {
 public:
  RedisSpace(const Link& link, SteadyTime deadline) noexcept : link_(link), deadline_(deadline) {}

  Result<std::optional<std::string>> get(const std::string& key) override;
  Result<bool> exists(const std::string& key) override;
  Result<void> set(const std::string& key, const std::string& value, std::int32_t expires) override;
  Result<std::int32_t> add(const std::string& key, std::int32_t value) override;
  Result<void> remove(const std::string& key) override;
  Result<std::size_t> push(const std::string& key, const std::string& value) override;
  Result<std::vector<std::string>> range(const std::string& key, std::int32_t start,
                                         std::int32_t stop) override;
  Result<std::size_t> remove_item(const std::string& key, const std::string& value) override;
  Result<bool> set_add(const std::string& key, const std::string& value) override;
  Result<bool> set_remove(const std::string& key, const std::string& value) override;
  Result<std::vector<std::string>> set_union(const std::vector<std::string>& keys) override;
  Result<std::vector<std::string>> set_intersection(const std::vector<std::string>& keys) override;
  Result<std::vector<std::string>> members(const std::string& key) override;

 private:
  using Keys = std::vector<std::string>;

  [[nodiscard]] std::string full(std::string_view key) const {
    return link_.prefix + std::string(key);
  }
  [[nodiscard]] Result<redis::Reply> send(const redis::Command& command) {
    return link_.pool->ask(command, deadline_);
  }
  /// The answer to `name key arguments…`; about keys of another type than `needed` in our words.
  [[nodiscard]] Result<redis::Reply> ask(std::string_view name, const std::string& key,
                                         const redis::Command& arguments, std::string_view needed);
  /// Answer of a command over several keys, in the same way.
  [[nodiscard]] Result<std::vector<std::string>> combine(std::string_view name, const Keys& keys);
  /// The error of a command that met another type: which key, and what it holds.
  [[nodiscard]] std::unexpected<Error> explain(const redis::Reply& refusal, const Keys& keys,
                                               std::string_view needed);

  const Link& link_;
  const SteadyTime deadline_;
};

}  // namespace trellis::providers::keyvalue_redis
