//! Writes content as one JSON object, and the parts that it is made of.

use serde_json::{Value, json};

use crate::answer::{Call, Meant, ToolCall, Usage};
use crate::exchange::Dialect;
use crate::reply::Reply;
use crate::route::Routing;

/// What the wire shows of `meant`: a call of a tool ends an answer as its text
/// does.
pub(super) fn as_shown(call: &Call, mut meant: Meant) -> Meant {
    meant.finish = Some(
        call.directive
            .finish
            .clone()
            .unwrap_or_else(|| "STOP".to_owned()),
    );
    meant
}

pub(super) fn write(call: &Call, meant: Meant, routing: &Routing<'_>) -> Reply {
    let meant = as_shown(call, meant);
    let mut parts = Vec::new();
    parts.extend(meant.thinking.as_deref().map(thought));
    let said = meant.texts.concat();
    if !said.is_empty() {
        parts.push(text(&said));
    }
    parts.extend(meant.tool_calls.iter().map(function_call));
    let usage = usage(meant.usage.unwrap_or_default());
    let body = content(&meant, routing, parts, meant.finish.as_deref(), usage);
    Reply::json(Dialect::Gemini, 200, &body).meaning(meant)
}

/// An answer, or one of a stream: each is a whole object.
pub(super) fn content(
    meant: &Meant,
    routing: &Routing<'_>,
    parts: Vec<Value>,
    finish: Option<&str>,
    usage: Value,
) -> Value {
    let mut candidate = json!({ "content": { "parts": parts, "role": "model" }, "index": 0 });
    if let (Some(finish), Some(candidate)) = (finish, candidate.as_object_mut()) {
        candidate.insert("finishReason".to_owned(), finish.into());
    }
    json!({
        "candidates": [candidate], "usageMetadata": usage,
        "modelVersion": meant.model, "responseId": routing.token,
    })
}

pub(super) fn text(text: &str) -> Value {
    json!({ "text": text })
}

pub(super) fn thought(text: &str) -> Value {
    json!({ "text": text, "thought": true })
}

pub(super) fn function_call(call: &ToolCall) -> Value {
    let args: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
    json!({ "functionCall": { "id": call.id, "name": call.name, "args": args } })
}

/// Token usage as this dialect counts: thoughts come on top of the candidates,
/// cached tokens are a subset of the prompt's.
pub(super) fn usage(usage: Usage) -> Value {
    let mut counts = json!({
        "promptTokenCount": usage.input,
        "candidatesTokenCount": usage.output - usage.reasoning,
        "totalTokenCount": usage.input + usage.output,
        "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": usage.input }],
    });
    for (name, count) in [
        ("thoughtsTokenCount", usage.reasoning),
        ("cachedContentTokenCount", usage.cached),
    ] {
        if let (1.., Some(counts)) = (count, counts.as_object_mut()) {
            counts.insert(name.to_owned(), count.into());
        }
    }
    counts
}
