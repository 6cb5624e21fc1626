//! The trace that a call belongs to: the client's own, where it sends a W3C
//! `traceparent`, else one for the conversation, so that its turns are found
//! together.

use oisp_core::EventId;
use oisp_core::event::TraceContext;
use sha2::{Digest, Sha256};

use crate::dialect::hex;
use crate::http::Headers;

/// The trace of a call.
pub fn of(headers: &Headers, conversation: &str, request: &EventId) -> TraceContext {
    headers
        .get("traceparent")
        .and_then(parse)
        .unwrap_or_else(|| TraceContext {
            trace_id: short::<16>(conversation),
            span_id: Some(short::<8>(&request.to_string())),
            trace_flags: None,
        })
}

/// `version-trace_id-parent_id-flags` (W3C Trace Context, section 3.2).
pub fn parse(field: &str) -> Option<TraceContext> {
    let mut parts = field.split('-');
    let is_hex = |text: &&str| {
        text.bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let mut next = |length| {
        parts
            .next()
            .filter(|part: &&str| part.len() == length)
            .filter(is_hex)
    };
    next(2).filter(|version| *version != "ff")?;
    let is_set = |id: &&str| id.bytes().any(|byte| byte != b'0');
    let trace_id = next(32).filter(is_set)?;
    let span_id = next(16).filter(is_set)?;
    Some(TraceContext {
        trace_id: trace_id.to_owned(),
        span_id: Some(span_id.to_owned()),
        trace_flags: u8::from_str_radix(next(2)?, 16).ok(),
    })
}

fn short<const N: usize>(text: &str) -> String {
    hex(Sha256::digest(text.as_bytes()).get(..N).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_own_trace_is_kept_and_a_broken_one_is_not_believed() {
        let id = "0af7651916cd43dd8448eb211c80319c";
        let context = parse(&format!("00-{id}-b7ad6b7169203331-01")).unwrap();
        assert_eq!(context.trace_id, id);
        assert_eq!(context.trace_flags, Some(1));
        for broken in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        ] {
            assert_eq!(parse(broken), None, "{broken}");
        }
    }
}
