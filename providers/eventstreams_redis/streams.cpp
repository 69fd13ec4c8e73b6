#include "providers/eventstreams_redis/streams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/call_limits.hpp"
#include "base/text.hpp"
#include "providers/redis/values.hpp"

namespace trellis::providers::eventstreams_redis {

namespace {

using redis::Command;
using redis::Reply;

// Events asked for at once: few enough that one answer of large events stays below the bound of a
// reply.
constexpr std::uint64_t page = 256;
/// Bytes around an event and a value in the answer: heads of maps and names of fields.
constexpr std::size_t event_overhead = 64;
constexpr std::size_t value_overhead = 10;

[[nodiscard]] std::size_t bytes_of(const messages::Event& event) {
  std::size_t bytes = event_overhead + event.event_id.size() + event.stream_id.size();
  for (const auto& [name, value] : event.values) {
    bytes += value_overhead + name.size() + value.size();
  }
  return bytes;
}

[[nodiscard]] std::unexpected<Error> malformed() {
  return fail(ErrorCode::malformed, "Redis answers something that is no entry of a stream",
              "check that URL names a Redis server");
}

}  // namespace

Result<messages::Event> to_event(Reply&& entry, std::string_view stream) {
  // Shape is checked in full: the server, or a program that wrote the stream, is outside.
  const bool is_entry = entry.kind == Reply::Kind::list && entry.elements.size() == 2 &&
                        entry.elements[0].kind == Reply::Kind::text &&
                        entry.elements[1].kind == Reply::Kind::list &&
                        entry.elements[1].elements.size() % 2 == 0;
  if (!is_entry) return malformed();
  messages::Event event{std::move(entry.elements[0].text), std::string(stream), {}};
  auto& pairs = entry.elements[1].elements;
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    if (pairs[i].kind != Reply::Kind::text || pairs[i + 1].kind != Reply::Kind::text) {
      return malformed();
    }
    // A name twice is possible in Redis and not in the contract's map: the last one counts.
    event.values.insert_or_assign(replace_bad_utf8(pairs[i].text),
                                  replace_bad_utf8(pairs[i + 1].text));
  }
  return event;
}

Result<std::string> id_after(std::string_view id) {
  const auto dash = id.find('-');
  if (dash == id.npos) return malformed();
  std::uint64_t number = 0;
  const auto text = id.substr(dash + 1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  // The largest number wraps to 0 and asks again from the front of its millisecond; Redis makes no
  // such id by itself, and the bound on bytes ends it.
  if (error != std::errc() || end != text.data() + text.size()) return malformed();
  return fmt::format("{}-{}", id.substr(0, dash), number + 1);
}

Result<messages::EventAck> Streams::write(const messages::WriteEventArgs& args,
                                          SteadyTime deadline) const {
  const auto key = key_of(args.stream_id);
  const auto length = fmt::to_string(max_length_);
  Command command = {"XADD", key};
  // "~": about so many. Exact trimming costs Redis a rewrite of a node for each event.
  if (max_length_ > 0) command.insert(command.end(), {"MAXLEN", "~", length});
  command.emplace_back("*");
  for (const auto& [name, value] : args.values) {
    command.emplace_back(name);
    command.emplace_back(value);
  }
  // Told in our words: Redis would speak of the number of its arguments.
  if (args.values.empty()) return messages::EventAck{{}, "an event needs at least one value"};
  auto reply = pool_->ask(command, deadline);
  if (!reply) return pass(reply);
  if (reply->kind == Reply::Kind::error) {
    return messages::EventAck{{}, redis::server_error(reply->text).error().message};
  }
  auto id = redis::to_text(std::move(*reply));
  if (!id) return pass(id);
  if (!*id) return malformed();
  return messages::EventAck{std::move(*id), {}};
}

Result<messages::EventList> Streams::query(const messages::StreamQuery& query,
                                           SteadyTime deadline) const {
  const auto key = key_of(query.stream_id);
  // Times alone are ids: Redis completes a minimum with -0 and a maximum with the last of its
  // millisecond.
  std::string from = query.range ? fmt::to_string(query.range->min_time) : "-";
  const std::string to = query.range ? fmt::to_string(query.range->max_time) : "+";
  messages::EventList list;
  std::size_t bytes = 0;
  while (query.count == 0 || list.events.size() < query.count) {
    const auto wanted =
        query.count == 0 ? page : std::min<std::uint64_t>(page, query.count - list.events.size());
    auto reply = pool_->ask({"XRANGE", key, from, to, "COUNT", fmt::to_string(wanted)}, deadline);
    if (!reply) return pass(reply);
    if (reply->kind != Reply::Kind::list) return redis::unexpected_answer(*reply);
    const auto found = reply->elements.size();
    for (auto& entry : reply->elements) {
      auto event = to_event(std::move(entry), query.stream_id);
      if (!event) return pass(event);
      bytes += bytes_of(*event);
      list.events.push_back(std::move(*event));
    }
    // After each page, not at the end: memory is bounded by the answer and one page.
    if (bytes > limits::payload_bytes) {
      return fail(ErrorCode::limit, "the events fit no message",
                  "ask for a shorter range of time, or with a count");
    }
    if (found < wanted) break;
    // Next id by arithmetic, since the exclusive form of a range needs Redis 6.2.
    auto next = id_after(list.events.back().event_id);
    if (!next) return pass(next);
    from = std::move(*next);
  }
  return list;
}

}  // namespace trellis::providers::eventstreams_redis
