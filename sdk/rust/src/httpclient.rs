//! wasmcloud:httpclient, from the actor's side (contracts.md 3.2).

use std::collections::BTreeMap;

use crate::http::Response;
use crate::Result;

pub const CONTRACT: &str = "wasmcloud:httpclient";

message! {
    pub struct Request {
        /// Upper case.
        pub method: String = "method",
        pub url: String = "url",
        /// Plural here, singular in the response.
        pub headers: BTreeMap<String, String> = "headers",
        pub body: Vec<u8> = "body",
    }
}

impl Request {
    pub fn new(method: &str, url: &str, body: impl Into<Vec<u8>>) -> Request {
        Request { method: method.to_owned(), url: url.to_owned(), headers: BTreeMap::new(), body: body.into() }
    }

    /// The request with one more header.
    pub fn with_header(mut self, name: &str, value: &str) -> Request {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }
}

linked! {
    /// An HTTP client the actor is linked to.
    pub struct Client
}

impl Client<'_> {
    /// Any status is a success here; an error is a request without an answer.
    pub fn send(&self, request: &Request) -> Result<Response> {
        self.ask("Request", request)
    }

    pub fn get(&self, url: &str) -> Result<Response> {
        self.send(&Request::new("GET", url, []))
    }
}
