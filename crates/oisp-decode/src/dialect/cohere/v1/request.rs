//! `POST /v1/chat`: the request.

use oisp_core::event::ai::Tool;
use serde_json::{Map, Value};

use crate::dialect::call::{Call, MessageBuilder, SpokenMessage};
use crate::dialect::cohere::message;
use crate::dialect::json::{Fields, object};
use crate::dialect::{parts, prompt};

/// Reads a request. The message is the last thing said, unless results of tools
/// are given with it.
pub(in crate::dialect) fn call(body: Value) -> Call {
    let mut body = object(body);
    let mut messages = Vec::new();
    if let Some(preamble) = body.take_text("preamble") {
        messages.push(text("system", preamble));
    }
    for turn in body.take_items("chat_history") {
        add_turn(object(turn), &mut messages);
    }
    let mut builder = MessageBuilder::default();
    if let Some(text) = body.take_text("message") {
        builder.text(text);
    }
    for document in body.take_items("documents") {
        builder.part(message::document(document));
    }
    let results = body.take_items("tool_results");
    if !builder.is_empty() || results.is_empty() {
        messages.push(builder.build("user"));
    }
    messages.extend(results.into_iter().map(tool_result));
    Call {
        streaming: body.get("stream").and_then(Value::as_bool),
        messages,
        tools: body
            .take_items("tools")
            .into_iter()
            .filter_map(tool)
            .collect(),
        parameters: prompt::parameters(&body),
        attrs: message::attrs(&mut body),
        session: body.take_text("conversation_id"),
        model: body.take_text("model"),
        ..Call::default()
    }
}

fn text(role: &'static str, text: String) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    builder.text(text);
    builder.build(role)
}

fn add_turn(mut turn: Map<String, Value>, messages: &mut Vec<SpokenMessage>) {
    let role = turn
        .take_text("role")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let role = match role.as_str() {
        "system" => "system",
        "chatbot" | "assistant" => "assistant",
        "tool" => {
            let results = turn.take_items("tool_results").into_iter();
            return messages.extend(results.map(tool_result));
        }
        _ => "user",
    };
    let mut builder = MessageBuilder::default();
    if let Some(text) = turn.take_text("message") {
        builder.text(text);
    }
    for call in turn.take_items("tool_calls") {
        let mut call = object(call);
        let name = call.take_text("name").unwrap_or_default();
        let parameters = call.remove("parameters").unwrap_or_default();
        builder.part(parts::tool_call(None, &name, parameters));
    }
    messages.push(builder.build(role));
}

/// Results have no id: they repeat the call.
fn tool_result(result: Value) -> SpokenMessage {
    let mut result = object(result);
    let name = result
        .take_object("call")
        .and_then(|mut call| call.take_text("name"));
    let mut builder = MessageBuilder::default();
    if let Some(outputs) = result.remove("outputs") {
        builder.text(outputs.to_string());
    }
    let mut spoken = builder.build("tool");
    spoken.message.name = name;
    spoken
}

fn tool(value: Value) -> Option<Tool> {
    let mut tool = object(value);
    Some(Tool {
        name: tool.take_text("name")?,
        kind: "function",
        description: tool.take_text("description"),
    })
}
