//! Writes a chat answer as one JSON object.

use serde_json::{Map, Value, json};

use crate::answer::{Call, Meant};
use crate::reply::Reply;

/// When all answers were made: the dialect tells it as text.
const CREATED_AT: &str = "2026-01-01T00:00:00.123456789Z";

/// What the wire shows of `meant`: calls of tools end an answer as its text
/// does, and the model answers by the name that it was asked by.
pub(super) fn as_shown(call: &Call, mut meant: Meant) -> Meant {
    for tool in &mut meant.tool_calls {
        tool.id = format!("call_{}", tool.id);
    }
    meant.model = call.plain_model().to_owned();
    meant.finish = Some(
        call.directive
            .finish
            .clone()
            .unwrap_or_else(|| "stop".to_owned()),
    );
    meant
}

pub(super) fn write(meant: Meant) -> Reply {
    let mut message = json!({ "role": "assistant", "content": meant.texts.concat() });
    if let (Some(thinking), Some(message)) = (&meant.thinking, message.as_object_mut()) {
        message.insert("thinking".to_owned(), thinking.as_str().into());
    }
    add_tools(&mut message, &meant);
    let body = last(&meant, message);
    Reply::json(super::DIALECT, 200, &body).meaning(meant)
}

/// A line of a stream.
pub(super) fn line(meant: &Meant, message: Value) -> Value {
    json!({ "model": meant.model, "created_at": CREATED_AT, "message": message, "done": false })
}

/// The last line of a stream, or the only object.
pub(super) fn last(meant: &Meant, message: Value) -> Value {
    let usage = meant.usage.unwrap_or_default();
    json!({
        "model": meant.model, "created_at": CREATED_AT, "message": message, "done": true,
        "done_reason": meant.finish, "total_duration": 5_043_500_667_u64, "load_duration": 5_025_959_u64,
        "prompt_eval_count": usage.input, "prompt_eval_duration": 325_953_000,
        "eval_count": usage.output, "eval_duration": 4_709_213_000_u64,
    })
}

pub(super) fn add_tools(message: &mut Value, meant: &Meant) {
    let call = |(nth, call): (usize, &crate::ToolCall)| {
        let arguments: Map<String, Value> =
            serde_json::from_str(&call.arguments).unwrap_or_default();
        json!({ "id": call.id, "function": { "index": nth, "name": call.name, "arguments": arguments } })
    };
    let calls: Vec<Value> = meant.tool_calls.iter().enumerate().map(call).collect();
    if let (false, Some(message)) = (calls.is_empty(), message.as_object_mut()) {
        message.insert("tool_calls".to_owned(), calls.into());
    }
}
