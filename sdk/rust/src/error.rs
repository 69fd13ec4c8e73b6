//! Why something failed, for people.

use std::fmt;

/// A text that goes to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(pub String);

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Bytes that are not the message they should be (contracts.md 2.1).
    pub(crate) fn malformed(what: impl fmt::Display) -> Error {
        Error(format!("Failed to de-serialize: {what}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<&str> for Error {
    fn from(text: &str) -> Error {
        Error(text.to_owned())
    }
}

impl From<String> for Error {
    fn from(text: String) -> Error {
        Error(text)
    }
}
