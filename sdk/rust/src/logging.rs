//! wasmcloud:logging (contracts.md 3.5).

use crate::{encode, host_call, Result};

pub const CONTRACT: &str = "wasmcloud:logging";

message! {
    pub struct WriteLogArgs {
        pub target: String = "target",
        pub level: String = "level",
        pub text: String = "text",
    }
}

/// `level` is one of error, warn, info, debug, trace.
pub fn write(level: &str, text: &str) -> Result<()> {
    let args = WriteLogArgs { target: String::new(), level: level.to_owned(), text: text.to_owned() };
    host_call(CONTRACT, "WriteLog", &encode(&args)).map(drop)
}
