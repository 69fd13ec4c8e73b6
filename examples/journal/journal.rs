//! A journal: POST / writes the body as an event, GET / lists what was written. Events that the link
//! subscribes to are written to the host's log.
use trellis_actor::eventstreams::{Event, EventAck, Streams};
use trellis_actor::{console_log, http, register, typed, Result};

const STREAM: &str = "journal";

fn handle(request: http::Request) -> Result<http::Response> {
    let streams = Streams::new();
    if request.method == "POST" {
        let text = String::from_utf8_lossy(&request.body);
        return Ok(http::text(&(streams.write(STREAM, &[("text", &text)])? + "\n")));
    }
    let mut lines = String::new();
    for event in streams.query(STREAM, None, 100)? {
        if let Some(text) = event.values.get("text") {
            lines += &format!("{} {text}\n", event.event_id);
        }
    }
    Ok(http::text(&lines))
}

fn deliver(event: Event) -> Result<EventAck> {
    let text = event.values.get("text").map_or("", String::as_str);
    console_log(&format!("event {}: {text}", event.event_id));
    Ok(EventAck { event_id: Some(event.event_id), error: None })
}

register! { "HandleRequest" => typed(handle), "DeliverEvent" => typed(deliver) }
