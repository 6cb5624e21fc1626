//! Reads a messages request.

use serde::Deserialize;
use serde_json::Value;

use crate::answer::Call;
use crate::directive::Directive;
use crate::route::Received;

#[derive(Deserialize)]
struct Request {
    model: String,
    messages: Vec<Message>,
    #[serde(default)]
    system: Value,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    thinking: Value,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Value,
}

/// The call that the body asks for, or what is wrong with it.
pub(super) fn read(received: &Received) -> Result<Call, String> {
    let request: Request =
        serde_json::from_slice(&received.body).map_err(|error| error.to_string())?;
    let mut said = request
        .messages
        .iter()
        .rev()
        .filter(|message| message.role == "user")
        .map(|message| text(&message.content));
    let prompt = said.find(|text| !text.is_empty()).unwrap_or_default();
    let mut directive =
        Directive::read(&request.model, &prompt).map_err(|error| error.to_string())?;
    directive.thinking |= request
        .thinking
        .get("type")
        .is_some_and(|kind| kind == "enabled");
    let told = request
        .messages
        .iter()
        .map(|message| text(&message.content).chars().count())
        .sum::<usize>();
    Ok(Call {
        after_tool: request
            .messages
            .last()
            .is_some_and(|message| brings_tool_result(&message.content)),
        stream: request.stream,
        stream_usage: true,
        choices: 1,
        input_chars: told + text(&request.system).chars().count(),
        model: request.model,
        prompt,
        directive,
    })
}

/// The text of a content: a string, or the text blocks of a list.
fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => blocks
            .iter()
            .filter_map(|block| block.get("text")?.as_str())
            .collect::<Vec<_>>()
            .join("\n"),
        _ => String::new(),
    }
}

fn brings_tool_result(content: &Value) -> bool {
    content.as_array().is_some_and(|blocks| {
        blocks
            .iter()
            .any(|block| block.get("type").is_some_and(|kind| kind == "tool_result"))
    })
}
