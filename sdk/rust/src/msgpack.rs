//! Just enough MessagePack for the contracts (contracts.md 2.1): exact writing, lenient reading.

use crate::{Error, Result};

/// Appends values in their shortest form.
#[derive(Default)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    pub fn new() -> Writer {
        Writer::default()
    }

    pub fn nil(&mut self) {
        self.out.push(0xc0);
    }

    pub fn boolean(&mut self, value: bool) {
        self.out.push(if value { 0xc3 } else { 0xc2 });
    }

    /// Anything from the smallest i64 to the largest u64.
    pub fn integer(&mut self, value: i128) {
        let bits = value as u64;
        match value {
            0..=0x7f | -32..=-1 => self.out.push(bits as u8),
            0..=0xff => self.sized(0xcc, bits, 1),
            0..=0xffff => self.sized(0xcd, bits, 2),
            0..=0xffff_ffff => self.sized(0xce, bits, 4),
            0.. => self.sized(0xcf, bits, 8),
            -0x80..=-1 => self.sized(0xd0, bits, 1),
            -0x8000..=-1 => self.sized(0xd1, bits, 2),
            -0x8000_0000..=-1 => self.sized(0xd2, bits, 4),
            _ => self.sized(0xd3, bits, 8),
        }
    }

    pub fn string(&mut self, text: &str) {
        match text.len() {
            size @ 0..=31 => self.out.push(0xa0 | size as u8),
            size => self.length(0xd9, size),
        }
        self.out.extend_from_slice(text.as_bytes());
    }

    pub fn binary(&mut self, bytes: &[u8]) {
        self.length(0xc4, bytes.len());
        self.out.extend_from_slice(bytes);
    }

    pub fn map(&mut self, size: usize) {
        self.collection(0x80, 0xde, size);
    }

    pub fn array(&mut self, size: usize) {
        self.collection(0x90, 0xdc, size);
    }

    pub fn take(self) -> Vec<u8> {
        self.out
    }

    fn sized(&mut self, marker: u8, value: u64, bytes: usize) {
        self.out.push(marker);
        self.out.extend_from_slice(&value.to_be_bytes()[8 - bytes..]);
    }

    fn length(&mut self, marker8: u8, size: usize) {
        match size {
            0..=0xff => self.sized(marker8, size as u64, 1),
            0x100..=0xffff => self.sized(marker8 + 1, size as u64, 2),
            _ => self.sized(marker8 + 2, size as u64, 4),
        }
    }

    fn collection(&mut self, fix: u8, marker16: u8, size: usize) {
        match size {
            0..=15 => self.out.push(fix | size as u8),
            16..=0xffff => self.sized(marker16, size as u64, 2),
            _ => self.sized(marker16 + 1, size as u64, 4),
        }
    }
}

/// How a struct lies on the wire.
pub struct Shape {
    /// A map of names, or else an array in order of declaration.
    pub named: bool,
    pub fields: usize,
}

/// Reads values one after the other. Nothing it is given makes it panic or take more memory than a
/// small multiple of the input.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

const MAX_DEPTH: usize = 32;

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    /// Takes a nil if one is next.
    pub fn nil(&mut self) -> bool {
        let found = self.bytes.get(self.at) == Some(&0xc0);
        self.at += usize::from(found);
        found
    }

    pub fn boolean(&mut self) -> Result<bool> {
        match self.marker()? {
            0xc2 => Ok(false),
            0xc3 => Ok(true),
            other => self.unexpected(other, "a boolean"),
        }
    }

    /// An integer of any width and sign.
    pub fn integer(&mut self) -> Result<i128> {
        let marker = self.marker()?;
        Ok(match marker {
            0x00..=0x7f => i128::from(marker),
            0xe0..=0xff => i128::from(marker as i8),
            0xcc..=0xcf => i128::from(self.big_endian(1 << (marker - 0xcc))?),
            0xd0 => i128::from(self.big_endian(1)? as i8),
            0xd1 => i128::from(self.big_endian(2)? as i16),
            0xd2 => i128::from(self.big_endian(4)? as i32),
            0xd3 => i128::from(self.big_endian(8)? as i64),
            other => return self.unexpected(other, "an integer"),
        })
    }

    /// Text, or bytes that are UTF-8.
    pub fn string(&mut self) -> Result<&'a str> {
        let marker = self.marker()?;
        let start = self.at;
        let bytes = self.text_or_binary(marker, "text")?;
        std::str::from_utf8(bytes).map_err(|_| Error::malformed(format!("text at byte {start} is not UTF-8")))
    }

    /// Bytes as bin, as text, or as an array of numbers.
    pub fn binary(&mut self) -> Result<Vec<u8>> {
        let marker = self.marker()?;
        if !is_array(marker) {
            return self.text_or_binary(marker, "bytes").map(<[u8]>::to_vec);
        }
        let count = self.count(marker)?;
        (0..count)
            .map(|_| {
                let value = self.integer()?;
                u8::try_from(value).map_err(|_| Error::malformed(format!("{value} is no byte")))
            })
            .collect()
    }

    /// The number of entries of a map, which follow.
    pub fn map(&mut self) -> Result<usize> {
        match self.marker()? {
            marker if is_map(marker) => self.count(marker),
            other => self.unexpected(other, "a map"),
        }
    }

    /// The number of items of an array, which follow.
    pub fn array(&mut self) -> Result<usize> {
        match self.marker()? {
            marker if is_array(marker) => self.count(marker),
            other => self.unexpected(other, "an array"),
        }
    }

    pub fn structure(&mut self) -> Result<Shape> {
        match self.marker()? {
            marker if is_map(marker) => Ok(Shape { named: true, fields: self.count(marker)? }),
            marker if is_array(marker) => Ok(Shape { named: false, fields: self.count(marker)? }),
            other => self.unexpected(other, "a struct"),
        }
    }

    /// Passes over one value of any kind.
    pub fn skip(&mut self) -> Result<()> {
        self.skip_below(0)
    }

    fn skip_below(&mut self, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(Error::malformed("nested too deeply"));
        }
        let marker = self.marker()?;
        if is_map(marker) || is_array(marker) {
            let items = self.count(marker)? * if is_map(marker) { 2 } else { 1 };
            return (0..items).try_for_each(|_| self.skip_below(depth + 1));
        }
        let size = match marker {
            0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => 0,
            0xcc..=0xcf => 1 << (marker - 0xcc),
            0xd0..=0xd3 => 1 << (marker - 0xd0),
            0xca => 4,
            0xcb => 8,
            0xd4..=0xd8 => 1 + (1 << (marker - 0xd4)),
            0xc7..=0xc9 => 1 + self.big_endian(1 << (marker - 0xc7))?,
            _ => return self.text_or_binary(marker, "a value").map(drop),
        };
        self.take(size).map(drop)
    }

    fn marker(&mut self) -> Result<u8> {
        self.take(1).map(|byte| byte[0])
    }

    /// The number of items behind a marker of a map or array. Each takes a byte at least.
    fn count(&mut self, marker: u8) -> Result<usize> {
        let count = match marker {
            0xdc | 0xde => self.big_endian(2)?,
            0xdd | 0xdf => self.big_endian(4)?,
            _ => u64::from(marker & 0x0f),
        };
        if count > (self.bytes.len() - self.at) as u64 {
            return Err(self.ends_early());
        }
        Ok(count as usize)
    }

    fn text_or_binary(&mut self, marker: u8, wanted: &str) -> Result<&'a [u8]> {
        let size = match marker {
            0xa0..=0xbf => u64::from(marker & 0x1f),
            0xd9..=0xdb => self.big_endian(1 << (marker - 0xd9))?,
            0xc4..=0xc6 => self.big_endian(1 << (marker - 0xc4))?,
            other => return self.unexpected(other, wanted),
        };
        self.take(size)
    }

    fn take(&mut self, size: u64) -> Result<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        if size > rest.len() as u64 {
            return Err(self.ends_early());
        }
        self.at += size as usize;
        Ok(&rest[..size as usize])
    }

    fn ends_early(&self) -> Error {
        Error::malformed(format!("ends after {} bytes", self.bytes.len()))
    }

    fn big_endian(&mut self, bytes: u64) -> Result<u64> {
        Ok(self.take(bytes)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn unexpected<T>(&self, marker: u8, wanted: &str) -> Result<T> {
        let at = self.at - 1;
        Err(Error::malformed(format!("expected {wanted} at byte {at}, found marker {marker:02x}")))
    }
}

fn is_map(marker: u8) -> bool {
    matches!(marker, 0x80..=0x8f | 0xde | 0xdf)
}

fn is_array(marker: u8) -> bool {
    matches!(marker, 0x90..=0x9f | 0xdc | 0xdd)
}
