//! Shows what the extras provider makes: a GUID, a random number below 100, a sequence number.
use trellis_actor::{extras, http, register, typed, Result};

fn handle(_: http::Request) -> Result<http::Response> {
    let (guid, random, sequence) = (extras::guid()?, extras::random(0, 100)?, extras::sequence()?);
    Ok(http::json(format!("{{\"guid\":\"{guid}\",\"random\":{random},\"sequence\":{sequence}}}")))
}

register! { "HandleRequest" => typed(handle) }
