//! Adds 42. Called by other actors through its alias wasmcloud/examples/ponger.
use trellis_actor::{message, register, typed, Result};

message! { struct Ping { value: i64 = "value" } }

fn ping(ping: Ping) -> Result<Ping> {
    Ok(Ping { value: ping.value + 42 })
}

register! { "Ping" => typed(ping) }
