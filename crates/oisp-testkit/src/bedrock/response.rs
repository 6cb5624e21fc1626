//! Writes a Converse answer as one JSON object.

use serde_json::{Value, json};

use crate::answer::{Call, Meant, ToolCall, Usage};
use crate::reply::Reply;

pub(super) const SIGNATURE: &str = "bWFkZSB1cCBmb3IgdGVzdHM=";

/// What the wire shows of `meant`: this dialect's ids and its stop reasons. No
/// answer names its model.
pub(super) fn as_shown(call: &Call, mut meant: Meant) -> Meant {
    for tool in &mut meant.tool_calls {
        tool.id = format!("tooluse_{}", tool.id);
    }
    let usual = if meant.tool_calls.is_empty() {
        "end_turn"
    } else {
        "tool_use"
    };
    meant.finish = Some(
        call.directive
            .finish
            .clone()
            .unwrap_or_else(|| usual.to_owned()),
    );
    meant.model.clone_from(&call.model);
    meant
}

pub(super) fn write(meant: Meant) -> Reply {
    let mut content = Vec::new();
    if let Some(thoughts) = &meant.thinking {
        let text = json!({ "text": thoughts, "signature": SIGNATURE });
        content.push(json!({ "reasoningContent": { "reasoningText": text } }));
    }
    let text = meant.texts.concat();
    if !text.is_empty() {
        content.push(json!({ "text": text }));
    }
    content.extend(meant.tool_calls.iter().map(tool_use));
    let body = json!({
        "metrics": { "latencyMs": 42 },
        "output": { "message": { "role": "assistant", "content": content } },
        "stopReason": meant.finish,
        "usage": usage(meant.usage.unwrap_or_default()),
    });
    Reply::json(super::DIALECT, 200, &body).meaning(meant)
}

fn tool_use(call: &ToolCall) -> Value {
    let input: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
    json!({ "toolUse": { "toolUseId": call.id, "name": call.name, "input": input } })
}

/// Token usage as this dialect counts: what the cache was read and written for
/// comes on top of the input.
pub(super) fn usage(usage: Usage) -> Value {
    json!({
        "inputTokens": usage.input - usage.cached - usage.cache_write,
        "outputTokens": usage.output,
        "totalTokens": usage.input + usage.output,
        "cacheReadInputTokens": usage.cached,
        "cacheWriteInputTokens": usage.cache_write,
    })
}
