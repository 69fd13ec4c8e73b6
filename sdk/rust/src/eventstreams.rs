//! wasmcloud:eventstreams, from the actor's side (contracts.md 3.7).
//!
//! What a subscription of the link brings arrives as `"DeliverEvent" => typed(handle)`, where handle
//! is `fn(eventstreams::Event) -> Result<eventstreams::EventAck>`; an error in the acknowledgement
//! means that the event was not taken.

use std::collections::BTreeMap;

use crate::Result;

pub const CONTRACT: &str = "wasmcloud:eventstreams";

message! {
    pub struct WriteEventArgs {
        pub stream_id: String = "streamId",
        pub values: BTreeMap<String, String> = "values",
    }
}

message! {
    pub struct EventAck { pub event_id: Option<String> = "eventId", pub error: Option<String> = "error" }
}

message! {
    /// Milliseconds since 1970, both inclusive.
    pub struct TimeRange { pub min_time: u64 = "minTime", pub max_time: u64 = "maxTime" }
}

message! {
    pub struct StreamQuery {
        pub stream_id: String = "streamId",
        pub range: Option<TimeRange> = "range",
        /// At most; 0: all.
        pub count: u64 = "count",
    }
}

message! {
    /// What `"DeliverEvent"` gets, and what a query finds.
    pub struct Event {
        pub event_id: String = "eventId",
        pub stream_id: String = "streamId",
        pub values: BTreeMap<String, String> = "values",
    }
}

message! {
    pub struct EventList { pub events: Vec<Event> = "events" }
}

linked! {
    /// The event streams of a link.
    pub struct Streams
}

impl Streams<'_> {
    /// The id of the new event.
    pub fn write(&self, stream: &str, values: &[(&str, &str)]) -> Result<String> {
        let values =
            values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let args = WriteEventArgs { stream_id: stream.to_owned(), values };
        let ack: EventAck = self.ask("WriteEvent", &args)?;
        match ack.error {
            Some(error) => Err(error.into()),
            None => Ok(ack.event_id.unwrap_or_default()),
        }
    }

    /// Events of a stream, oldest first: at most `count` (0: all), within a range of time if one is given.
    pub fn query(&self, stream: &str, range: Option<TimeRange>, count: u64) -> Result<Vec<Event>> {
        let wanted = StreamQuery { stream_id: stream.to_owned(), range, count };
        let found: EventList = self.ask("QueryStream", &wanted)?;
        Ok(found.events)
    }
}
