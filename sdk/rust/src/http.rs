//! wasmcloud:httpserver, from the actor's side (contracts.md 3.1).

use std::collections::BTreeMap;

message! {
    /// What `"HandleRequest"` gets.
    pub struct Request {
        /// Upper case, as received.
        pub method: String = "method",
        /// Still percent-encoded, without the query.
        pub path: String = "path",
        /// Without '?', empty if none.
        pub query_string: String = "queryString",
        /// Names in lower case.
        pub header: BTreeMap<String, String> = "header",
        pub body: Vec<u8> = "body",
    }
}

message! {
    /// What `"HandleRequest"` answers.
    pub struct Response {
        pub status_code: u32 = "statusCode",
        /// For people; not sent to the client.
        pub status: String = "status",
        pub header: BTreeMap<String, String> = "header",
        pub body: Vec<u8> = "body",
    }
}

impl Response {
    pub fn new(status_code: u32, status: &str, body: impl Into<Vec<u8>>) -> Response {
        Response { status_code, status: status.to_owned(), header: BTreeMap::new(), body: body.into() }
    }

    /// The response with one more header.
    pub fn with_header(mut self, name: &str, value: &str) -> Response {
        self.header.insert(name.to_owned(), value.to_owned());
        self
    }
}

/// 200 with text that is JSON already.
pub fn json(body: impl Into<Vec<u8>>) -> Response {
    Response::new(200, "OK", body).with_header("content-type", "application/json")
}

/// 200 with plain text.
pub fn text(body: &str) -> Response {
    Response::new(200, "OK", body).with_header("content-type", "text/plain; charset=utf-8")
}
