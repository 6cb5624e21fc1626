//! Where an event stands among traces, with the events that it refers to.

use super::event::Event;
use super::ids::{self, Place};
use super::recall::Memory;

/// The span that an event is part of, where there is one: an exchange's, a tool
/// call's, or that of the tool call that brought it about.
pub(super) fn of(event: &Event, memory: &Memory) -> Option<Place> {
    match event.kind() {
        "agent.tool_call" => Some(of_call(event, memory)),
        "agent.tool_result" => Some(of_result(event, call_of(event, memory).as_ref(), memory)),
        "ai.embedding" => ids::exchange(&memory.find(event.related("caused_by")?)?),
        _ => ids::exchange(event).or_else(|| {
            let call = call_of(event, memory)?;
            Some(of_call(&call, memory))
        }),
    }
}

/// The tool call that an event goes back to.
pub(super) fn call_of(event: &Event, memory: &Memory) -> Option<Event> {
    let call = memory.find(event.related("caused_by")?)?;
    (call.kind() == "agent.tool_call").then_some(call)
}

/// Where a tool's span stands; `call` is the event that began it.
pub(super) fn of_result(result: &Event, call: Option<&Event>, memory: &Memory) -> Place {
    match call {
        Some(call) => of_call(call, memory),
        None => ids::tool_of_result(result),
    }
}

/// A call that a client asks of an MCP server may go back to a model's decision.
fn of_call(call: &Event, memory: &Memory) -> Place {
    let decision = call_of(call, memory).map(|decision| ids::tool(&decision, None));
    ids::tool(call, decision)
}
