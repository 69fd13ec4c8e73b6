//! Says what was said, over telnet.
use trellis_actor::telnet::{Outcome, Session, Terminals, Text};
use trellis_actor::{register, typed, Result};

fn greet(session: Session) -> Result<Outcome> {
    Terminals::new().send(&session.session, "Polly is here.\r\n> ")?;
    Ok(Outcome::success())
}

fn repeat(line: Text) -> Result<Outcome> {
    Terminals::new().send(&line.session, &format!("\r\n{0}! {0}!\r\n> ", line.text))?;
    Ok(Outcome::success())
}

register! { "SessionStarted" => typed(greet), "ReceiveText" => typed(repeat) }
