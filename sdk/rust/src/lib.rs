//! Write an actor in Rust, without crates: handle operations, name them in `register!`.
//!
//! ```ignore
//! use trellis_actor::{http, keyvalue::Store, register, typed, Result};
//!
//! fn handle(request: http::Request) -> Result<http::Response> {
//!     let counter = Store::new().add(&request.path, 1)?;
//!     Ok(http::json(format!("{{\"counter\":{counter}}}")))
//! }
//!
//! register! { "HandleRequest" => typed(handle) }
//! ```
//!
//! Needs rustc 1.63 and its target wasm32-unknown-unknown, nothing else (docs/actors.md). An actor
//! has no threads, no WASI, and keeps no state between calls. Compiled for the machine itself, for
//! unit tests, host calls go to the function given to `testing::answer_calls`.

#[macro_use]
mod message;
#[macro_use]
mod link;
mod abi;
pub mod blobstore;
mod dispatch;
pub mod error;
pub mod eventstreams;
pub mod extras;
pub mod health;
pub mod http;
pub mod httpclient;
pub mod keyvalue;
pub mod logging;
pub mod messaging;
pub mod msgpack;
pub mod telnet;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use abi::{console_log, host_call, host_call_at};
#[cfg(target_arch = "wasm32")]
pub use dispatch::guest_call;
pub use dispatch::{initialise, raw, request, request_at, typed};
pub use error::{Error, Result};
#[doc(hidden)]
pub use message::{present, read_once};
pub use message::{decode, encode, Field, Message};

/// The link name that is meant when none is given.
pub const DEFAULT_LINK: &str = "default";
