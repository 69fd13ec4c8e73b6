//! wasmcloud:logging (contracts.md 3.5).

use crate::{encode, host_call_at, Result, DEFAULT_LINK};

pub const CONTRACT: &str = "wasmcloud:logging";

message! {
    pub struct WriteLogArgs {
        pub target: String = "target",
        pub level: String = "level",
        pub text: String = "text",
    }
}

/// Writes to the default link; `level` is one of error, warn, info, debug, trace.
pub fn write(level: &str, text: &str) -> Result<()> {
    write_at(DEFAULT_LINK, "", level, text)
}

/// The same through a link with a name of its own, and with a target, which may be empty.
pub fn write_at(link: &str, target: &str, level: &str, text: &str) -> Result<()> {
    let args =
        WriteLogArgs { target: target.to_owned(), level: level.to_owned(), text: text.to_owned() };
    // The answer has no content, so there is nothing to read.
    host_call_at(link, CONTRACT, "WriteLog", &encode(&args)).map(drop)
}
