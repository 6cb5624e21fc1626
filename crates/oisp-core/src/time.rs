//! Capture time: nanoseconds since the Unix epoch, written as RFC 3339 with
//! microseconds.

use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::FormatItem;
use time::macros::format_description;

const RFC3339_MICROS: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// Nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// From nanoseconds since the Unix epoch.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// Milliseconds from `earlier` to `self`, 0 where `earlier` is later.
    pub const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0) / 1_000_000
    }

    /// RFC 3339 in UTC with microseconds: `2026-11-21T14:05:00.123456Z`.
    pub fn to_rfc3339(self) -> String {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0))
            .ok()
            .and_then(|at| at.format(RFC3339_MICROS).ok())
            // u64 nanoseconds end in the year 2554, well inside the range of `time`.
            .unwrap_or_else(|| String::from("1970-01-01T00:00:00.000000Z"))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_in_utc_with_microseconds() {
        let at = Timestamp::from_nanos(1_766_434_505_123_456_789);
        assert_eq!(at.to_rfc3339(), "2025-12-22T20:15:05.123456Z");
    }

    #[test]
    fn the_largest_time_is_still_a_time() {
        assert!(
            Timestamp::from_nanos(u64::MAX)
                .to_rfc3339()
                .starts_with("2554-")
        );
    }
}
