//! `agent.tool_call` events of an answer.

use oisp_core::event::agent::{Tool, ToolCall as ToolCallEvent};
use oisp_core::event::ai::{Arguments, ToolCall};
use oisp_core::event::{Confidence, Data, Related, Relationship};
use oisp_core::{Event, EventId, Timestamp};
use serde_json::{Map, Value};

use super::{Emitter, Shared};
use crate::agents::made_up_id;
use crate::connection::Side;

/// Most events of one answer. No model calls so many tools at once.
pub(super) const MAX_CALLS: usize = 1024;

/// The events of the calls that the client is to run.
pub(super) fn emit(
    emitter: &mut Emitter<'_>,
    shared: &Shared,
    answer: (EventId, Timestamp),
    confidence: &Confidence,
    calls: Vec<ToolCall>,
    out: &mut Vec<Event>,
) {
    let (response_event, at) = answer;
    if shared.side == Side::Client {
        let ids: Vec<_> = (0..calls.len())
            .map(|n| emitter.event_id(at, "agent.tool_call", n))
            .collect();
        let (pid, conversation) = (emitter.conn.pid, &shared.conversation_id);
        let effects = &mut emitter.agents.effects;
        effects.open(pid, conversation, ids.into_iter().zip(&calls), at);
    }
    for (n, call) in calls.into_iter().enumerate() {
        let id = emitter.event_id(at, "agent.tool_call", n);
        emitter.agents.calls.called(emitter.conn, id, &call, at);
        let own_id = call.id.is_none().then(|| made_up_id(&id));
        let point = shared.answer_point();
        let mut event = emitter.event(id, at, point, confidence.clone(), tool_call(call));
        event.attrs = attrs(shared);
        if let Some(own_id) = own_id {
            event.attrs.insert("oisp.call_id".into(), own_id.into());
        }
        event.trace_context = Some(shared.trace.clone());
        event.related_events.push(Related {
            event_id: response_event,
            relationship: Relationship::CausedBy,
        });
        out.push(event);
    }
}

fn tool_call(call: ToolCall) -> Data {
    let arguments = match call.arguments {
        Arguments::Object(arguments) => Some(arguments),
        Arguments::Text(_) => None,
    };
    Data::ToolCall(Box::new(ToolCallEvent {
        tool: Tool {
            name: call.name,
            ..Tool::default()
        },
        call_id: call.id,
        triggered_by: Some("llm_decision"),
        arguments,
        ..ToolCallEvent::default()
    }))
}

/// What the events of tools share with those of their call.
pub(super) fn attrs(shared: &Shared) -> Map<String, Value> {
    let mut attrs = shared.attrs.clone();
    attrs.insert("oisp.request_id".into(), shared.request_id.clone().into());
    attrs.insert(
        "gen_ai.conversation.id".into(),
        shared.conversation_id.clone().into(),
    );
    attrs
}
