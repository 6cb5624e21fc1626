//! Content blocks that requests and answers write alike: what tools gave that
//! the provider ran, and blocks that are opaque or refer to files.

use serde_json::{Map, Value, json};

use crate::dialect::json::Fields;
use crate::dialect::parts;

/// The part that a block is which is neither text, thinking nor a tool call.
pub(super) fn part(kind: &str, mut block: Map<String, Value>) -> Value {
    match kind {
        "container_upload" => match block.take_text("file_id") {
            Some(id) => parts::file(&id),
            None => parts::generic(kind),
        },
        "compaction" => match block.take_text("content") {
            Some(summary) => json!({"type": kind, "content": summary}),
            None => parts::generic(kind),
        },
        "fallback" => {
            json!({"type": kind, "from": model(&block, "from"), "to": model(&block, "to")})
        }
        "tool_reference" => json!({"type": kind, "name": block.take_text("tool_name")}),
        kind if kind.ends_with("_tool_result") => server_result(kind, block),
        // Redacted thinking and the like: nothing that could be read.
        kind => parts::generic(kind),
    }
}

/// A passage that a text refers to.
pub(super) fn citation(citation: Value) -> Value {
    json!({"type": "citation", "citation": legible(citation)})
}

fn model<'a>(block: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    block.get(key)?.get("model")?.as_str()
}

fn server_result(kind: &str, mut block: Map<String, Value>) -> Value {
    let id = block.take_text("tool_use_id");
    let content = block.get_mut("content").map(Value::take);
    let mut part = parts::server_tool_result(
        id.as_deref(),
        kind,
        content.map(legible).unwrap_or_default(),
    );
    if block.get("is_error").and_then(Value::as_bool) == Some(true)
        && let Some(part) = part.as_object_mut()
    {
        part.insert("is_error".into(), true.into());
    }
    part
}

/// A value without what only the provider can read, bytes as length and hash.
fn legible(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(legible).collect(),
        Value::Object(mut object) => {
            if object.get("type").and_then(Value::as_str) == Some("base64") {
                let mime = object.take_text("media_type");
                let data = object.take_text("data").unwrap_or_default();
                return parts::blob("document", mime.as_deref(), &data);
            }
            object.retain(|key, _| !key.starts_with("encrypted_"));
            let legible = object.into_iter().map(|(key, inner)| (key, legible(inner)));
            Value::Object(legible.collect())
        }
        other => other,
    }
}
