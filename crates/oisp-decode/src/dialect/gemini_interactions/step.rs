//! Steps and contents, which requests and answers write alike.

use serde_json::{Map, Value, json};

use crate::dialect::answer::ToolDraft;
use crate::dialect::gemini::wire::{Lists, snake};
use crate::dialect::json::Fields;
use crate::dialect::parts;

/// A picture, audio, video or document; `None` for another kind.
pub(super) fn media(kind: &str, content: &mut Map<String, Value>) -> Option<Value> {
    if !matches!(kind, "image" | "audio" | "video" | "document") {
        return None;
    }
    let mime = content.take_text("mime_type");
    if let Some(data) = content.take_text("data") {
        return Some(parts::blob(kind, mime.as_deref(), &data));
    }
    let uri = content.take_text("uri")?;
    let mut part = parts::uri(kind, &uri);
    if let (Some(mime), Some(part)) = (mime, part.as_object_mut()) {
        part.insert("mime_type".into(), mime.into());
    }
    Some(part)
}

/// The call that a step is; `None` for a step of another kind.
pub(super) fn call(index: u64, kind: &str, step: &mut Map<String, Value>) -> Option<ToolDraft> {
    let tool = kind.strip_suffix("_call")?;
    Some(ToolDraft {
        index,
        id: step.take_text("id"),
        name: step.take_text("name").unwrap_or_else(|| tool.to_owned()),
        kind: if kind == "function_call" {
            "function"
        } else {
            kind
        }
        .to_owned(),
        arguments: arguments(step).unwrap_or_default(),
    })
}

/// JSON text of a call's arguments, where it came with some.
pub(super) fn arguments(step: &mut Map<String, Value>) -> Option<String> {
    let arguments = step.take_object("arguments")?;
    (!arguments.is_empty()).then(|| Value::Object(arguments).to_string())
}

/// What a tool gave that the provider ran.
pub(super) fn result(kind: &str, id: Option<&str>, step: &mut Map<String, Value>) -> Value {
    let own = step.take_text("call_id");
    let result = step.get_mut("result").map(Value::take).unwrap_or_default();
    let mut part = parts::server_tool_result(own.as_deref().or(id), kind, result);
    if step.get("is_error").and_then(Value::as_bool) == Some(true)
        && let Some(part) = part.as_object_mut()
    {
        part.insert("is_error".into(), true.into());
    }
    part
}

/// The text of a thought's summary.
pub(super) fn thought(step: &mut Map<String, Value>) -> String {
    let summary = step.take_list("summary").into_iter();
    let texts: Vec<_> = summary.filter_map(text).collect();
    texts.join("\n")
}

/// The text of a content.
pub(super) fn text(content: Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text),
        content => snake(content).take_text("text"),
    }
}

/// Passages that a text refers to.
pub(super) fn citations(content: &mut Map<String, Value>) -> impl Iterator<Item = Value> + use<> {
    content
        .take_list("annotations")
        .into_iter()
        .map(|annotation| json!({"type": "citation", "citation": annotation}))
}
