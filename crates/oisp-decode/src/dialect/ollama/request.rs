//! `POST /api/chat`, `/api/generate`, `/api/embed`: the requests.

use oisp_core::event::ai::Tool;
use serde_json::{Map, Value, json};

use crate::dialect::call::{Call, MessageBuilder, SpokenMessage, role_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::{parts, settings};

pub(super) fn chat(body: Value) -> Call {
    let mut body = object(body);
    let messages = body.take_items("messages").into_iter().map(message);
    Call {
        messages: messages.collect(),
        tools: body
            .take_items("tools")
            .into_iter()
            .filter_map(tool)
            .collect(),
        ..shared(&mut body, true)
    }
}

pub(super) fn generate(body: Value) -> Call {
    let mut body = object(body);
    let mut messages = Vec::new();
    if let Some(system) = body.take_text("system") {
        messages.push(spoken("system", system));
    }
    let mut prompt = MessageBuilder::default();
    prompt.text(body.take_text("prompt").unwrap_or_default());
    add_images(&mut body, &mut prompt);
    if let Some(suffix) = body.take_text("suffix") {
        prompt.part(json!({"type": "suffix", "content": suffix}));
    }
    messages.push(prompt.build("user"));
    Call {
        messages,
        ..shared(&mut body, true)
    }
}

pub(super) fn embed(body: Value) -> Call {
    let mut body = object(body);
    let input = body.remove("input").or_else(|| body.remove("prompt"));
    let texts = match input {
        Some(Value::Array(items)) => items,
        Some(text) => vec![text],
        None => Vec::new(),
    };
    let messages = texts.into_iter().filter_map(|text| match text {
        Value::String(text) => Some(spoken("user", text)),
        _ => None,
    });
    let messages = messages.collect();
    let mut call = Call {
        messages,
        ..shared(&mut body, false)
    };
    if let Some(length) = body.number("dimensions") {
        call.attrs
            .insert("gen_ai.embeddings.dimension.count".into(), length.into());
    }
    call
}

fn spoken(role: &'static str, text: String) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    builder.text(text);
    builder.build(role)
}

/// What all operations have. A stream is what comes unless the client wants
/// none.
fn shared(body: &mut Map<String, Value>, streams: bool) -> Call {
    let options = body.take_object("options").unwrap_or_default();
    let mut attrs = Map::new();
    settings::attrs(&options, &mut attrs);
    let json = match body.get("format") {
        Some(Value::String(format)) => format == "json",
        Some(schema) => schema.is_object(),
        None => false,
    };
    if json {
        settings::output_type("json", &mut attrs);
    }
    if let Some(level) = body.take_text("think") {
        attrs.insert("gen_ai.request.reasoning.level".into(), level.into());
    }
    let asked = body.get("stream").and_then(Value::as_bool);
    Call {
        model: body.take_text("model"),
        streaming: Some(streams && asked.unwrap_or(true)),
        parameters: settings::parameters(&options, &["num_predict"], &["stop"]),
        attrs,
        ..Call::default()
    }
}

fn message(value: Value) -> SpokenMessage {
    let mut wire = object(value);
    let role = role_of(wire.get("role").and_then(Value::as_str).unwrap_or_default());
    let mut builder = MessageBuilder::default();
    if let Some(thinking) = wire.take_text("thinking") {
        builder.part(parts::reasoning(&thinking));
    }
    if let Some(text) = wire.take_text("content") {
        builder.text(text);
    }
    add_images(&mut wire, &mut builder);
    for call in wire.take_items("tool_calls") {
        builder.part(tool_call(object(call)));
    }
    let mut spoken = builder.build(role);
    spoken.message.tool_call_id = wire.take_text("tool_call_id");
    spoken.message.name = wire
        .take_text("tool_name")
        .or_else(|| wire.take_text("name"));
    spoken
}

fn add_images(wire: &mut Map<String, Value>, builder: &mut MessageBuilder) {
    for image in wire.take_items("images") {
        if let Value::String(base64) = image {
            builder.image(parts::blob("image", None, &base64));
        }
    }
}

fn tool_call(mut call: Map<String, Value>) -> Value {
    let id = call.take_text("id");
    let mut function = call.take_object("function").unwrap_or_default();
    let name = function.take_text("name").unwrap_or_default();
    let arguments = function.remove("arguments").unwrap_or_default();
    parts::tool_call(id.as_deref(), &name, arguments)
}

fn tool(value: Value) -> Option<Tool> {
    let mut tool = object(value);
    let mut function = tool.take_object("function")?;
    Some(Tool {
        name: function.take_text("name")?,
        kind: "function",
        description: function.take_text("description"),
    })
}
