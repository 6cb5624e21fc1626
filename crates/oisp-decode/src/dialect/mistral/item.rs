//! The entries of Mistral's conversations: what goes in, and what comes out.

use serde_json::{Map, Value, json};

use crate::dialect::answer::{ChoiceDraft, ToolDraft};
use crate::dialect::call::{MessageBuilder, SpokenMessage, role_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::parts;

/// An entry of a request. What has no type is a message.
pub(super) fn message(entry: Value) -> SpokenMessage {
    let mut entry = object(entry);
    let kind = entry.take_text("type").unwrap_or_default();
    let mut builder = MessageBuilder::default();
    match kind.as_str() {
        "function.result" => {
            builder.text(entry.take_text("result").unwrap_or_default());
            let mut spoken = builder.build("tool");
            spoken.message.tool_call_id = entry.take_text("tool_call_id");
            spoken
        }
        "function.call" => {
            let id = entry.take_text("tool_call_id");
            let (name, arguments) = name_and_arguments(&mut entry);
            builder.part(parts::tool_call(id.as_deref(), &name, arguments));
            builder.build("assistant")
        }
        "tool.execution" => {
            let id = entry.take_text("id");
            let (name, arguments) = name_and_arguments(&mut entry);
            builder.part(parts::server_tool_call(id.as_deref(), &name, arguments));
            builder.build("assistant")
        }
        "agent.handoff" => {
            builder.part(parts::generic(&kind));
            builder.build("assistant")
        }
        _ => {
            let wire = entry.take_text("role").unwrap_or_default();
            match entry.remove("content") {
                Some(Value::String(text)) => builder.text(text),
                Some(Value::Array(chunks)) => chunks
                    .into_iter()
                    .for_each(|item| chunk(object(item), &mut builder)),
                _ => {}
            }
            builder.build(role_of(&wire))
        }
    }
}

fn name_and_arguments(entry: &mut Map<String, Value>) -> (String, Value) {
    let arguments = match entry.remove("arguments") {
        Some(Value::String(text)) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        other => other.unwrap_or_default(),
    };
    (entry.take_text("name").unwrap_or_default(), arguments)
}

fn chunk(mut chunk: Map<String, Value>, builder: &mut MessageBuilder) {
    if chunk.get("type").and_then(Value::as_str) == Some("text") {
        return builder.text(chunk.take_text("text").unwrap_or_default());
    }
    let is_image = chunk.get("type").and_then(Value::as_str) == Some("image_url");
    match chunk_part(chunk) {
        part if is_image => builder.image(part),
        part => builder.part(part),
    }
}

/// What is no text, as a part.
fn chunk_part(mut chunk: Map<String, Value>) -> Value {
    let kind = chunk.take_text("type").unwrap_or_default();
    match kind.as_str() {
        "image_url" | "document_url" => {
            let url = match chunk.remove(&kind) {
                Some(Value::Object(mut object)) => object.take_text("url"),
                Some(Value::String(url)) => Some(url),
                _ => None,
            };
            let modality = kind.trim_end_matches("_url");
            parts::uri(modality, &url.unwrap_or_default())
        }
        "thinking" => parts::reasoning(&thinking(&mut chunk)),
        "tool_file" => parts::file(&chunk.take_text("file_id").unwrap_or_default()),
        "tool_reference" => json!({
            "type": kind,
            "tool": chunk.take_text("tool"),
            "title": chunk.take_text("title"),
            "uri": chunk.take_text("url"),
        }),
        _ => parts::generic(&kind),
    }
}

fn thinking(chunk: &mut Map<String, Value>) -> String {
    match chunk.remove("thinking") {
        Some(Value::String(text)) => text,
        Some(Value::Array(items)) => items
            .into_iter()
            .filter_map(|item| object(item).take_text("text"))
            .collect(),
        _ => String::new(),
    }
}

/// Adds an entry of a whole answer.
pub(super) fn add(entry: Value, position: u64, draft: &mut ChoiceDraft) {
    let mut entry = object(entry);
    let kind = entry.take_text("type").unwrap_or_default();
    match kind.as_str() {
        "message.output" => {
            add_content(entry.remove("content"), draft);
        }
        "function.call" | "tool.execution" => draft.tools.push(tool(&kind, position, entry)),
        other => draft.parts.push(parts::generic(other)),
    }
}

/// Adds content of the model; true where there is some.
pub(super) fn add_content(content: Option<Value>, draft: &mut ChoiceDraft) -> bool {
    match content {
        Some(Value::String(text)) => {
            draft.text.push_str(&text);
            !text.is_empty()
        }
        Some(Value::Array(chunks)) => {
            let is_content = !chunks.is_empty();
            chunks
                .into_iter()
                .for_each(|item| add_chunk(object(item), draft));
            is_content
        }
        Some(Value::Object(item)) => {
            add_chunk(item, draft);
            true
        }
        _ => false,
    }
}

fn add_chunk(mut chunk: Map<String, Value>, draft: &mut ChoiceDraft) {
    match chunk.get("type").and_then(Value::as_str) {
        Some("text") => draft
            .text
            .push_str(&chunk.take_text("text").unwrap_or_default()),
        Some("thinking") => draft.thinking.push_str(&thinking(&mut chunk)),
        _ => draft.parts.push(chunk_part(chunk)),
    }
}

/// A call: for the client to run, or one that the provider ran.
pub(super) fn tool(kind: &str, index: u64, mut entry: Map<String, Value>) -> ToolDraft {
    let is_function = kind.starts_with("function.call");
    let id = if is_function { "tool_call_id" } else { "id" };
    ToolDraft {
        index,
        id: entry.take_text(id),
        name: entry.take_text("name").unwrap_or_default(),
        kind: if is_function {
            "function".into()
        } else {
            "tool.execution".into()
        },
        arguments: match entry.remove("arguments") {
            Some(Value::String(text)) => text,
            Some(arguments @ Value::Object(_)) => arguments.to_string(),
            _ => String::new(),
        },
    }
}
