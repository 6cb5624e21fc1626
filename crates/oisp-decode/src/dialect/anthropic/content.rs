//! `POST /v1/messages`: the messages of a request and their content blocks.

use serde_json::{Map, Value, json};

use super::block;
use crate::dialect::call::{MessageBuilder, SpokenMessage, role_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::parts;

/// The system prompt and the messages, in wire order.
pub(super) fn messages(body: &mut Map<String, Value>) -> Vec<SpokenMessage> {
    let mut messages = Vec::new();
    if let Some(system) = body
        .get_mut("system")
        .map(Value::take)
        .filter(|system| !system.is_null())
    {
        blocks(system, "system", &mut messages);
    }
    for message in body.take_items("messages") {
        let mut message = object(message);
        let role = role_of(
            message
                .get("role")
                .and_then(Value::as_str)
                .unwrap_or_default(),
        );
        let content = message.get_mut("content").map(Value::take);
        blocks(content.unwrap_or_default(), role, &mut messages);
    }
    messages
}

/// A message's content. A tool result becomes a message of its own, in its
/// place among the others.
fn blocks(content: Value, role: &'static str, messages: &mut Vec<SpokenMessage>) {
    let mut builder = MessageBuilder::default();
    let before = messages.len();
    match content {
        Value::String(text) => builder.text(text),
        Value::Array(items) => {
            for item in items {
                let mut item = object(item);
                let kind = item.take_text("type").unwrap_or_default();
                if kind == "tool_result" {
                    flush(&mut builder, role, messages);
                    messages.push(tool_result(item));
                } else {
                    add(&kind, item, &mut builder);
                }
            }
        }
        _ => {}
    }
    if messages.len() == before {
        messages.push(builder.build(role));
    } else {
        flush(&mut builder, role, messages);
    }
}

fn flush(builder: &mut MessageBuilder, role: &'static str, messages: &mut Vec<SpokenMessage>) {
    if !builder.is_empty() {
        messages.push(std::mem::take(builder).build(role));
    }
}

fn tool_result(mut result: Map<String, Value>) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    inner(result.get_mut("content").map(Value::take), &mut builder);
    if result.get("is_error").and_then(Value::as_bool) == Some(true) {
        builder.part(json!({"type": "tool_call_response", "is_error": true}));
    }
    let mut spoken = builder.build("tool");
    spoken.message.tool_call_id = result.take_text("tool_use_id");
    spoken
}

/// Content inside a block: text, or blocks.
fn inner(content: Option<Value>, builder: &mut MessageBuilder) {
    match content {
        Some(Value::String(text)) => builder.text(text),
        Some(Value::Array(items)) => {
            for item in items {
                let mut item = object(item);
                let kind = item.take_text("type").unwrap_or_default();
                add(&kind, item, builder);
            }
        }
        _ => {}
    }
}

fn add(kind: &str, mut block: Map<String, Value>, builder: &mut MessageBuilder) {
    match kind {
        "text" => builder.text(block.take_text("text").unwrap_or_default()),
        "image" => {
            let source = block.take_object("source").unwrap_or_default();
            builder.image(self::source("image", source));
        }
        "document" => document(block, builder),
        "search_result" => {
            let text = joined_text(block.get_mut("content").map(Value::take));
            builder.part(json!({
                "type": kind, "source": block.take_text("source"),
                "title": block.take_text("title"), "content": text,
            }));
        }
        "thinking" => builder.part(parts::reasoning(
            &block.take_text("thinking").unwrap_or_default(),
        )),
        "tool_use" | "server_tool_use" | "mcp_tool_use" => {
            builder.part(tool_call(kind, block));
        }
        kind => builder.part(block::part(kind, block)),
    }
}

fn tool_call(kind: &str, mut block: Map<String, Value>) -> Value {
    let id = block.take_text("id");
    let name = block.take_text("name").unwrap_or_default();
    let input = block.get_mut("input").map(Value::take).unwrap_or_default();
    match kind {
        "tool_use" => parts::tool_call(id.as_deref(), &name, input),
        _ => parts::server_tool_call(id.as_deref(), &name, input),
    }
}

/// A document: bytes, a reference, or text that was sent along, which is not
/// what the speaker said. Pictures inside one count as pictures.
fn document(mut block: Map<String, Value>, builder: &mut MessageBuilder) {
    let mut source = block.take_object("source").unwrap_or_default();
    let text = match source.get("type").and_then(Value::as_str) {
        Some("text") => source.take_text("data"),
        Some("content") => {
            let mut content = MessageBuilder::default();
            inner(source.get_mut("content").map(Value::take), &mut content);
            let spoken = content.build("user");
            spoken
                .parts
                .into_iter()
                .for_each(|part| builder.image(part));
            spoken.message.content
        }
        _ => return builder.part(self::source("document", source)),
    };
    builder.part(json!({"type": "document", "title": block.take_text("title"), "content": text}));
}

fn joined_text(content: Option<Value>) -> Option<String> {
    let mut builder = MessageBuilder::default();
    inner(content, &mut builder);
    builder.build("user").message.content
}

fn source(modality: &str, mut source: Map<String, Value>) -> Value {
    let mime = source.take_text("media_type");
    if let Some(data) = source.take_text("data") {
        return parts::blob(modality, mime.as_deref(), &data);
    }
    match (source.take_text("url"), source.take_text("file_id")) {
        (Some(url), _) => parts::uri(modality, &url),
        (None, Some(id)) => parts::file(&id),
        (None, None) => parts::generic(modality),
    }
}
