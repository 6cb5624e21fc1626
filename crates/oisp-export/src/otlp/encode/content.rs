//! What was said and done, as OpenTelemetry message parts: what redaction has
//! left of it, and only where the configuration asks for content.

use serde_json::{Map, Value, json};

use super::attributes::Attributes;
use super::event::Event;

/// How content is written: spans of most receivers hold no structures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Lists and maps.
    Structured,
    /// Text that holds JSON.
    Text,
}

/// Adds an event's content.
pub(super) fn add(attributes: &mut Attributes, event: &Event, form: Form) {
    let mut put = |name: &str, value: Value| match form {
        Form::Structured => attributes.set(name, &value),
        Form::Text => attributes.text(name, value.to_string().as_str()),
    };
    match event.kind() {
        "ai.request" => {
            let (system, messages) = input(event);
            if !system.is_empty() {
                put("gen_ai.system_instructions", system.into());
            }
            if !messages.is_empty() {
                put("gen_ai.input.messages", messages.into());
            }
        }
        "ai.response" => {
            let messages = output(event);
            if !messages.is_empty() {
                put("gen_ai.output.messages", messages.into());
            }
        }
        "agent.tool_call" => {
            if let Some(arguments) = event.at("/data/arguments") {
                put("gen_ai.tool.call.arguments", arguments.clone());
            }
        }
        "agent.tool_result" => {
            if let Some(result) = event.at("/data/result") {
                put("gen_ai.tool.call.result", result.clone());
            }
        }
        "ai.streaming_chunk" => {
            if let Some(content) = event.at("/data/delta/content") {
                put("oisp.chunk.content", content.clone());
            }
        }
        _ => {}
    }
}

/// The system messages that open a conversation, as parts, and the messages
/// that follow.
fn input(event: &Event) -> (Vec<Value>, Vec<Value>) {
    let messages = event.list("/data/messages");
    let opening = messages
        .iter()
        .take_while(|message| is_role(message, "system"))
        .count();
    let mut system = Vec::new();
    let mut rest = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let mut parts = text_parts(message);
        let beyond = event.list("/ext/oisp/input_messages");
        parts.extend(parts_beyond_text(beyond, "message", index));
        if index < opening {
            system.extend(parts);
        } else {
            rest.push(with_role(message, parts));
        }
    }
    (system, rest)
}

/// One message for each alternative of an answer. Its tool calls are those of
/// the first: the event does not say whose they are.
fn output(event: &Event) -> Vec<Value> {
    let mut messages = Vec::new();
    for (position, choice) in event.list("/data/choices").iter().enumerate() {
        let number = choice.get("index").and_then(Value::as_u64);
        let index = number.and_then(|number| usize::try_from(number).ok());
        let message = choice.get("message").unwrap_or(&Value::Null);
        let mut parts = text_parts(message);
        let beyond = event.list("/ext/oisp/output_messages");
        parts.extend(parts_beyond_text(
            beyond,
            "choice",
            index.unwrap_or(position),
        ));
        if position == 0 {
            add_calls(&mut parts, event.list("/data/tool_calls"));
        }
        let mut message = with_role(message, parts);
        let reason = choice.get("finish_reason").and_then(Value::as_str);
        if let Some(message) = message.as_object_mut() {
            message.insert("finish_reason".into(), finish_reason(reason).into());
        }
        messages.push(message);
    }
    messages
}

/// The conventions' word for the schema's.
fn finish_reason(reason: Option<&str>) -> &str {
    match reason {
        Some("tool_calls") => "tool_call",
        Some(reason) => reason,
        None => "unknown",
    }
}

fn is_role(message: &Value, role: &str) -> bool {
    message.get("role").and_then(Value::as_str) == Some(role)
}

fn with_role(message: &Value, parts: Vec<Value>) -> Value {
    let role = message.get("role").and_then(Value::as_str);
    let mut object = Map::new();
    object.insert("role".into(), role.unwrap_or("assistant").into());
    if let Some(name) = message.get("name") {
        object.insert("name".into(), name.clone());
    }
    object.insert("parts".into(), parts.into());
    object.into()
}

/// A message's text as parts; for a tool's message the tool's result. The
/// schema's marker of what redaction took away stays as it is.
fn text_parts(message: &Value) -> Vec<Value> {
    let content = match message.get("content") {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::String(text)) if text.is_empty() => return Vec::new(),
        Some(content) => content,
    };
    if is_role(message, "tool") {
        let id = message.get("tool_call_id").unwrap_or(&Value::Null);
        return vec![json!({"type": "tool_call_response", "id": id, "response": content})];
    }
    vec![json!({"type": "text", "content": content})]
}

/// The parts that the event keeps beside the text of a message.
fn parts_beyond_text<'a>(
    entries: &'a [Value],
    key: &'a str,
    index: usize,
) -> impl Iterator<Item = Value> + 'a {
    let index = Value::from(index);
    let entries = entries
        .iter()
        .filter(move |entry| entry.get(key) == Some(&index));
    let parts = entries.filter_map(|entry| entry.get("parts")?.as_array());
    parts.flatten().cloned()
}

fn add_calls(parts: &mut Vec<Value>, calls: &[Value]) {
    for call in calls {
        let id = call.get("id");
        let is_there = id.is_some() && parts.iter().any(|part| part.get("id") == id);
        if !is_there {
            let kind = match call.get("type").and_then(Value::as_str) {
                Some("function") | None => "tool_call",
                Some(_) => "server_tool_call",
            };
            parts.push(json!({
                "type": kind,
                "id": id,
                "name": call.get("name"),
                "arguments": call.get("arguments"),
            }));
        }
    }
}
