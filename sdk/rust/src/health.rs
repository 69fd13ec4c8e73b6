//! The question the host asks every actor (contracts.md 2.3).

pub const OPERATION: &str = "HealthRequest";

/// A `HealthResponse` that is well and has nothing to say.
pub const HEALTHY: &[u8; 19] = b"\x82\xa7healthy\xc3\xa7message\xa0";

message! {
    pub struct HealthRequest {
        pub placeholder: bool = "placeholder",
    }
}

message! {
    /// For actors that judge their health themselves: register a handler of `"HealthRequest"`.
    pub struct HealthResponse {
        pub healthy: bool = "healthy",
        pub message: String = "message",
    }
}
