//! Structs to MessagePack and back: each message lists its fields once (contracts.md 2.1).

use std::collections::BTreeMap;

use crate::msgpack::{Reader, Writer};
use crate::{Error, Result};

/// A struct on the wire. `message!` makes these.
pub trait Message: Sized {
    fn write(&self, out: &mut Writer);
    fn read(input: &mut Reader<'_>) -> Result<Self>;
}

/// The message as a map of field names, in order of declaration.
pub fn encode(message: &impl Message) -> Vec<u8> {
    let mut out = Writer::new();
    message.write(&mut out);
    out.take()
}

/// Reads a map of field names in any order (unknown ones are passed over, a missing or repeated one
/// is an error) or an array in order of declaration. Bytes behind the message are not looked at.
pub fn decode<T: Message>(bytes: &[u8]) -> Result<T> {
    T::read(&mut Reader::new(bytes))
}

/// The answer that nobody looks at, of handlers that only receive: nil.
impl Message for () {
    fn write(&self, out: &mut Writer) {
        out.nil()
    }
    fn read(input: &mut Reader<'_>) -> Result<()> {
        input.skip()
    }
}

/// A value that can stand in a message.
pub trait Field: Sized {
    fn write(&self, out: &mut Writer);
    fn read(input: &mut Reader<'_>) -> Result<Self>;
    /// What a missing field reads as; None = it must be there.
    fn absent() -> Option<Self> {
        None
    }
}

impl Field for bool {
    fn write(&self, out: &mut Writer) {
        out.boolean(*self)
    }
    fn read(input: &mut Reader<'_>) -> Result<bool> {
        input.boolean()
    }
}

impl Field for String {
    fn write(&self, out: &mut Writer) {
        out.string(self)
    }
    fn read(input: &mut Reader<'_>) -> Result<String> {
        input.string().map(str::to_owned)
    }
}

/// Bytes: `bin` on the wire.
impl Field for Vec<u8> {
    fn write(&self, out: &mut Writer) {
        out.binary(self)
    }
    fn read(input: &mut Reader<'_>) -> Result<Vec<u8>> {
        input.binary()
    }
}

impl Field for Vec<String> {
    fn write(&self, out: &mut Writer) {
        out.array(self.len());
        self.iter().for_each(|item| out.string(item));
    }
    fn read(input: &mut Reader<'_>) -> Result<Vec<String>> {
        (0..input.array()?).map(|_| String::read(input)).collect()
    }
}

impl Field for BTreeMap<String, String> {
    fn write(&self, out: &mut Writer) {
        out.map(self.len());
        for (key, value) in self {
            out.string(key);
            out.string(value);
        }
    }
    fn read(input: &mut Reader<'_>) -> Result<Self> {
        let mut values = BTreeMap::new();
        for _ in 0..input.map()? {
            let key = String::read(input)?;
            values.insert(key, String::read(input)?);
        }
        Ok(values)
    }
    fn absent() -> Option<Self> {
        Some(BTreeMap::new())
    }
}

/// A message within a message.
impl<T: Message> Field for T {
    fn write(&self, out: &mut Writer) {
        Message::write(self, out)
    }
    fn read(input: &mut Reader<'_>) -> Result<T> {
        Message::read(input)
    }
}

impl<T: Message> Field for Vec<T> {
    fn write(&self, out: &mut Writer) {
        out.array(self.len());
        self.iter().for_each(|item| Message::write(item, out));
    }
    fn read(input: &mut Reader<'_>) -> Result<Vec<T>> {
        // Grows item by item: the announced number is the sender's word only.
        let mut items = Vec::new();
        for _ in 0..input.array()? {
            items.push(Message::read(input)?);
        }
        Ok(items)
    }
}

/// A field that may be missing or nil.
impl<T: Field> Field for Option<T> {
    fn write(&self, out: &mut Writer) {
        match self {
            Some(value) => value.write(out),
            None => out.nil(),
        }
    }
    fn read(input: &mut Reader<'_>) -> Result<Self> {
        if input.nil() {
            return Ok(None);
        }
        T::read(input).map(Some)
    }
    fn absent() -> Option<Self> {
        Some(None)
    }
}

macro_rules! integer_fields {
    ($($type:ty),*) => {$(
        impl Field for $type {
            fn write(&self, out: &mut Writer) {
                out.integer(i128::from(*self))
            }
            fn read(input: &mut Reader<'_>) -> Result<$type> {
                let value = input.integer()?;
                <$type>::try_from(value).map_err(|_| {
                    Error::malformed(format!("{value} does not fit {}", stringify!($type)))
                })
            }
        }
    )*};
}
integer_fields!(i32, u32, i64, u64);

/// Reads a field into its place. For `message!`.
#[doc(hidden)]
pub fn read_once<T: Field>(place: &mut Option<T>, name: &str, input: &mut Reader<'_>) -> Result<()> {
    if place.is_some() {
        return Err(Error::malformed(format!("duplicate field `{name}`")));
    }
    *place = Some(T::read(input)?);
    Ok(())
}

/// The field, or what stands for it. For `message!`.
#[doc(hidden)]
pub fn present<T: Field>(place: Option<T>, name: &str) -> Result<T> {
    place.or_else(T::absent).ok_or_else(|| Error::malformed(format!("missing field `{name}`")))
}

/// Makes a struct that travels as a message; behind each field stands its name on the wire:
///
///     message! { pub struct Ping { pub value: i64 = "value" } }
#[macro_export]
macro_rules! message {
    ($(#[$about:meta])* $visible:vis struct $name:ident {
        $($(#[$field_about:meta])* $field_visible:vis $field:ident : $type:ty = $wire:literal),+ $(,)?
    }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        $visible struct $name {
            $($(#[$field_about])* $field_visible $field: $type,)+
        }

        impl $crate::Message for $name {
            fn write(&self, out: &mut $crate::msgpack::Writer) {
                const NAMES: &[&str] = &[$($wire),+];
                out.map(NAMES.len());
                $(
                    out.string($wire);
                    $crate::Field::write(&self.$field, out);
                )+
            }

            fn read(input: &mut $crate::msgpack::Reader<'_>) -> $crate::Result<Self> {
                const NAMES: &[&str] = &[$($wire),+];
                $(let mut $field: Option<$type> = None;)+
                let shape = input.structure()?;
                for position in 0..shape.fields {
                    let name = if shape.named {
                        input.string()?
                    } else {
                        NAMES.get(position).copied().unwrap_or_default()
                    };
                    match name {
                        $($wire => $crate::read_once(&mut $field, $wire, input)?,)+
                        _ => input.skip()?,
                    }
                }
                Ok($name { $($field: $crate::present($field, $wire)?,)+ })
            }
        }
    };
}
