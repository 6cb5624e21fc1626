//! `POST /v2/chat`: the request.

use oisp_core::event::ai::Tool;
use serde_json::{Map, Value};

use crate::dialect::call::{Call, MessageBuilder, SpokenMessage, role_of};
use crate::dialect::cohere::message;
use crate::dialect::json::{Fields, object};
use crate::dialect::{parts, prompt};

/// Reads a request. Documents belong to the last thing that was said.
pub(in crate::dialect) fn call(body: Value) -> Call {
    let mut body = object(body);
    let spoken = body.take_items("messages").into_iter().map(spoken);
    let mut messages: Vec<_> = spoken.collect();
    let documents = body
        .take_items("documents")
        .into_iter()
        .map(message::document);
    if let Some(last) = messages.last_mut() {
        last.parts.extend(documents);
    }
    Call {
        streaming: body.get("stream").and_then(Value::as_bool),
        messages,
        tools: body
            .take_items("tools")
            .into_iter()
            .filter_map(tool)
            .collect(),
        tool_choice: body
            .take_text("tool_choice")
            .map(|word| word.to_ascii_lowercase()),
        parameters: prompt::parameters(&body),
        attrs: message::attrs(&mut body),
        model: body.take_text("model"),
        ..Call::default()
    }
}

fn tool(value: Value) -> Option<Tool> {
    let mut function = object(value).take_object("function")?;
    Some(Tool {
        name: function.take_text("name")?,
        kind: "function",
        description: function.take_text("description"),
    })
}

fn spoken(value: Value) -> SpokenMessage {
    let mut wire = object(value);
    let role = wire.take_text("role").unwrap_or_default();
    let mut builder = MessageBuilder::default();
    if let Some(plan) = wire.take_text("tool_plan") {
        builder.part(parts::reasoning(&plan));
    }
    match wire.remove("content") {
        Some(Value::String(text)) => builder.text(text),
        Some(Value::Array(items)) => items.into_iter().for_each(|item| part(item, &mut builder)),
        _ => {}
    }
    for call in wire.take_items("tool_calls") {
        builder.part(tool_call(object(call)));
    }
    let mut spoken = builder.build(role_of(&role.to_ascii_lowercase()));
    spoken.message.tool_call_id = wire.take_text("tool_call_id");
    spoken
}

fn tool_call(mut call: Map<String, Value>) -> Value {
    let id = call.take_text("id");
    let mut function = call.take_object("function").unwrap_or_default();
    let name = function.take_text("name").unwrap_or_default();
    let arguments = function.take_text("arguments").unwrap_or_default();
    let arguments = serde_json::from_str(&arguments).unwrap_or(Value::String(arguments));
    parts::tool_call(id.as_deref(), &name, arguments)
}

fn part(value: Value, builder: &mut MessageBuilder) {
    let mut part = match value {
        Value::String(text) => return builder.text(text),
        other => object(other),
    };
    let kind = part.take_text("type").unwrap_or_default();
    match kind.as_str() {
        "text" => builder.text(part.take_text("text").unwrap_or_default()),
        "thinking" => {
            let thinking = part.take_text("thinking").unwrap_or_default();
            builder.part(parts::reasoning(&thinking));
        }
        "image_url" => {
            let url = match part.remove("image_url") {
                Some(Value::Object(mut image)) => image.take_text("url"),
                Some(Value::String(url)) => Some(url),
                _ => None,
            };
            builder.image(parts::uri("image", &url.unwrap_or_default()));
        }
        // What a tool gives back as documents is what it says.
        "document" => {
            let document = part.take_object("document").unwrap_or_default();
            builder.text(message::document_text(document));
        }
        other => builder.part(parts::generic(other)),
    }
}
