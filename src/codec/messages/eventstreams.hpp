// wasmcloud:eventstreams, contracts.md 3.7.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/message.hpp"

namespace trellis::codec::eventstreams {

inline constexpr std::string_view contract_id = "wasmcloud:eventstreams";

namespace operation {
inline constexpr std::string_view write_event = "WriteEvent";      ///< actor to provider
inline constexpr std::string_view query_stream = "QueryStream";    ///< actor to provider
inline constexpr std::string_view deliver_event = "DeliverEvent";  ///< provider to actor
}  // namespace operation

struct WriteEventArgs {
  std::string stream_id;
  StringMap values;

  static constexpr auto describe() {
    return describe_struct("WriteEventArgs", field("streamId", &WriteEventArgs::stream_id),
                           field("values", &WriteEventArgs::values));
  }
};

/// The answer to WriteEvent and DeliverEvent.
struct EventAck {
  std::optional<std::string> event_id;
  std::optional<std::string> error;

  static constexpr auto describe() {
    return describe_struct("EventAck", field("eventId", &EventAck::event_id),
                           field("error", &EventAck::error));
  }
};

/// Milliseconds since 1970, both inclusive.
struct TimeRange {
  std::uint64_t min_time = 0;
  std::uint64_t max_time = 0;

  static constexpr auto describe() {
    return describe_struct("TimeRange", field("minTime", &TimeRange::min_time),
                           field("maxTime", &TimeRange::max_time));
  }
};

struct StreamQuery {
  std::string stream_id;
  std::optional<TimeRange> range;
  std::uint64_t count = 0;  ///< at most; 0: all

  static constexpr auto describe() {
    return describe_struct("StreamQuery", field("streamId", &StreamQuery::stream_id),
                           field("range", &StreamQuery::range),
                           field("count", &StreamQuery::count));
  }
};

struct Event {
  std::string event_id;
  std::string stream_id;
  StringMap values;

  static constexpr auto describe() {
    return describe_struct("Event", field("eventId", &Event::event_id),
                           field("streamId", &Event::stream_id), field("values", &Event::values));
  }
};

struct EventList {
  std::vector<Event> events;

  static constexpr auto describe() {
    return describe_struct("EventList", field("events", &EventList::events));
  }
};

}  // namespace trellis::codec::eventstreams
