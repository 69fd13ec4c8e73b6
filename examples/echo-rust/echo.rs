//! Answers every HTTP request with a JSON description of it; the operation Echo gives its payload
//! back untouched.
use trellis_actor::{http, raw, register, typed, Result};

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\0'..='\x1f' => out += &format!("\\u{:04x}", c as u32),
            _ => out.push(c),
        }
    }
    out + "\""
}

fn joined(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(",")
}

fn describe(request: http::Request) -> Result<http::Response> {
    let headers = joined(request.header.iter().map(|(name, value)| quoted(name) + ":" + &quoted(value)));
    let body = joined(request.body.iter().map(u8::to_string));
    let json = format!(
        "{{\"method\":{},\"path\":{},\"query_string\":{},\"headers\":{{{headers}}},\"body\":[{body}]}}",
        quoted(&request.method), quoted(&request.path), quoted(&request.query_string),
    );
    Ok(http::Response::new(200, "OK", json))
}

fn echo(payload: &[u8]) -> Result<Vec<u8>> {
    Ok(payload.to_vec())
}

register! { "HandleRequest" => typed(describe), "Echo" => raw(echo) }
