//! `agent.tool_result` and `agent.session`.

use oisp_core::event::agent::Agent;
use oisp_core::event::{self, Confidence, Data, Related, Relationship, Source};
use oisp_core::{Event, EventId};
use serde_json::Map;

use super::{Emitter, Shared, tools};
use crate::agents::Ended;
use crate::connection::Side;
use crate::conversation::session_of;
use crate::dialect::Call;
use crate::exchange::Asked;

/// The start of a session, where this call is the first of one. What a gateway
/// serves is a session of the agent's process, not of the gateway.
pub(super) fn session_start(
    emitter: &mut Emitter<'_>,
    shared: &Shared,
    asked: &Asked,
    out: &mut Vec<Event>,
) {
    let call = asked.call.as_ref();
    let names_itself = session_of(&asked.head.headers).is_some()
        || call.is_some_and(|call| call.session.is_some());
    let is_agent = names_itself || call.is_some_and(|call| !call.tools.is_empty());
    if shared.side == Side::Server {
        return;
    }
    let started = emitter.agents.sessions.call(
        &shared.conversation_id,
        emitter.conn.pid,
        Agent::default(),
        is_agent,
        shared.began,
    );
    let Some(session) = started else { return };
    let id = emitter.event_id(shared.began, "agent.session", 0);
    let data = Data::Session(Box::new(session));
    let point = shared.request_point();
    let mut event = emitter.event(id, shared.began, point, Confidence::full(), data);
    event.trace_context = Some(shared.trace.clone());
    out.push(event);
}

/// The end of a session.
pub fn session_end(ended: Ended) -> Event {
    let session = ended.session.session_id.clone().unwrap_or_default();
    Event {
        oisp_version: event::OISP_VERSION,
        event_id: EventId::derive(ended.at, &[b"agent.session", b"end", session.as_bytes()]),
        ts: ended.at,
        host: None,
        actor: None,
        process: Some(event::Process {
            pid: ended.pid,
            ..event::Process::default()
        }),
        source: Source::new("tls_boundary", "ssl_write"),
        confidence: Confidence::full(),
        data: Data::Session(Box::new(ended.session)),
        attrs: Map::new(),
        ext: Map::new(),
        related_events: Vec::new(),
        trace_context: None,
        app: None,
    }
}

/// The results of tools that a request brings; gives the calls that they answer.
pub(super) fn results(
    emitter: &mut Emitter<'_>,
    shared: &Shared,
    call: &Call,
    confidence: &Confidence,
    out: &mut Vec<Event>,
) -> Vec<EventId> {
    let at = shared.began;
    let results = emitter
        .agents
        .calls
        .results(emitter.conn, &call.messages, at);
    let calls = results.iter().map(|answered| answered.call).collect();
    for (n, answered) in results.into_iter().enumerate() {
        let call_id = answered.result.call_id.clone();
        let mut event = emitter.event(
            emitter.event_id(at, "agent.tool_result", n),
            at,
            shared.request_point(),
            confidence.clone(),
            Data::ToolResult(Box::new(answered.result)),
        );
        event.attrs = tools::attrs(shared);
        if answered.made_up_id {
            event.attrs.insert("oisp.call_id".into(), call_id.into());
        }
        event.trace_context = Some(shared.trace.clone());
        for (event_id, relationship) in [
            (answered.call, Relationship::CausedBy),
            (shared.request_event, Relationship::Parent),
        ] {
            event.related_events.push(Related {
                event_id,
                relationship,
            });
        }
        out.push(event);
    }
    calls
}
