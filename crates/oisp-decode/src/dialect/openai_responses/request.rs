//! `POST /v1/responses`: the request.

use oisp_core::event::ai::Tool;
use serde_json::{Map, Value};

use super::input;
use crate::dialect::call::{Call, SpokenMessage};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai;

pub(super) fn call(body: Value) -> Call {
    let mut body = object(body);
    Call {
        messages: messages(&mut body),
        model: body.take_text("model"),
        streaming: openai::streaming(&body),
        tools: body
            .take_items("tools")
            .into_iter()
            .filter_map(tool)
            .collect(),
        tool_choice: openai::tool_choice(body.get("tool_choice")),
        parameters: openai::parameters(&body),
        attrs: attrs(&mut body),
        session: conversation(&mut body).or_else(|| openai::session(&body)),
    }
}

/// The conversation that the provider keeps, by its id.
fn conversation(body: &mut Map<String, Value>) -> Option<String> {
    match body.remove("conversation")? {
        Value::String(id) => Some(id),
        Value::Object(mut conversation) => conversation.take_text("id"),
        _ => None,
    }
}

const COPIED: [(&str, &str); 8] = [
    (
        "previous_response_id",
        "gen_ai.request.previous_response.id",
    ),
    ("top_k", "gen_ai.request.top_k"),
    ("seed", "gen_ai.request.seed"),
    ("service_tier", "openai.request.service_tier"),
    ("truncation", "oisp.request.truncation"),
    ("background", "oisp.request.background"),
    ("user", "enduser.id"),
    ("reasoning_effort", "gen_ai.request.reasoning.level"),
];

fn attrs(body: &mut Map<String, Value>) -> Map<String, Value> {
    let mut attrs = Map::new();
    openai::copy(body, &mut attrs, &COPIED);
    let inner: [(&str, &[(&str, &str)]); 2] = [
        ("reasoning", &[("effort", "gen_ai.request.reasoning.level")]),
        (
            "prompt",
            &[
                ("id", "gen_ai.prompt.name"),
                ("version", "gen_ai.prompt.version"),
            ],
        ),
    ];
    for (key, names) in inner {
        if let Some(fields) = body.take_object(key) {
            openai::copy(&fields, &mut attrs, names);
        }
    }
    let text = body.take_object("text").unwrap_or_default();
    if let Some(kind) = openai::output_type(text.get("format")) {
        attrs.insert("gen_ai.output.type".into(), kind.into());
    }
    attrs
}

pub(in crate::dialect) fn tool(value: Value) -> Option<Tool> {
    let mut tool = object(value);
    let kind = tool.take_text("type")?;
    Some(Tool {
        kind: openai::tool_kind(&kind),
        name: tool.take_text("name").unwrap_or(kind),
        description: tool.take_text("description"),
    })
}

fn messages(body: &mut Map<String, Value>) -> Vec<SpokenMessage> {
    let mut messages = Vec::new();
    match body.remove("instructions") {
        Some(Value::String(text)) if !text.is_empty() => {
            messages.push(openai::text_message("system", text));
        }
        Some(Value::Array(items)) => messages.extend(items.into_iter().map(input::message)),
        _ => {}
    }
    match body.remove("input") {
        Some(Value::String(text)) => messages.push(openai::text_message("user", text)),
        Some(Value::Array(items)) => messages.extend(items.into_iter().map(input::message)),
        _ => {}
    }
    messages
}
