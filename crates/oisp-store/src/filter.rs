//! Which events a reader wants.

use std::time::{SystemTime, UNIX_EPOCH};

use oisp_core::SafeEvent;

use crate::text;

/// Which events a reader wants.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these event types; all where empty.
    pub event_types: Vec<String>,
    /// Only the events of this call.
    pub request_id: Option<String>,
    /// Only what was captured at this time or later.
    pub since: Option<SystemTime>,
    /// Only what was captured before this time.
    pub until: Option<SystemTime>,
}

impl Filter {
    /// True for an event that is wanted.
    pub fn admits(&self, event: &SafeEvent) -> bool {
        (self.event_types.is_empty()
            || self
                .event_types
                .iter()
                .any(|wanted| wanted == event.event_type()))
            && self
                .request_id
                .as_deref()
                .is_none_or(|wanted| event.request_id() == Some(wanted))
            && self.is_in_time(event)
    }

    fn is_in_time(&self, event: &SafeEvent) -> bool {
        let (since, until) = self.range();
        if since == i64::MIN && until == i64::MAX {
            return true;
        }
        let captured = text::content(event.json()).captured;
        captured.is_some_and(|captured| (since..until).contains(&captured))
    }

    /// Microseconds since 1970 from which and before which events are wanted.
    pub(crate) fn range(&self) -> (i64, i64) {
        (
            self.since.map_or(i64::MIN, micros),
            self.until.map_or(i64::MAX, micros),
        )
    }
}

/// Microseconds since 1970; 0 for what was before.
pub(crate) fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
