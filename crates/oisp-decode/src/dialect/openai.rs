//! What OpenAI's APIs share.

use oisp_core::event::ai::Usage;
use serde_json::{Map, Value};

use super::answer::{UsageDraft, says_something, with_total};
use super::json::Fields;
use super::parts;
use super::route::{unescaped, without_query};
use crate::http::RequestHead;

/// The deployment that a path of Azure names in place of a model.
pub(super) fn deployment(head: &RequestHead) -> Option<String> {
    let path = without_query(head.path.as_deref()?);
    let (_, rest) = path.split_once("/openai/deployments/")?;
    let name = rest.split('/').next()?;
    (!name.is_empty()).then(|| unescaped(name))
}

/// A tool choice: a word, or an object that names a tool.
pub(super) fn tool_choice(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(word) => Some(word.clone()),
        Value::Object(_) => Some("specific".into()),
        _ => None,
    }
}

/// Audio inside a message.
pub(super) fn input_audio(part: &mut Map<String, Value>) -> Value {
    let mut audio = part.take_object("input_audio").unwrap_or_default();
    let mime = audio
        .take_text("format")
        .map(|format| format!("audio/{format}"));
    let data = audio.take_text("data").unwrap_or_default();
    parts::blob("audio", mime.as_deref(), &data)
}

/// Usage, by the names that an API has for input and output tokens. Cached and
/// reasoning tokens are part of the totals.
pub(super) fn usage(wire: &Map<String, Value>, input: &str, output: &str) -> Option<UsageDraft> {
    if !says_something(wire, &[input, output, "total_tokens"]) {
        return None;
    }
    let (of_input, of_output) = (format!("{input}_details"), format!("{output}_details"));
    let usage = Usage {
        prompt_tokens: wire.number(input),
        completion_tokens: wire.number(output),
        cached_tokens: wire.number_in(&of_input, "cached_tokens"),
        reasoning_tokens: wire.number_in(&of_output, "reasoning_tokens"),
        ..Usage::default()
    };
    Some(UsageDraft {
        usage: with_total(usage, wire.number("total_tokens")),
        cache_creation_tokens: wire.number_in(&of_input, "cache_write_tokens"),
        ..UsageDraft::default()
    })
}
