//! Spans of time: `30s`, `1h 30m`, `7d`.
//!
//! A number without a unit is refused: programs differ on whether it would be
//! seconds or milliseconds.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::{self, Text};

/// A span of time, written as `500ms`, `30s`, `5m`, `1h 30m` or `7d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HumanDuration(pub Duration);

impl HumanDuration {
    /// So many seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// So many milliseconds.
    #[must_use]
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(Duration::from_millis(milliseconds))
    }

    /// As the standard library has it.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl Text for HumanDuration {
    const EXPECTED: &'static str = "a time with its unit, such as \"30s\", \"5m\" or \"7d\"";
}

impl FromStr for HumanDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        humantime::parse_duration(text)
            .map(Self)
            .map_err(|_| format!("{text:?} is no time: expected {}", Self::EXPECTED))
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(to)
    }
}

impl From<Duration> for HumanDuration {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl From<HumanDuration> for Duration {
    fn from(duration: HumanDuration) -> Self {
        duration.0
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text::deserialize(from)
    }
}

impl Serialize for HumanDuration {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl JsonSchema for HumanDuration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "duration", "examples": ["30s", "7d"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<HumanDuration, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["500ms", "30s", "1h 30m", "7days", "0s"] {
            let duration: HumanDuration = text.parse().unwrap();
            assert_eq!(duration.to_string(), text);
            assert_eq!(read(&format!("{text:?}")).unwrap(), duration);
        }
        assert_eq!(read("\"7d\"").unwrap().get(), Duration::from_secs(604_800));
    }

    #[test]
    fn a_number_without_a_unit_is_refused_with_an_example() {
        for json in ["30", "-1", "\"30\"", "\"soon\"", "\"-5s\"", "true", "\"\""] {
            let error = read(json).unwrap_err().to_string();
            assert!(error.contains("\"30s\""), "{json}: {error}");
        }
    }
}
