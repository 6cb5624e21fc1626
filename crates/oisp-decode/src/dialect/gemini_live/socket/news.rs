//! What a message of the server says, as far as the session is concerned.

use serde_json::Value;

use crate::dialect::gemini::wire::{Lists, camel};

/// What a message of the server says, as far as the session is concerned.
#[derive(Default)]
pub(super) struct News {
    pub(super) has_content: bool,
    pub(super) is_end: bool,
    pub(super) is_interrupted: bool,
    /// What the model said.
    pub(super) said: String,
    /// What it heard the user say.
    pub(super) heard: String,
    /// Functions that the client is to run.
    pub(super) calls: Vec<Value>,
}

impl News {
    pub(super) fn of(data: &Value) -> Self {
        let content = field(data, "serverContent", "server_content");
        let within = |camel, snake| field(content?, camel, snake);
        let is = |camel, snake| within(camel, snake) == Some(&Value::Bool(true));
        let text = |camel, snake| {
            let text = within(camel, snake).and_then(|spoken| spoken.get("text")?.as_str());
            text.unwrap_or_default()
        };
        let turn = within("modelTurn", "model_turn");
        let calls = field(data, "toolCall", "tool_call").cloned().map(camel);
        let calls = calls.map(|mut call| call.take_list("functionCalls"));
        let calls = calls.unwrap_or_default();
        let spoken = text("outputTranscription", "output_transcription");
        Self {
            has_content: turn.is_some() || !spoken.is_empty() || !calls.is_empty(),
            is_end: is("turnComplete", "turn_complete") || !calls.is_empty(),
            is_interrupted: is("interrupted", "interrupted"),
            said: spoken.to_owned() + &turn.map(text_of).unwrap_or_default(),
            heard: text("inputTranscription", "input_transcription").to_owned(),
            calls,
        }
    }
}

fn field<'a>(of: &'a Value, camel: &str, snake: &str) -> Option<&'a Value> {
    of.get(camel).or_else(|| of.get(snake))
}

/// The text of a turn of the model, without its thoughts.
fn text_of(turn: &Value) -> String {
    let parts = turn.get("parts").and_then(Value::as_array);
    let spoken = parts.into_iter().flatten();
    let spoken = spoken.filter(|part| part.get("thought") != Some(&Value::Bool(true)));
    spoken
        .filter_map(|part| part.get("text")?.as_str())
        .collect()
}
