//! `POST /v1/messages`: the request.

use oisp_core::event::ai::{Parameters, Tool};
use serde_json::{Map, Value, json};

use crate::dialect::call::{Call, MessageBuilder, SpokenMessage, role_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::parts;

pub(super) fn call(body: Value) -> Call {
    let mut body = object(body);
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
        blocks(
            message
                .get_mut("content")
                .map(Value::take)
                .unwrap_or_default(),
            role,
            &mut messages,
        );
    }
    Call {
        model: body.take_text("model"),
        streaming: body.get("stream").and_then(Value::as_bool),
        messages,
        tools: body
            .take_items("tools")
            .into_iter()
            .filter_map(tool)
            .collect(),
        tool_choice: body
            .take_object("tool_choice")
            .as_ref()
            .and_then(tool_choice),
        parameters: parameters(&mut body),
        attrs: Map::new(),
        session: None,
    }
}

fn parameters(body: &mut Map<String, Value>) -> Parameters {
    let stop = body.take_items("stop_sequences");
    Parameters {
        temperature: body.get("temperature").and_then(Value::as_f64),
        top_p: body.get("top_p").and_then(Value::as_f64),
        max_tokens: body.number("max_tokens"),
        stop: (!stop.is_empty()).then(|| {
            stop.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        }),
        ..Parameters::default()
    }
}

fn tool_choice(choice: &Map<String, Value>) -> Option<String> {
    let word = match choice.get("type")?.as_str()? {
        "any" => "required",
        "tool" => "specific",
        other => other,
    };
    Some(word.to_owned())
}

fn tool(value: Value) -> Option<Tool> {
    let mut tool = object(value);
    let kind = match tool.get("type").and_then(Value::as_str) {
        None | Some("custom") => "function",
        Some(kind) if kind.starts_with("computer_") => "computer_use",
        Some(kind) if kind.starts_with("code_execution") => "code_interpreter",
        Some(_) => "other",
    };
    Some(Tool {
        name: tool.take_text("name")?,
        kind,
        description: tool.take_text("description"),
    })
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
                    block(&kind, item, &mut builder);
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
    match result.get_mut("content").map(Value::take) {
        Some(Value::String(text)) => builder.text(text),
        Some(Value::Array(items)) => {
            for item in items {
                let mut item = object(item);
                let kind = item.take_text("type").unwrap_or_default();
                block(&kind, item, &mut builder);
            }
        }
        _ => {}
    }
    if result.get("is_error").and_then(Value::as_bool) == Some(true) {
        builder.part(json!({"type": "tool_call_response", "is_error": true}));
    }
    let mut spoken = builder.build("tool");
    spoken.message.tool_call_id = result.take_text("tool_use_id");
    spoken
}

fn block(kind: &str, mut block: Map<String, Value>, builder: &mut MessageBuilder) {
    match kind {
        "text" => builder.text(block.take_text("text").unwrap_or_default()),
        "image" => builder.image(source(
            "image",
            block.take_object("source").unwrap_or_default(),
        )),
        "document" => {
            let mut inner = block.take_object("source").unwrap_or_default();
            match inner.get("type").and_then(Value::as_str) {
                Some("text") => builder.text(inner.take_text("data").unwrap_or_default()),
                _ => builder.part(source("document", inner)),
            }
        }
        "thinking" => builder.part(parts::reasoning(
            &block.take_text("thinking").unwrap_or_default(),
        )),
        "tool_use" | "server_tool_use" | "mcp_tool_use" => {
            let id = block.take_text("id");
            let name = block.take_text("name").unwrap_or_default();
            let input = block.get_mut("input").map(Value::take).unwrap_or_default();
            builder.part(match kind {
                "tool_use" => parts::tool_call(id.as_deref(), &name, input),
                _ => parts::server_tool_call(id.as_deref(), &name, input),
            });
        }
        other => builder.part(parts::generic(other)),
    }
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
