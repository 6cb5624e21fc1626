//! One marked event, for who wants to see whether a sink works.

use std::sync::Arc;

use oisp_core::SafeEvent;
use oisp_store::Stored;
use serde_json::json;

use crate::dead_letter::now;
use crate::{DeliverError, Sink};

/// Why a trial failed.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// It could not be delivered.
    #[error("the test event was not delivered: {0}")]
    NotDelivered(#[from] DeliverError),
    /// The receiver does not want it.
    #[error("the receiver refused the test event: {0}")]
    Refused(String),
}

/// Delivers one event of the type `oisp.test` that is marked by
/// `attrs["oisp.test"]`, once, and returns its id. No filter stands in its way.
///
/// # Errors
/// When it was not delivered, or refused.
pub fn send_test(sink: &mut dyn Sink) -> Result<String, TrialError> {
    let stored = Arc::new(Stored {
        seq: 0,
        event: test_event(),
    });
    let delivered = sink.deliver(std::slice::from_ref(&stored))?;
    sink.close()?;
    match delivered.refused.into_iter().next() {
        Some(refusal) => Err(TrialError::Refused(refusal.reason)),
        None => Ok(stored.event.id().to_owned()),
    }
}

/// The event.
pub(crate) fn test_event() -> SafeEvent {
    let at = now();
    let event_id = oisp_core::EventId::derive(at, &[b"oisp.test"]);
    let event = json!({
        "oisp_version": "0.1",
        "event_id": event_id,
        "event_type": "oisp.test",
        "ts": at,
        "source": {"collector": "oisp-sensor", "collector_version": env!("CARGO_PKG_VERSION")},
        "confidence": {"level": "high", "completeness": "full"},
        "data": {},
        "attrs": {"oisp.test": true},
    });
    let nothing = serde_json::Map::new();
    SafeEvent::from_redacted(event.as_object().unwrap_or(&nothing))
}
