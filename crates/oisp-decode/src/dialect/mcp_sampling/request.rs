//! The parameters of `sampling/createMessage`.

use oisp_core::event::ai::{Parameters, Tool};
use serde_json::{Map, Value};

use crate::dialect::call::{Call, MessageBuilder, SpokenMessage, role_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::mcp_content::Content;

pub(super) fn call(params: Value) -> Call {
    let mut params = object(params);
    let mut messages = Vec::new();
    if let Some(system) = params.take_text("systemPrompt") {
        let mut builder = MessageBuilder::default();
        builder.text(system);
        messages.push(builder.build("system"));
    }
    for message in params.take_items("messages") {
        add_message(object(message), &mut messages);
    }
    Call {
        streaming: Some(false),
        messages,
        tools: params.take_items("tools").into_iter().map(tool).collect(),
        tool_choice: params
            .take_object("toolChoice")
            .and_then(|mut choice| choice.take_text("mode")),
        parameters: parameters(&mut params),
        attrs: hints(&mut params),
        ..Call::default()
    }
}

fn tool(tool: Value) -> Tool {
    let mut tool = object(tool);
    Tool {
        name: tool.take_text("name").unwrap_or_default(),
        kind: "function",
        description: tool.take_text("description"),
    }
}

fn parameters(params: &mut Map<String, Value>) -> Parameters {
    let stop: Vec<_> = params
        .take_items("stopSequences")
        .into_iter()
        .filter_map(|text| text.as_str().map(str::to_owned))
        .collect();
    Parameters {
        temperature: params.get("temperature").and_then(Value::as_f64),
        max_tokens: params.number("maxTokens"),
        stop: (!stop.is_empty()).then_some(stop),
        ..Parameters::default()
    }
}

/// The models that the server would like; the client chooses.
fn hints(params: &mut Map<String, Value>) -> Map<String, Value> {
    let mut preferences = params.take_object("modelPreferences").unwrap_or_default();
    let names: Vec<Value> = preferences
        .take_items("hints")
        .into_iter()
        .filter_map(|hint| object(hint).take_text("name"))
        .map(Value::from)
        .collect();
    let mut attrs = Map::new();
    if !names.is_empty() {
        attrs.insert("oisp.mcp.model_hints".into(), names.into());
    }
    attrs
}

/// Results of tools are messages of their own.
fn add_message(mut message: Map<String, Value>, messages: &mut Vec<SpokenMessage>) {
    let role = role_of(&message.take_text("role").unwrap_or_default());
    let blocks = match message.remove("content") {
        Some(Value::Array(blocks)) => blocks,
        Some(block) => vec![block],
        None => Vec::new(),
    };
    let (results, rest): (Vec<_>, Vec<_>) = blocks
        .into_iter()
        .partition(|block| block.get("type").is_some_and(|kind| kind == "tool_result"));
    if !rest.is_empty() || results.is_empty() {
        messages.push(built(Content::of(Some(rest.into())), role));
    }
    for result in results {
        let mut result = object(result);
        let mut content = Content::of(result.remove("content"));
        let structured = result.remove("structuredContent");
        if let Some(structured) = structured.filter(|_| content.texts.is_empty()) {
            content.texts.push(structured.to_string());
        }
        let mut spoken = built(content, "tool");
        spoken.message.tool_call_id = result.take_text("toolUseId");
        messages.push(spoken);
    }
}

fn built(content: Content, role: &'static str) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    for text in content.texts {
        builder.text(text);
    }
    let mut images = content.images;
    for part in content.parts {
        if images > 0 && part.get("modality").is_some_and(|kind| kind == "image") {
            images -= 1;
            builder.image(part);
        } else {
            builder.part(part);
        }
    }
    builder.build(role)
}
