//! Values that are written as text: what serde and schemars need of them.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Deserializer;
use serde::de::{Error, Visitor};

/// A value with a notation of its own.
pub(crate) trait Text: FromStr<Err = String> {
    /// What is expected, with an example.
    const EXPECTED: &'static str;

    /// What a plain number means; nothing where it could mean several things.
    fn from_number(_: u64) -> Option<Self> {
        None
    }
}

/// Reads a value from text or, where that is unambiguous, from a number.
pub(crate) fn deserialize<'de, T: Text, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    from.deserialize_any(Reader(PhantomData))
}

struct Reader<T>(PhantomData<T>);

impl<T: Text> Visitor<'_> for Reader<T> {
    type Value = T;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        T::from_number(number).ok_or_else(|| {
            E::custom(format_args!(
                "{number} has no unit: expected {}",
                T::EXPECTED
            ))
        })
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::custom(format_args!(
                "{number} is less than nothing: expected {}",
                T::EXPECTED
            ))),
        }
    }
}
