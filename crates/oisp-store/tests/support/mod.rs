//! Events to store, and logs to store them in.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use oisp_core::SafeEvent;
use oisp_store::{EventLog, LogSettings, Stored};
use serde_json::json;

/// How long a test waits for what takes moments.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// An event, captured as many seconds after 1970 as its id says.
pub fn event(id: &str, kind: &str) -> SafeEvent {
    let seconds: u32 = id.parse().unwrap_or(0);
    let value = json!({
        "event_id": id,
        "event_type": kind,
        "ts": format!("1970-01-01T00:{:02}:{:02}Z", seconds / 60 % 60, seconds % 60),
        "data": {"request_id": format!("req_{id}")},
    });
    SafeEvent::from_redacted(value.as_object().unwrap())
}

/// An event with that text.
pub fn text_event(id: &str, text: &str) -> SafeEvent {
    let value = json!({
        "event_id": id,
        "event_type": "ai.request",
        "data": {"messages": [{"role": "user", "content": text}]},
    });
    SafeEvent::from_redacted(value.as_object().unwrap())
}

/// Opens a log that commits soon and remembers little.
pub fn open(path: &Path) -> EventLog {
    EventLog::open(path, hasty()).unwrap()
}

/// Settings of a log that commits soon and remembers little.
pub fn hasty() -> LogSettings {
    LogSettings {
        tail: oisp_store::Bounds {
            events: 4,
            bytes: 1 << 20,
        },
        group: Duration::from_millis(1),
        ..LogSettings::default()
    }
}

pub fn ids(events: &[Arc<Stored>]) -> Vec<&str> {
    events.iter().map(|stored| stored.event.id()).collect()
}
