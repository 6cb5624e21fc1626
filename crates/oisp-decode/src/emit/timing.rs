//! When the parts of an answer came.

use oisp_core::event::ai::Response;
use serde_json::{Map, Value};

use super::Shared;
use crate::exchange::Answered;
use crate::http::Ending;

/// Adds latency, the time to the first byte, the first and the last token, and
/// the tokens per second between the two.
pub(super) fn add(
    shared: &Shared,
    answered: &Answered,
    data: &mut Response,
    attrs: &mut Map<String, Value>,
) {
    let since = |at: oisp_core::Timestamp| at.millis_since(shared.began);
    let complete = answered.head.is_some() && answered.ending == Ending::Complete;
    data.latency_ms = complete.then(|| since(answered.ended));
    data.time_to_first_token_ms = answered.first_content.map(since);
    if let Some(first_byte) = answered.first_byte {
        attrs.insert(
            "oisp.time_to_first_byte_ms".into(),
            since(first_byte).into(),
        );
    }
    let (Some(first), Some(last)) = (answered.first_content, answered.last_content) else {
        return;
    };
    attrs.insert("oisp.time_to_last_token_ms".into(), since(last).into());
    let tokens = data.usage.and_then(|usage| usage.completion_tokens);
    let millis = last.millis_since(first);
    // A rate over a few milliseconds says more of the network than of the model.
    if let Some(tokens) = tokens.filter(|_| complete && millis >= 100) {
        let rate = tokens as f64 * 1000.0 / millis as f64;
        let rounded = (rate * 10.0).round() / 10.0;
        attrs.insert("oisp.output_tokens_per_second".into(), rounded.into());
    }
}
