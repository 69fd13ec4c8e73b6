//! Answers each HTTP request with what another actor, named by its call alias, makes of 11.
use trellis_actor::{http, message, register, request, typed, Result};

message! { struct Ping { value: i64 = "value" } }

fn handle(_: http::Request) -> Result<http::Response> {
    let pong: Ping = request("wasmcloud/examples/ponger", "Ping", &Ping { value: 11 })?;
    Ok(http::json(format!("{{\"value\":{}}}", pong.value)))
}

register! { "HandleRequest" => typed(handle) }
