// A journal: POST / writes the body as an event, GET / lists what was written. Events that the
// link subscribes to are written to the host's log.
#include <trellis/actor.hpp>

using namespace trellis::guest;

static const char* const stream = "journal";

static Result<http::Response> handle(const http::Request& request) {
  if (request.method == "POST") {
    auto id = eventstreams::write(stream, {{"text", request.body.data}});
    if (!id) return id.error();
    return http::text(*id + "\n");
  }
  auto events = eventstreams::query({stream, {}, 100});
  if (!events) return events.error();
  std::string text;
  for (const auto& event : *events) {
    const auto found = event.values.find("text");
    if (found != event.values.end()) text += event.event_id + " " + found->second + "\n";
  }
  return http::text(text);
}

static Result<eventstreams::EventAck> deliver(const eventstreams::Event& event) {
  const auto found = event.values.find("text");
  console_log("event " + event.event_id + ": " +
              (found == event.values.end() ? "" : found->second));
  return eventstreams::EventAck{event.event_id, {}};
}

TRELLIS_ACTOR(on<http::HandleRequest, handle>(), on<eventstreams::DeliverEvent, deliver>());
