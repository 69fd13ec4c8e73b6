//! Counts the visits of each path in a key-value store and answers {"counter":N}.
use trellis_actor::{http, keyvalue::Store, register, typed, Result};

fn handle(request: http::Request) -> Result<http::Response> {
    let counter = Store::new().add(&request.path.replace('/', ":"), 1)?;
    Ok(http::json(format!("{{\"counter\":{counter}}}")))
}

register! { "HandleRequest" => typed(handle) }
