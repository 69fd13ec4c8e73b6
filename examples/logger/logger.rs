//! Writes the body of each request to the host's log, at the level named by the path (/warn).
use trellis_actor::{http, logging, register, typed, Result};

fn handle(request: http::Request) -> Result<http::Response> {
    let level = match request.path.trim_start_matches('/') {
        "" => "info",
        level => level,
    };
    Ok(match logging::write(level, &String::from_utf8_lossy(&request.body)) {
        Ok(()) => http::text("logged\n"),
        Err(error) => http::Response::new(400, "Bad Request", format!("{error}\n")),
    })
}

register! { "HandleRequest" => typed(handle) }
