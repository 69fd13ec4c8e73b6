//! wasmcloud:extras: random numbers, sequences and GUIDs (contracts.md 3.10, shape A).

use crate::{request, Result};

pub const CONTRACT: &str = "wasmcloud:extras";

message! {
    pub struct GeneratorRequest {
        pub guid: bool = "guid",
        pub sequence: bool = "sequence",
        pub random: bool = "random",
        pub min: u32 = "min",
        pub max: u32 = "max",
    }
}

message! {
    pub struct GeneratorResult {
        pub guid: Option<String> = "guid",
        pub sequence_number: u64 = "sequenceNumber",
        pub random_number: u32 = "random_number",
    }
}

pub fn guid() -> Result<String> {
    let wanted = GeneratorRequest { guid: true, ..Default::default() };
    let made: GeneratorResult = request(CONTRACT, "RequestGuid", &wanted)?;
    made.guid.ok_or_else(|| "the provider made no GUID".into())
}

/// `min` inclusive, `max` exclusive.
pub fn random(min: u32, max: u32) -> Result<u32> {
    let wanted = GeneratorRequest { random: true, min, max, ..Default::default() };
    let made: GeneratorResult = request(CONTRACT, "RequestRandom", &wanted)?;
    Ok(made.random_number)
}

/// 0, 1, 2, … per actor.
pub fn sequence() -> Result<u64> {
    let wanted = GeneratorRequest { sequence: true, ..Default::default() };
    let made: GeneratorResult = request(CONTRACT, "RequestSequence", &wanted)?;
    Ok(made.sequence_number)
}
