//! `POST /v1/responses`: the request.

use oisp_core::event::ai::{Parameters, Tool};
use serde_json::{Map, Value, json};

use super::item;
use crate::dialect::call::{Call, MessageBuilder, SpokenMessage, role_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::{openai, parts};

pub(super) fn call(body: Value) -> Call {
    let mut body = object(body);
    Call {
        messages: messages(&mut body),
        model: body.take_text("model"),
        streaming: body.get("stream").and_then(Value::as_bool),
        tools: body
            .take_items("tools")
            .into_iter()
            .filter_map(tool)
            .collect(),
        tool_choice: openai::tool_choice(body.get("tool_choice")),
        parameters: Parameters {
            temperature: body.get("temperature").and_then(Value::as_f64),
            top_p: body.get("top_p").and_then(Value::as_f64),
            max_tokens: body.number("max_output_tokens"),
            ..Parameters::default()
        },
        attrs: attrs(&mut body),
        session: None,
    }
}

fn attrs(body: &mut Map<String, Value>) -> Map<String, Value> {
    let mut attrs = Map::new();
    if let Some(id) = body.take_text("previous_response_id") {
        attrs.insert("gen_ai.request.previous_response.id".into(), id.into());
    }
    attrs
}

pub(in crate::dialect) fn tool(value: Value) -> Option<Tool> {
    let mut tool = object(value);
    let kind = tool.take_text("type")?;
    let schema_kind = match kind.as_str() {
        "function" | "custom" => "function",
        "code_interpreter" => "code_interpreter",
        "file_search" => "file_search",
        kind if kind.starts_with("computer") => "computer_use",
        _ => "other",
    };
    Some(Tool {
        name: tool.take_text("name").unwrap_or(kind),
        kind: schema_kind,
        description: tool.take_text("description"),
    })
}

fn messages(body: &mut Map<String, Value>) -> Vec<SpokenMessage> {
    let mut messages = Vec::new();
    if let Some(instructions) = body.take_text("instructions") {
        messages.push(text_message("system", instructions));
    }
    match body.get_mut("input").map(Value::take) {
        Some(Value::String(text)) => messages.push(text_message("user", text)),
        Some(Value::Array(items)) => messages.extend(items.into_iter().map(input_item)),
        _ => {}
    }
    messages
}

fn text_message(role: &'static str, text: String) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    builder.text(text);
    builder.build(role)
}

/// Each item is a message of its own, in wire order.
fn input_item(value: Value) -> SpokenMessage {
    let mut item = object(value);
    let kind = item.take_text("type").unwrap_or_else(|| "message".into());
    let mut builder = MessageBuilder::default();
    if kind == "message" {
        let role = role_of(item.get("role").and_then(Value::as_str).unwrap_or_default());
        content(item.get_mut("content").map(Value::take), &mut builder);
        return builder.build(role);
    }
    if kind.ends_with("_output") {
        content(item.get_mut("output").map(Value::take), &mut builder);
        let mut spoken = builder.build("tool");
        spoken.message.tool_call_id = item.take_text("call_id");
        return spoken;
    }
    if kind == "reasoning" {
        builder.part(parts::reasoning(&item::reasoning(&mut item)));
    } else if let Some(call) = item::tool_call(0, &kind, &mut item) {
        let arguments =
            serde_json::from_str(&call.arguments).unwrap_or(Value::String(call.arguments));
        let make = if call.kind == "function" {
            parts::tool_call
        } else {
            parts::server_tool_call
        };
        builder.part(make(call.id.as_deref(), &call.name, arguments));
    } else {
        builder.part(parts::generic(&kind));
    }
    builder.build("assistant")
}

fn content(value: Option<Value>, builder: &mut MessageBuilder) {
    match value {
        Some(Value::String(text)) => builder.text(text),
        Some(Value::Array(items)) => items
            .into_iter()
            .for_each(|item| part(object(item), builder)),
        _ => {}
    }
}

fn part(mut part: Map<String, Value>, builder: &mut MessageBuilder) {
    let kind = part.take_text("type").unwrap_or_default();
    match kind.as_str() {
        "input_text" | "output_text" | "text" => {
            builder.text(part.take_text("text").unwrap_or_default())
        }
        "refusal" => builder.part(json!({"type": "refusal", "content": part.take_text("refusal")})),
        "input_image" => builder.image(source("image", &mut part, "image_url")),
        "input_file" => {
            let file = match part.take_text("file_data") {
                Some(data) => parts::uri("document", &data),
                None => source("document", &mut part, "file_url"),
            };
            builder.part(file);
        }
        "input_audio" => builder.part(openai::input_audio(&mut part)),
        other => builder.part(parts::generic(other)),
    }
}

fn source(modality: &str, part: &mut Map<String, Value>, url: &str) -> Value {
    match (part.take_text(url), part.take_text("file_id")) {
        (Some(url), _) => parts::uri(modality, &url),
        (None, Some(id)) => parts::file(&id),
        (None, None) => parts::generic(modality),
    }
}
