//! Reads a request for a response.

use serde_json::{Value, json};

use crate::answer::Call;
use crate::turns::{Speaker, Turn, field, flag, items, model, text};

/// A call, and what its answer repeats of it.
pub(super) struct Asked {
    pub(super) call: Call,
    pub(super) echo: Value,
}

/// The call that the body asks for, or what is wrong with it.
pub(super) fn read(body: &Value) -> Result<Asked, String> {
    let mut turns = Vec::new();
    if let Some(instructions) = field(body, "instructions") {
        turns.push(Turn::new(Speaker::Other, instructions.to_owned()));
    }
    match body.get("input") {
        Some(Value::String(prompt)) => turns.push(Turn::new(Speaker::User, prompt.clone())),
        _ => turns.extend(items(body, "input").iter().map(turn)),
    }
    let mut call = Call::of_turns(model(body)?, &turns, flag(body, "stream"))?;
    call.directive.thinking |= body
        .pointer("/reasoning/effort")
        .is_some_and(Value::is_string);
    let or = |name: &str, usual: Value| body.get(name).cloned().unwrap_or(usual);
    let echo = json!({
        "instructions": or("instructions", Value::Null),
        "metadata": or("metadata", json!({})),
        "previous_response_id": or("previous_response_id", Value::Null),
        "store": or("store", true.into()),
        "tools": or("tools", json!([])),
    });
    Ok(Asked { call, echo })
}

fn turn(item: &Value) -> Turn {
    match field(item, "type") {
        Some("function_call_output") => Turn::new(Speaker::Tool, text(item.get("output"))),
        _ => Turn::of(item),
    }
}
