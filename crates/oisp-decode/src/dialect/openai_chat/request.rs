//! `POST /v1/chat/completions`: the request.

use oisp_core::event::ai::{Parameters, Tool};
use serde_json::{Map, Value};

use crate::dialect::call::{Call, MessageBuilder, SpokenMessage, role_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::{openai, parts};
use crate::http::RequestHead;

pub(super) fn call(head: &RequestHead, body: Value) -> Call {
    let mut body = object(body);
    let mut tools: Vec<_> = body
        .take_items("tools")
        .into_iter()
        .filter_map(tool)
        .collect();
    tools.extend(
        body.take_items("functions")
            .into_iter()
            .filter_map(function),
    );
    Call {
        model: openai::deployment(head).or_else(|| body.take_text("model")),
        streaming: body.get("stream").and_then(Value::as_bool),
        messages: body
            .take_items("messages")
            .into_iter()
            .map(message)
            .collect(),
        tools,
        tool_choice: openai::tool_choice(
            body.get("tool_choice")
                .or_else(|| body.get("function_call")),
        ),
        parameters: parameters(&body),
        attrs: attrs(&body),
        session: None,
    }
}

fn attrs(body: &Map<String, Value>) -> Map<String, Value> {
    let mut attrs = Map::new();
    if let Some(count) = body.number("n").filter(|count| *count != 1) {
        attrs.insert("gen_ai.request.choice.count".into(), count.into());
    }
    if let Some(seed) = body.get("seed").filter(|seed| seed.is_i64()) {
        attrs.insert("gen_ai.request.seed".into(), seed.clone());
    }
    attrs
}

fn parameters(body: &Map<String, Value>) -> Parameters {
    let real = |key: &str| body.get(key).and_then(Value::as_f64);
    Parameters {
        temperature: real("temperature"),
        top_p: real("top_p"),
        max_tokens: body
            .number("max_completion_tokens")
            .or_else(|| body.number("max_tokens")),
        frequency_penalty: real("frequency_penalty"),
        presence_penalty: real("presence_penalty"),
        stop: stop(body.get("stop")),
    }
}

fn stop(value: Option<&Value>) -> Option<Vec<String>> {
    match value? {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(many) => Some(
            many.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        ),
        _ => None,
    }
}

fn tool(value: Value) -> Option<Tool> {
    let mut tool = object(value);
    match tool
        .take_object("function")
        .or_else(|| tool.take_object("custom"))
    {
        Some(inner) => function(Value::Object(inner)),
        None => Some(Tool {
            name: tool.take_text("type")?,
            kind: "other",
            description: None,
        }),
    }
}

fn function(value: Value) -> Option<Tool> {
    let mut function = object(value);
    Some(Tool {
        name: function.take_text("name")?,
        kind: "function",
        description: function.take_text("description"),
    })
}

fn message(value: Value) -> SpokenMessage {
    let mut wire = object(value);
    let role = role_of(wire.get("role").and_then(Value::as_str).unwrap_or_default());
    let mut builder = MessageBuilder::default();
    content(wire.get_mut("content").map(Value::take), &mut builder);
    if let Some(refusal) = wire.take_text("refusal") {
        builder.part(serde_json::json!({"type": "refusal", "content": refusal}));
    }
    for call in wire.take_items("tool_calls") {
        builder.part(tool_call(call));
    }
    if let Some(call) = wire.take_object("function_call") {
        builder.part(function_part(None, call));
    }
    let mut spoken = builder.build(role);
    spoken.message.tool_call_id = wire.take_text("tool_call_id");
    spoken.message.name = wire.take_text("name");
    spoken
}

fn content(value: Option<Value>, builder: &mut MessageBuilder) {
    match value {
        Some(Value::String(text)) => builder.text(text),
        Some(Value::Array(items)) => items.into_iter().for_each(|item| part(item, builder)),
        _ => {}
    }
}

fn part(value: Value, builder: &mut MessageBuilder) {
    let mut wire = match value {
        Value::String(text) => return builder.text(text),
        other => object(other),
    };
    let kind = wire.take_text("type").unwrap_or_default();
    match kind.as_str() {
        "text" | "input_text" | "output_text" => {
            builder.text(wire.take_text("text").unwrap_or_default())
        }
        "image_url" => {
            let url = match wire.get_mut("image_url").map(Value::take) {
                Some(Value::String(url)) => url,
                Some(Value::Object(mut image)) => image.take_text("url").unwrap_or_default(),
                _ => String::new(),
            };
            builder.image(parts::uri("image", &url));
        }
        "input_audio" => builder.part(openai::input_audio(&mut wire)),
        "file" => builder.part(file(wire.take_object("file").unwrap_or_default())),
        "refusal" => builder
            .part(serde_json::json!({"type": "refusal", "content": wire.take_text("refusal")})),
        other => builder.part(parts::generic(other)),
    }
}

fn file(mut file: Map<String, Value>) -> Value {
    match (file.take_text("file_id"), file.take_text("file_data")) {
        (Some(id), _) => parts::file(&id),
        (None, Some(data)) => parts::uri("document", &data),
        (None, None) => parts::generic("file"),
    }
}

fn tool_call(value: Value) -> Value {
    let mut call = object(value);
    let id = call.take_text("id");
    match call.take_object("function") {
        Some(function) => function_part(id.as_deref(), function),
        None => {
            let mut custom = call.take_object("custom").unwrap_or_default();
            let input = custom.take_text("input").unwrap_or_default();
            parts::tool_call(
                id.as_deref(),
                &custom.take_text("name").unwrap_or_default(),
                input.into(),
            )
        }
    }
}

fn function_part(id: Option<&str>, mut function: Map<String, Value>) -> Value {
    let name = function.take_text("name").unwrap_or_default();
    let arguments = function.take_text("arguments").unwrap_or_default();
    let arguments = serde_json::from_str(&arguments).unwrap_or(Value::String(arguments));
    parts::tool_call(id, &name, arguments)
}
