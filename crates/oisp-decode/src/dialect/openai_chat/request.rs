//! `POST /v1/chat/completions`: the request.

use oisp_core::event::ai::Tool;
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
        streaming: openai::streaming(&body),
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
        parameters: openai::parameters(&body),
        attrs: attrs(&mut body),
        session: openai::session(&body),
    }
}

/// Settings that are attributes, under the names of the wire.
const COPIED: [(&str, &str); 6] = [
    ("seed", "gen_ai.request.seed"),
    ("random_seed", "gen_ai.request.seed"),
    ("top_k", "gen_ai.request.top_k"),
    ("reasoning_effort", "gen_ai.request.reasoning.level"),
    ("service_tier", "openai.request.service_tier"),
    ("user", "enduser.id"),
];

fn attrs(body: &mut Map<String, Value>) -> Map<String, Value> {
    let mut attrs = Map::new();
    openai::choice_count(body, &mut attrs);
    openai::copy(body, &mut attrs, &COPIED);
    if let Some(reasoning) = body.take_object("reasoning") {
        let names = [("effort", "gen_ai.request.reasoning.level")];
        openai::copy(&reasoning, &mut attrs, &names);
    }
    for key in ["prediction", "web_search_options"] {
        if body.get(key).is_some_and(Value::is_object) {
            attrs.insert(format!("oisp.request.{key}"), true.into());
        }
    }
    let modalities = body.take_items("modalities");
    let speaks = |kind: &str| modalities.iter().any(|modality| modality == kind);
    let spoken = speaks("audio").then_some("speech");
    let painted = speaks("image").then_some("image");
    let output = openai::output_type(body.get("response_format"));
    if let Some(kind) = output.or(spoken).or(painted) {
        attrs.insert("gen_ai.output.type".into(), kind.into());
    }
    if !modalities.is_empty() {
        attrs.insert("oisp.request.modalities".into(), modalities.into());
    }
    attrs
}

fn tool(value: Value) -> Option<Tool> {
    let mut tool = object(value);
    let inner = tool
        .take_object("function")
        .or_else(|| tool.take_object("custom"));
    if let Some(inner) = inner {
        return function(Value::Object(inner));
    }
    let kind = tool.take_text("type")?;
    Some(Tool {
        kind: openai::tool_kind(&kind),
        name: tool.take_text("name").unwrap_or(kind),
        description: tool.take_text("description"),
    })
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
    let thinking = ["reasoning_content", "reasoning"]
        .into_iter()
        .find_map(|key| wire.take_text(key));
    if let Some(thinking) = thinking {
        builder.part(parts::reasoning(&thinking));
    }
    openai::content(wire.get_mut("content").map(Value::take), &mut builder);
    for image in wire.take_items("images") {
        openai::content(Some(image), &mut builder);
    }
    if let Some(refusal) = wire.take_text("refusal") {
        builder.part(openai::refusal(Some(refusal)));
    }
    if let Some(id) = wire
        .take_object("audio")
        .and_then(|mut audio| audio.take_text("id"))
    {
        builder.part(parts::file(&id));
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
    let arguments = match function.get_mut("arguments").map(Value::take) {
        Some(Value::String(text)) => openai::arguments(text),
        other => other.unwrap_or_default(),
    };
    parts::tool_call(id, &name, arguments)
}
