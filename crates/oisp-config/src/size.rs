//! Sizes in bytes: `10MiB`, `2GB`, or a plain number of bytes.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::{self, Text};

/// A number of bytes, written as `512KiB`, `10MiB`, `2GB` or `4096`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

const UNITS: [(&str, u32); 4] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];

impl ByteSize {
    /// So many KiB.
    #[must_use]
    pub const fn kib(number: u64) -> Self {
        Self(number.saturating_mul(1 << 10))
    }

    /// So many MiB.
    #[must_use]
    pub const fn mib(number: u64) -> Self {
        Self(number.saturating_mul(1 << 20))
    }

    /// So many GiB.
    #[must_use]
    pub const fn gib(number: u64) -> Self {
        Self(number.saturating_mul(1 << 30))
    }

    /// In bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl Text for ByteSize {
    const EXPECTED: &'static str = "a size such as \"512KiB\", \"10MiB\" or \"2GB\"";

    fn from_number(bytes: u64) -> Option<Self> {
        Some(Self(bytes))
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let no_size = || format!("{text:?} is no size: expected {}", Self::EXPECTED);
        match text.trim().parse::<bytesize::ByteSize>() {
            Ok(size) if size.0 < u64::MAX => Ok(Self(size.0)),
            // The parser stops at the largest number it knows.
            Ok(_) => Err(format!("{text:?} is more bytes than can be counted")),
            Err(_) => Err(no_size()),
        }
    }
}

/// In the largest unit that leaves no remainder: no digit is lost.
impl fmt::Display for ByteSize {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |(_, shift): &&(_, u32)| self.0 > 0 && self.0.trailing_zeros() >= *shift;
        match UNITS.iter().find(whole) {
            Some((unit, shift)) => write!(to, "{}{unit}", self.0 >> shift),
            None => write!(to, "{}B", self.0),
        }
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text::deserialize(from)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl JsonSchema for ByteSize {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "format": "size", "minimum": 0, "examples": ["10MiB", "2GB"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<ByteSize, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["0B", "1000B", "512KiB", "10MiB", "3GiB", "1025KiB"] {
            let size: ByteSize = text.parse().unwrap();
            assert_eq!(size.to_string(), text);
            assert_eq!(read(&format!("{text:?}")).unwrap(), size);
        }
        assert_eq!(read("\"1.5 GiB\"").unwrap(), ByteSize::mib(1536));
        assert_eq!(read("\"2GB\"").unwrap(), ByteSize(2_000_000_000));
        assert_eq!(read("4096").unwrap(), ByteSize::kib(4));
    }

    #[test]
    fn what_is_no_size_is_refused_with_an_example() {
        for json in ["\"big\"", "\"-1MiB\"", "-1", "1.5", "\"10 apples\"", "\"\""] {
            let error = read(json).unwrap_err().to_string();
            assert!(error.contains("\"10MiB\""), "{json}: {error}");
        }
        let error = read("\"99999999999PiB\"").unwrap_err().to_string();
        assert!(error.contains("more bytes"), "{error}");
    }
}
