//! Reads a request for content.

use serde_json::Value;

use crate::answer::Call;
use crate::turns::{Speaker, Turn, items, text};

/// The call that the body asks for, or what is wrong with it.
pub(super) fn read(body: &Value, model: &str, stream: bool) -> Result<Call, String> {
    let mut turns = Vec::new();
    let system = body
        .get("systemInstruction")
        .or_else(|| body.get("system_instruction"));
    if let Some(system) = system {
        turns.push(Turn::new(Speaker::Other, text(system.get("parts"))));
    }
    turns.extend(items(body, "contents").iter().map(turn));
    let mut call = Call::of_turns(model, &turns, stream)?;
    call.directive.thinking |= body.pointer("/generationConfig/thinkingConfig/includeThoughts")
        == Some(&Value::Bool(true));
    Ok(call)
}

/// The results of tools stand in turns of the user.
fn turn(content: &Value) -> Turn {
    let speaker = match content.get("role").and_then(Value::as_str) {
        Some("model") => Speaker::Other,
        _ if items(content, "parts")
            .iter()
            .any(|part| part.get("functionResponse").is_some()) =>
        {
            Speaker::Tool
        }
        _ => Speaker::User,
    };
    Turn::new(speaker, text(content.get("parts")))
}
