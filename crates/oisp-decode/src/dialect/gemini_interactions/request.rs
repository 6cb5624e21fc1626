//! `POST /v1beta/interactions`: the request.

use oisp_core::event::ai::{Parameters, Tool};
use serde_json::{Map, Value};

use super::step;
use crate::dialect::call::{Call, MessageBuilder, SpokenMessage, role_of};
use crate::dialect::gemini::path;
use crate::dialect::gemini::wire::{Lists, snake};
use crate::dialect::json::Fields;
use crate::dialect::parts;

pub(super) fn call(body: Value) -> Call {
    let mut body = snake(body);
    let mut config = body
        .take_object("generation_config")
        .map(|config| snake(Value::Object(config)))
        .unwrap_or_default();
    let stop = config.take_list("stop_sequences");
    Call {
        messages: messages(&mut body),
        attrs: attrs(&mut body, &mut config),
        model: body.take_text("model").map(path::bare),
        streaming: body.get("stream").and_then(Value::as_bool),
        tools: body
            .take_list("tools")
            .into_iter()
            .filter_map(tool)
            .collect(),
        tool_choice: config.remove("tool_choice").and_then(tool_choice),
        parameters: Parameters {
            temperature: config.get("temperature").and_then(Value::as_f64),
            top_p: config.get("top_p").and_then(Value::as_f64),
            max_tokens: config.number("max_output_tokens"),
            stop: (!stop.is_empty()).then(|| {
                stop.iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect()
            }),
            ..Parameters::default()
        },
        ..Call::default()
    }
}

fn attrs(body: &mut Map<String, Value>, config: &mut Map<String, Value>) -> Map<String, Value> {
    let mut attrs = Map::new();
    let texts = [
        ("gen_ai.agent.name", body.take_text("agent")),
        (
            "gen_ai.request.previous_response.id",
            body.take_text("previous_interaction_id"),
        ),
        (
            "openai.request.service_tier",
            body.take_text("service_tier"),
        ),
        (
            "gen_ai.request.reasoning.level",
            config.take_text("thinking_level"),
        ),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            attrs.insert(name.into(), text.into());
        }
    }
    if let Some(seed) = config.remove("seed").filter(Value::is_i64) {
        attrs.insert("gen_ai.request.seed".into(), seed);
    }
    if asks_for_json(body) {
        attrs.insert("gen_ai.output.type".into(), "json".into());
    }
    attrs
}

fn asks_for_json(body: &mut Map<String, Value>) -> bool {
    let mut formats = body.take_list("response_format").into_iter().map(snake);
    let is_json = |mime: Option<String>| mime.as_deref() == Some("application/json");
    formats.any(|mut format| is_json(format.take_text("mime_type")))
        || is_json(body.take_text("response_mime_type"))
}

fn tool(value: Value) -> Option<Tool> {
    let mut tool = snake(value);
    let kind = tool.take_text("type")?;
    let schema_kind = match kind.as_str() {
        "function" => "function",
        "code_execution" => "code_interpreter",
        "file_search" => "file_search",
        "computer_use" => "computer_use",
        _ => "other",
    };
    Some(Tool {
        name: tool.take_text("name").unwrap_or(kind),
        kind: schema_kind,
        description: tool.take_text("description"),
    })
}

/// A word, or the tools that are allowed and how.
fn tool_choice(value: Value) -> Option<String> {
    let word = match value {
        Value::String(word) => word,
        value => {
            let allowed = snake(value).remove("allowed_tools")?;
            snake(allowed).take_text("mode")?
        }
    };
    let word = match word.as_str() {
        "auto" | "validated" => "auto",
        "any" => "required",
        "none" => "none",
        _ => return None,
    };
    Some(word.to_owned())
}

fn messages(body: &mut Map<String, Value>) -> Vec<SpokenMessage> {
    let mut messages = Vec::new();
    if let Some(system) = body.remove("system_instruction").and_then(step::text) {
        let mut builder = MessageBuilder::default();
        builder.text(system);
        messages.push(builder.build("system"));
    }
    add_items(body.take_list("input"), None, &mut messages);
    messages
}

/// Adds items in wire order. Contents that stand loose are what the user says;
/// inside a turn (`role`) everything but the result of a function is of that
/// turn, else each step is a message of its own.
fn add_items(items: Vec<Value>, role: Option<&'static str>, messages: &mut Vec<SpokenMessage>) {
    let speaker = role.unwrap_or("user");
    let mut builder = MessageBuilder::default();
    for item in items {
        let mut item = match item {
            Value::String(text) => {
                builder.text(text);
                continue;
            }
            item => snake(item),
        };
        let kind = item.take_text("type").unwrap_or_default();
        if let Some(turn) = turn_of(&kind, &mut item) {
            flush(&mut builder, speaker, messages);
            add_items(item.take_list("content"), Some(turn), messages);
        } else if kind == "function_result" {
            flush(&mut builder, speaker, messages);
            messages.push(function_result(item));
        } else if role.is_some() || is_content(&kind) {
            add(&kind, item, &mut builder);
        } else {
            flush(&mut builder, speaker, messages);
            let mut alone = MessageBuilder::default();
            add(&kind, item, &mut alone);
            messages.push(alone.build("assistant"));
        }
    }
    flush(&mut builder, speaker, messages);
}

fn flush(builder: &mut MessageBuilder, role: &'static str, messages: &mut Vec<SpokenMessage>) {
    if !builder.is_empty() {
        messages.push(std::mem::take(builder).build(role));
    }
}

fn turn_of(kind: &str, item: &mut Map<String, Value>) -> Option<&'static str> {
    match kind {
        "user_input" => Some("user"),
        "model_output" => Some("assistant"),
        "" => item.take_text("role").map(|role| role_of(&role)),
        _ => None,
    }
}

fn is_content(kind: &str) -> bool {
    matches!(kind, "text" | "image" | "audio" | "video" | "document")
}

fn add(kind: &str, mut item: Map<String, Value>, builder: &mut MessageBuilder) {
    if kind == "text" {
        return builder.text(item.take_text("text").unwrap_or_default());
    }
    if let Some(media) = step::media(kind, &mut item) {
        return match kind {
            "image" => builder.image(media),
            _ => builder.part(media),
        };
    }
    if let Some(call) = step::call(0, kind, &mut item) {
        let arguments = serde_json::from_str(&call.arguments).unwrap_or_else(|_| Map::new());
        let make = match call.is_for_client() {
            true => parts::tool_call,
            false => parts::server_tool_call,
        };
        return builder.part(make(call.id.as_deref(), &call.name, arguments.into()));
    }
    builder.part(match kind {
        "thought" => parts::reasoning(&step::thought(&mut item)),
        kind if kind.ends_with("_result") => step::result(kind, None, &mut item),
        kind => parts::generic(kind),
    });
}

/// The result of a function: text, contents, or any JSON.
fn function_result(mut item: Map<String, Value>) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    match item.get_mut("result").map(Value::take) {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) => builder.text(text),
        Some(Value::Array(contents)) => {
            for content in contents {
                let mut content = match content {
                    Value::String(text) => {
                        builder.text(text);
                        continue;
                    }
                    content => snake(content),
                };
                let kind = content.take_text("type").unwrap_or_default();
                add(&kind, content, &mut builder);
            }
        }
        Some(value) => builder.text(value.to_string()),
    }
    let mut spoken = builder.build("tool");
    spoken.message.tool_call_id = item.take_text("call_id");
    spoken.message.name = item.take_text("name");
    spoken
}
