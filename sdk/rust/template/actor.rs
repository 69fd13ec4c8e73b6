//! Your actor: greets, and counts how often.
use trellis_actor::{console_log, http, keyvalue::Store, register, typed, Result};

fn handle(request: http::Request) -> Result<http::Response> {
    let name = match request.path.trim_start_matches('/') {
        "" => "world",
        name => name,
    };
    let visits = Store::new().add(&format!("visits:{name}"), 1)?; // `?` passes the error on
    console_log(&format!("{name} was here"));
    Ok(http::text(&format!("Hello, {name}! Visit {visits}.\n")))
}

register! { "HandleRequest" => typed(handle) }
