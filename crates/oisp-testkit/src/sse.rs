//! Frames of an event stream.

use bytes::Bytes;
use serde::Serialize;

/// `data: JSON`, as OpenAI sends it.
pub(crate) fn data(value: &impl Serialize) -> Bytes {
    Bytes::from(format!("data: {}\n\n", json(value)))
}

/// `event: NAME` and `data: JSON`, as Anthropic sends it.
pub(crate) fn event(name: &str, value: &impl Serialize) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {}\n\n", json(value)))
}

/// The value as JSON text. The types of this crate have string keys only, so
/// it cannot fail.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
