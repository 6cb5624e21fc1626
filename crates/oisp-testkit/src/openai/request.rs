//! Reads a chat completion request.

use serde::Deserialize;
use serde_json::Value;

use crate::answer::Call;
use crate::directive::Directive;
use crate::route::Received;
use crate::turns::text;

#[derive(Deserialize)]
struct Request {
    model: String,
    messages: Vec<Message>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    n: Option<usize>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
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
    let prompt = request
        .messages
        .iter()
        .rev()
        .find(|message| message.role == "user")
        .map(|message| text(Some(&message.content)));
    let prompt = prompt.unwrap_or_default();
    let directive = Directive::read(&request.model, &prompt).map_err(|error| error.to_string())?;
    Ok(Call {
        after_tool: request
            .messages
            .last()
            .is_some_and(|message| message.role == "tool"),
        stream: request.stream.unwrap_or_default(),
        stream_usage: request
            .stream_options
            .is_some_and(|options| options.include_usage),
        choices: request.n.unwrap_or(1).clamp(1, 16),
        input_chars: request
            .messages
            .iter()
            .map(|message| text(Some(&message.content)).chars().count())
            .sum(),
        model: request.model,
        prompt,
        directive,
    })
}
