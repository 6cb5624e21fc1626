//! An event that may leave memory.

use serde_json::{Map, Value};

/// An event after redaction: the only form that the store, the sinks, the API
/// and the screens accept.
///
/// Only the redact stage calls [`SafeEvent::from_redacted`], and only the event
/// log [`SafeEvent::from_log`]; whoever else does breaks the promise that nothing
/// leaves memory unredacted.
#[derive(Clone, Debug)]
pub struct SafeEvent {
    id: String,
    event_type: String,
    request_id: Option<String>,
    json: String,
}

impl SafeEvent {
    /// Takes an event's JSON object after redaction.
    pub fn from_redacted(event: &Map<String, Value>) -> Self {
        let text = |key: &str| {
            event
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Self {
            id: text("event_id"),
            event_type: text("event_type"),
            request_id: event
                .get("data")
                .and_then(|data| data.get("request_id"))
                .and_then(Value::as_str)
                .map(Into::into),
            json: serde_json::to_string(event).unwrap_or_default(),
        }
    }

    /// Takes back what the log kept of an event: it was redacted before it got
    /// there.
    pub fn from_log(
        id: String,
        event_type: String,
        request_id: Option<String>,
        json: String,
    ) -> Self {
        Self {
            id,
            event_type,
            request_id,
            json,
        }
    }

    /// The event's `event_id`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The event's `event_type`.
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// `data.request_id`, where the event has one.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The whole event as one line of JSON.
    pub fn json(&self) -> &str {
        &self.json
    }
}
