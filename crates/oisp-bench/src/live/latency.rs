//! From capture to the file: now, less the event's own time.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

const DAY_MILLIS: f64 = 86_400_000.0;

/// Milliseconds since the event's `ts`.
pub(super) fn age(event: &Value) -> Option<f64> {
    let captured = millis_of_day(event.get("ts")?.as_str()?)?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()?
        .as_nanos() as f64
        / 1e6;
    // Half a day of room on both sides of midnight.
    Some((now - captured + DAY_MILLIS / 2.0).rem_euclid(DAY_MILLIS) - DAY_MILLIS / 2.0)
}

/// Of `2026-11-21T14:05:00.123456Z`, the time within the day.
fn millis_of_day(ts: &str) -> Option<f64> {
    let (_, time) = ts.strip_suffix('Z')?.split_once('T')?;
    let mut parts = time.split(':').map(|part| part.parse::<f64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    Some(((hours * 60.0 + minutes) * 60.0 + seconds) * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_day_is_read_to_the_microsecond() {
        assert_eq!(
            millis_of_day("2026-11-21T00:01:02.345678Z"),
            Some(62_345.678)
        );
        assert_eq!(millis_of_day("yesterday"), None);
    }
}
