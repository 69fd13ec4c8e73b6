// A journal: POST / writes the body as an event, GET / lists what was written. Events that the link
// subscribes to are written to the host's log.
import { consoleLog, eventstreams, failed, http, Result } from "trellis-actor";
export { __guest_call } from "trellis-actor";

const stream = "journal";

function written(text: string): Result<http.Response> {
  const values = new Map<string, string>();
  values.set("text", text);
  const id = eventstreams.write(stream, values);
  if (!id.isOk) return failed<http.Response, string>(id);
  return Result.ok(http.text(id.get() + "\n"));
}

function textOf(event: eventstreams.Event): string {
  return event.values.has("text") ? event.values.get("text") : "";
}

function handle(request: http.Request): Result<http.Response> {
  if (request.method == "POST") return written(String.UTF8.decode(request.body));
  const found = eventstreams.query(stream, null, 100);
  if (!found.isOk) return failed<http.Response, eventstreams.Event[]>(found);
  const events = found.get();
  let lines = "";
  for (let i = 0; i < events.length; ++i) {
    if (events[i].values.has("text")) lines += events[i].eventId + " " + textOf(events[i]) + "\n";
  }
  return Result.ok(http.text(lines));
}

function deliver(event: eventstreams.Event): Result<eventstreams.EventAck> {
  consoleLog("event " + event.eventId + ": " + textOf(event));
  return eventstreams.taken(event);
}

export function wapc_init(): void {
  http.handle(handle);
  eventstreams.handle(deliver);
}
