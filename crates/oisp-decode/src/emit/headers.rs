//! What the header fields of an answer tell of the call.

use serde_json::{Map, Value};

use crate::http::ResponseHead;

/// Fields in which providers name a call, by which their support finds it.
const REQUEST_IDS: [&str; 9] = [
    "x-request-id",
    "request-id",
    "apim-request-id",
    "x-amzn-requestid",
    "x-generation-id",
    "mistral-correlation-id",
    "x-ds-trace-id",
    "x-debug-trace-id",
    "x-goog-request-id",
];

/// Beginnings of the fields that tell what is left of a quota.
const LIMITS: [&str; 4] = [
    "x-ratelimit-",
    "anthropic-ratelimit-",
    "ratelimit-",
    "retry-after",
];

/// Most fields of that kind that are kept, and the longest value.
const MAX_LIMITS: usize = 32;
const MAX_VALUE: usize = 128;

/// The provider's id of the call.
pub(super) fn provider_request_id(head: &ResponseHead) -> Option<String> {
    REQUEST_IDS
        .into_iter()
        .find_map(|field| head.headers.get(field))
        .map(str::to_owned)
}

/// Adds the fields that tell of quotas, under OpenTelemetry's names.
pub(super) fn add_limits(head: &ResponseHead, attrs: &mut Map<String, Value>) {
    let limits = head.headers.iter().filter(|(name, value)| {
        value.len() <= MAX_VALUE && LIMITS.iter().any(|limit| name.starts_with(limit))
    });
    for (name, value) in limits.take(MAX_LIMITS) {
        attrs.insert(format!("http.response.header.{name}"), value.into());
    }
}
