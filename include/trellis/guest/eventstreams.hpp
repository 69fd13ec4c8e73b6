// wasmcloud:eventstreams, from the actor's side (contracts.md 3.7).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trellis/guest/message.hpp"

namespace trellis::guest::eventstreams {

inline constexpr std::string_view contract = "wasmcloud:eventstreams";

struct WriteEventArgs {
  std::string stream_id;
  StringMap values;

  static constexpr auto fields() {
    return std::make_tuple(field("streamId", &WriteEventArgs::stream_id),
                           field("values", &WriteEventArgs::values));
  }
};

struct EventAck {
  std::optional<std::string> event_id;
  std::optional<std::string> error;

  static constexpr auto fields() {
    return std::make_tuple(field("eventId", &EventAck::event_id), field("error", &EventAck::error));
  }
};

/// Milliseconds since 1970, both inclusive.
struct TimeRange {
  std::uint64_t min_time = 0;
  std::uint64_t max_time = 0;

  static constexpr auto fields() {
    return std::make_tuple(field("minTime", &TimeRange::min_time),
                           field("maxTime", &TimeRange::max_time));
  }
};

struct StreamQuery {
  std::string stream_id;
  std::optional<TimeRange> range;
  std::uint64_t count = 0;  ///< at most; 0: all

  static constexpr auto fields() {
    return std::make_tuple(field("streamId", &StreamQuery::stream_id),
                           field("range", &StreamQuery::range),
                           field("count", &StreamQuery::count));
  }
};

struct Event {
  std::string event_id;
  std::string stream_id;
  StringMap values;

  static constexpr auto fields() {
    return std::make_tuple(field("eventId", &Event::event_id), field("streamId", &Event::stream_id),
                           field("values", &Event::values));
  }
};

struct EventList {
  std::vector<Event> events;

  static constexpr auto fields() { return std::make_tuple(field("events", &EventList::events)); }
};

/// The id of the new event.
inline Result<std::string> write(std::string stream, StringMap values,
                                 std::string_view link = "default") {
  auto ack = guest::request<EventAck>(contract, "WriteEvent",
                                      WriteEventArgs{std::move(stream), std::move(values)}, link);
  if (!ack) return ack.error();
  if (ack->error) return Error{*ack->error};
  return ack->event_id.value_or("");
}

inline Result<std::vector<Event>> query(StreamQuery wanted, std::string_view link = "default") {
  auto list = guest::request<EventList>(contract, "QueryStream", wanted, link);
  if (!list) return list.error();
  return std::move(list->events);
}

/// What a subscription of the link brings: handler is `Result<EventAck>(const Event&)`; an error in
/// the acknowledgement means that the event was not taken.
struct DeliverEvent {
  static constexpr const char* name = "DeliverEvent";
  using In = Event;
  using Out = EventAck;
};

}  // namespace trellis::guest::eventstreams
