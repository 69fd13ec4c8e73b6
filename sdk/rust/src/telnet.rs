//! wasmcloud:telnet, from the actor's side (contracts.md 3.9).
//!
//! `"SessionStarted" => typed(started)` says that somebody has come, `"ReceiveText" => typed(line)`
//! that a line was typed: `fn(telnet::Session) -> Result<telnet::Outcome>` and
//! `fn(telnet::Text) -> Result<telnet::Outcome>`, both of which answer `Outcome::success()`.

use crate::Result;

pub const CONTRACT: &str = "wasmcloud:telnet";

message! {
    /// What `"ReceiveText"` gets, and what is sent.
    pub struct Text { pub session: String = "session", pub text: String = "text" }
}

message! {
    /// What `"SessionStarted"` gets.
    pub struct Session { pub session: String = "session" }
}

message! {
    /// The answer to all three operations.
    pub struct Outcome { pub success: bool = "success", pub error: Option<String> = "error" }
}

impl Outcome {
    pub fn success() -> Outcome {
        Outcome { success: true, error: None }
    }
}

linked! {
    /// The terminals of a link.
    pub struct Terminals
}

impl Terminals<'_> {
    /// Sends text to a session; lines end with "\r\n".
    pub fn send(&self, session: &str, text: &str) -> Result<()> {
        let text = Text { session: session.to_owned(), text: text.to_owned() };
        let outcome: Outcome = self.ask("SendText", &text)?;
        if outcome.success {
            return Ok(());
        }
        Err(outcome.error.unwrap_or_else(|| "not sent".to_owned()).into())
    }
}
