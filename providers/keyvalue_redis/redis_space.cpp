#include "providers/keyvalue_redis/redis_space.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "providers/redis/values.hpp"

namespace trellis::providers::keyvalue_redis {

namespace {

using redis::Command;
using redis::Reply;

constexpr std::string_view single_value = "a single value";
constexpr std::string_view a_list = "a list";
constexpr std::string_view a_set = "a set";
constexpr std::string_view a_number = "a number";

/// Type of a key in our words; `type` is the answer to TYPE.
[[nodiscard]] std::string type_name(std::string_view type) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> names = {
      {{"string", "a string"},
       {"list", a_list},
       {"set", a_set},
       {"zset", "a sorted set"},
       {"hash", "a hash"},
       {"stream", "a stream"}}};
  for (const auto& [theirs, ours] : names) {
    if (theirs == type) return std::string(ours);
  }
  return "something else";
}

// Errors are known by the beginning of their texts, which Redis and its successors have kept for
// ten years. One that is not recognised is passed on as it is.
[[nodiscard]] bool is_wrong_type(std::string_view error) {
  return error.starts_with("WRONGTYPE");
}
/// INCRBY of a string that is no number.
[[nodiscard]] bool is_no_number(std::string_view error) {
  return error.starts_with("ERR value is not an integer");
}
[[nodiscard]] bool is_overflow(std::string_view error) {
  return error.starts_with("ERR increment or decrement would overflow");
}

/// The value of an answer, converted, or the error of what should have given it.
template <class Convert>
[[nodiscard]] auto converted(Result<Reply> reply, Convert convert)
    -> decltype(convert(std::move(*reply))) {
  if (!reply) return pass(reply);
  return convert(std::move(*reply));
}

}  // namespace

Result<Reply> RedisSpace::ask(std::string_view name, const std::string& key,
                              const Command& arguments, std::string_view needed) {
  const std::string full_key = full(key);
  Command command = {name, full_key};
  command.insert(command.end(), arguments.begin(), arguments.end());
  auto reply = send(command);
  if (reply && reply->kind == Reply::Kind::error && is_wrong_type(reply->text)) {
    return explain(*reply, {key}, needed);
  }
  return reply;
}

std::unexpected<Error> RedisSpace::explain(const Reply& refusal, const Keys& keys,
                                           std::string_view needed) {
  // TYPE is asked only after a refusal: it costs a turn, and an actor that uses its keys rightly
  // never pays it.
  for (const std::string& key : keys) {
    const auto type = send({"TYPE", full(key)});
    if (!type || type->kind != Reply::Kind::status) break;
    const std::string held = type_name(type->text);
    const bool fits = held == needed || type->text == "none" ||
                      (needed == single_value && type->text == "string");
    if (!fits) return keyvalue::wrong_type(key, held, needed);
  }
  return redis::server_error(refusal.text);  // somebody else changed it meanwhile
}

Result<std::vector<std::string>> RedisSpace::combine(std::string_view name, const Keys& keys) {
  // Redis refuses these commands without a key; the contract has an empty list for it.
  if (keys.empty()) return std::vector<std::string>{};
  Keys full_keys;
  full_keys.reserve(keys.size());
  for (const std::string& key : keys) full_keys.push_back(full(key));
  Command command = {name};
  command.insert(command.end(), full_keys.begin(), full_keys.end());
  auto reply = send(command);
  if (reply && reply->kind == Reply::Kind::error && is_wrong_type(reply->text)) {
    return explain(*reply, keys, a_set);
  }
  return converted(std::move(reply), redis::to_texts);
}

Result<std::optional<std::string>> RedisSpace::get(const std::string& key) {
  return converted(ask("GET", key, {}, single_value), redis::to_text);
}

Result<bool> RedisSpace::exists(const std::string& key) {
  return converted(ask("EXISTS", key, {}, {}), redis::to_flag);
}

Result<void> RedisSpace::set(const std::string& key, const std::string& value,
                             std::int32_t expires) {
  if (auto fits = keyvalue::check_sizes(key, value, link_.value_bytes); !fits) return fits;
  const std::string seconds = std::to_string(expires);
  const Command arguments = expires > 0 ? Command{value, "EX", seconds} : Command{value};
  return converted(ask("SET", key, arguments, {}), redis::done);
}

Result<std::int32_t> RedisSpace::add(const std::string& key, std::int32_t value) {
  if (auto fits = keyvalue::check_sizes(key, {}, link_.value_bytes); !fits) return pass(fits);
  const std::string amount = std::to_string(value);
  // INCRBY is what first-party providers use, so that counters of both mix; it counts in 64 bits,
  // the contract in 32.
  auto reply = send({"INCRBY", full(key), amount});
  if (!reply) return pass(reply);
  if (reply->kind == Reply::Kind::error) {
    if (is_wrong_type(reply->text)) return explain(*reply, {key}, a_number);
    if (is_no_number(reply->text)) return keyvalue::wrong_type(key, "a string", a_number);
    if (is_overflow(reply->text)) return keyvalue::exceeds_32_bits("the value", value, key);
  }
  auto sum = redis::to_integer(*reply);
  if (!sum) return pass(sum);
  if (std::in_range<std::int32_t>(*sum)) return static_cast<std::int32_t>(*sum);
  // Sum beyond 32 bits is taken back; a script would do both at once, and needs rights that nothing
  // else here needs. Others can read it in between, and if this second command fails it stays.
  auto undone = send({"DECRBY", full(key), amount});
  if (!undone) return pass(undone);
  auto old = redis::to_integer(*undone);
  if (!old) return pass(old);
  return keyvalue::exceeds_32_bits(std::to_string(*old), value, key);
}

Result<void> RedisSpace::remove(const std::string& key) {
  return converted(ask("DEL", key, {}, {}), redis::done);
}

Result<std::size_t> RedisSpace::push(const std::string& key, const std::string& value) {
  if (auto fits = keyvalue::check_sizes(key, value, link_.value_bytes); !fits) return pass(fits);
  // Front of the list, as the first-party provider has it; its embedded cache appends (contracts.md
  // 3.3).
  return converted(ask("LPUSH", key, {value}, a_list), redis::to_count);
}

Result<std::vector<std::string>> RedisSpace::range(const std::string& key, std::int32_t start,
                                                   std::int32_t stop) {
  const std::string from = std::to_string(start);
  const std::string to = std::to_string(stop);
  return converted(ask("LRANGE", key, {from, to}, a_list), redis::to_texts);
}

Result<std::size_t> RedisSpace::remove_item(const std::string& key, const std::string& value) {
  // Count 0 removes all equal items, which is what the contract says.
  return converted(ask("LREM", key, {"0", value}, a_list), redis::to_count);
}

Result<bool> RedisSpace::set_add(const std::string& key, const std::string& value) {
  if (auto fits = keyvalue::check_sizes(key, value, link_.value_bytes); !fits) return pass(fits);
  return converted(ask("SADD", key, {value}, a_set), redis::to_flag);
}

Result<bool> RedisSpace::set_remove(const std::string& key, const std::string& value) {
  return converted(ask("SREM", key, {value}, a_set), redis::to_flag);
}

Result<std::vector<std::string>> RedisSpace::set_union(const std::vector<std::string>& keys) {
  return combine("SUNION", keys);
}

Result<std::vector<std::string>> RedisSpace::set_intersection(
    const std::vector<std::string>& keys) {
  return combine("SINTER", keys);
}

Result<std::vector<std::string>> RedisSpace::members(const std::string& key) {
  // SMEMBERS takes one key; combine() explains its refusals like those of the others.
  return combine("SMEMBERS", {key});
}

}  // namespace trellis::providers::keyvalue_redis
