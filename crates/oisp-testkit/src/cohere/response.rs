//! Writes a chat answer as one JSON object.

use serde_json::{Value, json};

use crate::answer::{Call, Meant, ToolCall, Usage};
use crate::reply::Reply;

/// Tokens that the provider adds to a prompt and does not charge.
const NOT_BILLED: u64 = 496;

/// What the wire shows of `meant`: this dialect's finish reasons. Beside calls
/// of tools stands a plan in place of a text. No answer names its model.
pub(super) fn as_shown(call: &Call, mut meant: Meant) -> Meant {
    let usual = if meant.tool_calls.is_empty() {
        "COMPLETE"
    } else {
        "TOOL_CALL"
    };
    meant.finish = Some(
        call.directive
            .finish
            .clone()
            .unwrap_or_else(|| usual.to_owned()),
    );
    meant.model.clone_from(&call.model);
    if !meant.tool_calls.is_empty() {
        meant.thinking = Some(meant.texts.concat()).filter(|plan| !plan.is_empty());
        meant.texts = vec![String::new()];
    }
    for (nth, tool) in meant.tool_calls.iter_mut().enumerate() {
        tool.id = format!("{}_{nth}_{}", tool.name, tool.id);
    }
    meant
}

pub(super) fn write(meant: Meant, token: &str) -> Reply {
    let mut message = json!({ "role": "assistant" });
    if let Some(message) = message.as_object_mut() {
        if meant.tool_calls.is_empty() {
            let thoughts = meant
                .thinking
                .as_deref()
                .map(|text| json!({ "type": "thinking", "thinking": text }));
            let said = json!({ "type": "text", "text": meant.texts.concat() });
            message.insert(
                "content".to_owned(),
                thoughts.into_iter().chain([said]).collect(),
            );
        } else {
            message.insert(
                "tool_plan".to_owned(),
                json!(meant.thinking.as_deref().unwrap_or_default()),
            );
            message.insert(
                "tool_calls".to_owned(),
                meant.tool_calls.iter().map(tool_call).collect(),
            );
        }
    }
    let body = json!({
        "id": id(token), "finish_reason": meant.finish, "message": message,
        "usage": usage(meant.usage.unwrap_or_default()),
    });
    Reply::json(super::DIALECT, 200, &body).meaning(meant)
}

pub(super) fn id(token: &str) -> String {
    format!("00000000-0000-4000-8000-{token:0>12.12}")
}

fn tool_call(call: &ToolCall) -> Value {
    let function = json!({ "name": call.name, "arguments": call.arguments });
    json!({ "id": call.id, "type": "function", "function": function })
}

/// Token usage as this dialect counts: what is charged, and what was used.
pub(super) fn usage(usage: Usage) -> Value {
    json!({
        "billed_units": { "input_tokens": usage.input, "output_tokens": usage.output },
        "tokens": { "input_tokens": usage.input + NOT_BILLED, "output_tokens": usage.output },
    })
}
