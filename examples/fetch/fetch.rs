//! Asks another server and tells what it said: GET /?http://example.com/
use trellis_actor::{http, httpclient::Client, register, typed, Result};

fn handle(request: http::Request) -> Result<http::Response> {
    if request.query_string.is_empty() {
        return Ok(http::Response::new(400, "Bad Request", "ask with /?URL\n"));
    }
    Ok(match Client::new().get(&request.query_string) {
        Ok(answer) => {
            let size = answer.body.len();
            http::text(&format!("{} {}, {size} bytes\n", answer.status_code, answer.status))
        }
        Err(error) => http::Response::new(502, "Bad Gateway", format!("{error}\n")),
    })
}

register! { "HandleRequest" => typed(handle) }
