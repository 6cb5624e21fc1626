//! Trace and span ids: always the same for the same event, so that a receiver
//! knows what it has seen before.

use sha2::{Digest, Sha256};

use super::event::Event;

/// Where a span stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The trace: 16 bytes.
    pub trace: Vec<u8>,
    /// The span: 8 bytes.
    pub span: Vec<u8>,
    /// Its parent, where it has one.
    pub parent: Option<Vec<u8>>,
    /// Flags of the span: those of W3C, and from bit 8 on whether its parent is
    /// in another process.
    pub flags: u32,
}

/// The parent may be remote, and is (`SpanFlags` of OTLP).
const REMOTE_PARENT: u32 = 0x300;
/// The parent may be remote, and is not.
const LOCAL_PARENT: u32 = 0x100;
/// Sampled, as W3C has it.
const SAMPLED: u32 = 1;

/// The trace context of an event.
struct Context {
    trace: Vec<u8>,
    /// What the client sent in `traceparent`: its own span, and the flags.
    client: Option<(Vec<u8>, u32)>,
}

impl Context {
    /// The event's own context, else the one of its conversation.
    fn of(event: &Event) -> Option<Self> {
        let own = event.text("/trace_context/trace_id").and_then(unhex::<16>);
        let Some(trace) = own else {
            let conversation = event
                .text("/data/conversation_id")
                .or_else(|| event.attr("gen_ai.conversation.id"))?;
            return Some(Self {
                trace: hash::<16>(conversation),
                client: None,
            });
        };
        // Only a context that came over the wire has flags.
        let flags = event.number("/trace_context/trace_flags");
        let flags = flags.and_then(|flags| u32::try_from(flags & 0xff).ok());
        let span = event.text("/trace_context/span_id").and_then(unhex::<8>);
        Some(Self {
            trace,
            client: span.zip(flags),
        })
    }

    fn place(self, span: Vec<u8>, parent: Option<Vec<u8>>) -> Place {
        let (parent, flags) = match self.client {
            Some((span, flags)) => (Some(span), flags | REMOTE_PARENT),
            None => (parent, SAMPLED | LOCAL_PARENT),
        };
        Place {
            trace: self.trace,
            span,
            parent,
            flags,
        }
    }
}

/// Where the span of an exchange stands, told by its request or its answer.
pub(crate) fn exchange(event: &Event) -> Option<Place> {
    let request = event
        .text("/data/request_id")
        .or_else(|| event.attr("oisp.request_id"))?;
    Some(Context::of(event)?.place(exchange_span(request), None))
}

/// Where the span of a tool call stands, told by the call. `decision` is where
/// the call stands by which a model asked for it.
pub(crate) fn tool(call: &Event, decision: Option<Place>) -> Place {
    let span = hash::<8>(call.id());
    let asked_by = call.attr("oisp.request_id").map(exchange_span);
    match (Context::of(call), decision) {
        (Some(context), None) => context.place(span, asked_by),
        (Some(context), Some(_)) if context.client.is_some() => context.place(span, None),
        (_, Some(decision)) => Place {
            parent: Some(decision.span),
            span,
            flags: SAMPLED | LOCAL_PARENT,
            trace: decision.trace,
        },
        (None, None) => Place {
            trace: hash::<16>(call.id()),
            span,
            parent: None,
            flags: SAMPLED | LOCAL_PARENT,
        },
    }
}

/// Where the span of a tool call stands whose call is not known, told by its
/// result.
pub(crate) fn tool_of_result(result: &Event) -> Place {
    let call = result.related("caused_by").unwrap_or(result.id());
    let span = hash::<8>(call);
    match Context::of(result) {
        Some(context) => context.place(span, None),
        None => Place {
            trace: hash::<16>(call),
            span,
            parent: None,
            flags: SAMPLED | LOCAL_PARENT,
        },
    }
}

/// A request's id names the event that it came with.
fn exchange_span(request_id: &str) -> Vec<u8> {
    hash::<8>(request_id.strip_prefix("req_").unwrap_or(request_id))
}

/// The first bytes of a hash: an id that is never all zero in practice.
fn hash<const N: usize>(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes())
        .get(..N)
        .unwrap_or_default()
        .to_vec()
}

/// An id of `N` bytes that is not all zero.
fn unhex<const N: usize>(text: &str) -> Option<Vec<u8>> {
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let bytes: Option<Vec<u8>> = (0..N)
        .map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok())
        .collect();
    bytes.filter(|bytes| bytes.iter().any(|byte| *byte != 0))
}
