//! `agent.tool_call` and `agent.tool_result` of MCP.

use oisp_core::event::agent::{Agent, Tool, ToolCall, ToolError, ToolResult};
use oisp_core::event::{Confidence, Data, Related, Relationship, Source, TraceContext};
use oisp_core::{Event, EventId, Timestamp};
use serde_json::{Map, Value};

use super::asked::ToolUse;
use super::outcome::Outcome;
use crate::connection::Side;
use crate::emit::Emitter;

/// A tool's use that waits for its answer.
pub struct Open {
    /// The `agent.tool_call`.
    pub event: EventId,
    /// Its id on the wire.
    pub call_id: Option<String>,
    /// The client.
    pub agent: Option<Agent>,
    /// The tool.
    pub tool: Tool,
    /// `attrs` of both events.
    pub attrs: Map<String, Value>,
    /// When the request began.
    pub began: Timestamp,
    /// The end that the process is.
    pub side: Side,
    /// `pipe` or `tcp`.
    pub transport: &'static str,
    /// What was captured is no TLS session.
    pub is_plain: bool,
    /// The trace that the client names.
    pub trace: Option<TraceContext>,
}

/// Makes the `agent.tool_call`; `before` is the use that it goes on with,
/// `decision` what a model asked for.
pub fn tool_call(
    emitter: &Emitter<'_>,
    open: &Open,
    used: ToolUse,
    before: Option<EventId>,
    decision: Option<EventId>,
) -> Event {
    let mut confidence = confidence();
    if open.call_id.is_none() {
        // Only the head of the request was there.
        confidence.partial();
        confidence.reasons.push("body_not_readable".into());
        confidence.missing.push("arguments".into());
    }
    let data = ToolCall {
        agent: open.agent.clone(),
        tool: open.tool.clone(),
        call_id: open.call_id.clone(),
        triggered_by: decision.map(|_| "llm_decision"),
        arguments: used.arguments,
    };
    let mut event = emitter.event(
        open.event,
        open.began,
        "ssl_write",
        confidence,
        Data::ToolCall(Box::new(data)),
    );
    event.attrs = open.attrs.clone();
    event.trace_context = open.trace.clone();
    let ties = [
        (before, Relationship::Related),
        (decision, Relationship::CausedBy),
    ];
    for (tie, relationship) in ties {
        event.related_events.extend(tie.map(|event_id| Related {
            event_id,
            relationship,
        }));
    }
    seen_at(&mut event, open.transport, open.side == Side::Client);
    event
}

/// How a call ended without an answer.
pub struct Cut {
    /// The name in `confidence.reasons`.
    pub reason: String,
    /// What the client told of it.
    pub error: Option<ToolError>,
}

/// Makes the `agent.tool_result` of an answer, or of none.
pub fn tool_result(
    emitter: &Emitter<'_>,
    open: Open,
    at: Timestamp,
    end: Result<Outcome, Cut>,
) -> Event {
    let mut confidence = confidence();
    let is_answer = end.is_ok();
    let outcome = end.unwrap_or_else(|cut| {
        confidence.partial();
        confidence.reasons.push(cut.reason);
        confidence
            .missing
            .extend(["success", "result"].map(str::to_owned));
        Outcome {
            error: cut.error,
            ..Outcome::default()
        }
    });
    let has_id = open.call_id.is_some();
    if !has_id {
        confidence.partial();
        confidence.missing.push("call_id".into());
    }
    let data = ToolResult {
        agent: open.agent,
        tool: Some(open.tool),
        // The schema wants one: the event that began it is the next best name.
        call_id: open.call_id.unwrap_or_else(|| open.event.to_string()),
        success: outcome.success,
        error: outcome.error,
        result: outcome.result,
        result_size_bytes: outcome.size,
        duration_ms: is_answer.then(|| at.millis_since(open.began)),
    };
    let id = EventId::derive(
        at,
        &[open.event.to_string().as_bytes(), b"agent.tool_result"],
    );
    let data = Data::ToolResult(Box::new(data));
    let mut event = emitter.event(id, at, "ssl_read", confidence, data);
    if open.is_plain {
        // Where nothing answers, the connection may be gone.
        event.source.capture_method = None;
        event.confidence.content_source = Some("plaintext_capture");
    }
    event.attrs = open.attrs;
    event.attrs.extend(outcome.attrs);
    if !has_id {
        event
            .attrs
            .insert("oisp.call_id.made_up".into(), true.into());
    }
    if !outcome.output.is_empty() {
        event.ext.insert("oisp".into(), outcome.output.into());
    }
    event.trace_context = open.trace;
    event.related_events.push(Related {
        event_id: open.event,
        relationship: Relationship::CausedBy,
    });
    seen_at(&mut event, open.transport, open.side == Side::Server);
    event
}

fn confidence() -> Confidence {
    let mut confidence = Confidence::full();
    confidence.content_source = Some("tls_boundary");
    confidence.ai_detection_method = Some("payload_inspection");
    confidence
}

/// Says where the message of an event was captured.
pub fn seen_at(event: &mut Event, transport: &str, written: bool) {
    if transport == "pipe" {
        // How a pipe is captured is for the backend to know.
        event.source = Source {
            capture_method: None,
            capture_point: Some(if written { "write" } else { "read" }),
            ..event.source.clone()
        };
        event.confidence.content_source = Some("plaintext_capture");
    } else if event.source.capture_method.is_some() {
        event.source.capture_point = Some(if written { "ssl_write" } else { "ssl_read" });
    } else {
        event.source.capture_point = Some(if written { "write" } else { "read" });
    }
}
