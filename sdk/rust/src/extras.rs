//! wasmcloud:extras: random numbers, sequences and GUIDs (contracts.md 3.10, shape A).

use crate::Result;

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

linked! {
    /// A source of random numbers, sequences and GUIDs the actor is linked to.
    pub struct Generator
}

impl Generator<'_> {
    pub fn guid(&self) -> Result<String> {
        let wanted = GeneratorRequest { guid: true, ..Default::default() };
        let made: GeneratorResult = self.ask("RequestGuid", &wanted)?;
        made.guid.ok_or_else(|| "the provider made no GUID".into())
    }

    /// `min` inclusive, `max` exclusive.
    pub fn random(&self, min: u32, max: u32) -> Result<u32> {
        let wanted = GeneratorRequest { random: true, min, max, ..Default::default() };
        let made: GeneratorResult = self.ask("RequestRandom", &wanted)?;
        Ok(made.random_number)
    }

    /// 0, 1, 2, … per actor.
    pub fn sequence(&self) -> Result<u64> {
        let wanted = GeneratorRequest { sequence: true, ..Default::default() };
        let made: GeneratorResult = self.ask("RequestSequence", &wanted)?;
        Ok(made.sequence_number)
    }
}

/// A GUID from the default link.
pub fn guid() -> Result<String> {
    Generator::new().guid()
}

/// A random number from the default link: `min` inclusive, `max` exclusive.
pub fn random(min: u32, max: u32) -> Result<u32> {
    Generator::new().random(min, max)
}

/// 0, 1, 2, … per actor, from the default link.
pub fn sequence() -> Result<u64> {
    Generator::new().sequence()
}
