//! wasmcloud:messaging, from the actor's side (contracts.md 3.4).
//!
//! What a subscription of the link brings arrives as `"HandleMessage" => typed(handle)`, where
//! handle is `fn(messaging::Message) -> Result<()>`.

use crate::Result;

pub const CONTRACT: &str = "wasmcloud:messaging";

message! {
    /// What is published, what `"HandleMessage"` gets, and what answers a request.
    pub struct Message {
        pub subject: String = "subject",
        /// Empty: no answer is wanted.
        pub reply_to: String = "replyTo",
        pub body: Vec<u8> = "body",
    }
}

message! {
    pub struct PublishResponse { pub published: bool = "published" }
}

message! {
    pub struct RequestArgs {
        pub subject: String = "subject",
        pub body: Vec<u8> = "body",
        /// Milliseconds.
        pub timeout: i64 = "timeout",
    }
}

linked! {
    /// A message broker the actor is linked to.
    pub struct Broker
}

impl Broker<'_> {
    /// Sends a message that wants no answer. Whether the provider could send it.
    pub fn publish(&self, subject: &str, body: impl Into<Vec<u8>>) -> Result<bool> {
        self.send(&Message { subject: subject.to_owned(), reply_to: String::new(), body: body.into() })
    }

    /// Sends a message as it is, with its reply subject. Whether the provider could send it.
    pub fn send(&self, message: &Message) -> Result<bool> {
        let answer: PublishResponse = self.ask("Publish", message)?;
        Ok(answer.published)
    }

    /// The first answer of whoever listens there, within so many milliseconds.
    pub fn request(&self, subject: &str, body: impl Into<Vec<u8>>, timeout: i64) -> Result<Message> {
        self.ask("Request", &RequestArgs { subject: subject.to_owned(), body: body.into(), timeout })
    }
}
