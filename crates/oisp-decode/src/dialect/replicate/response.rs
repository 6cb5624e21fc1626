//! Replicate's prediction object.

use oisp_core::event::ai::{Error, FinishReason, Usage};
use serde_json::{Map, Value};

use super::request::is_url;
use crate::dialect::answer::{Answer, UsageDraft, error_of, with_total};
use crate::dialect::json::{Fields, object};
use crate::dialect::parts;

pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    answer.id = body.take_text("id");
    answer.model = body.take_text("model");
    answer.is_answer = answer.id.is_some() && body.contains_key("status");
    usage(&mut answer, &body);
    let output = body.remove("output").unwrap_or_default();
    let status = body.take_text("status");
    if let Some(status) = &status {
        let name = "oisp.replicate.status";
        answer.attrs.insert(name.into(), status.clone().into());
    }
    let finish = status.and_then(finish);
    if !output.is_null() || finish.is_some() {
        let draft = answer.choice(0);
        draft.finish = finish.as_ref().map(|(_, reason)| *reason);
        draft.finish_raw = finish.map(|(raw, _)| raw);
        add_output(&mut answer, output);
    }
    answer
}

/// A status that is an end.
pub(super) fn finish(status: String) -> Option<(String, FinishReason)> {
    let reason = match status.as_str() {
        "succeeded" => FinishReason::Stop,
        "failed" => FinishReason::Error,
        "canceled" | "aborted" => FinishReason::Other,
        _ => return None,
    };
    Some((status, reason))
}

/// Text, pieces of text, or files by their URLs.
fn add_output(answer: &mut Answer, output: Value) {
    let items = match output {
        Value::Array(items) => items,
        Value::Null => return,
        one => vec![one],
    };
    let draft = answer.choice(0);
    for item in items {
        match item {
            Value::String(url) if is_url(&url) => draft.parts.push(parts::uri("file", &url)),
            Value::String(text) => draft.text.push_str(&text),
            _ => draft.parts.push(parts::generic("output")),
        }
    }
}

fn usage(answer: &mut Answer, body: &Map<String, Value>) {
    let usage = Usage {
        prompt_tokens: body.number_in("metrics", "input_token_count"),
        completion_tokens: body.number_in("metrics", "output_token_count"),
        ..Usage::default()
    };
    if usage != Usage::default() {
        answer.usage = Some(UsageDraft {
            usage: with_total(usage, None),
            ..UsageDraft::default()
        });
    }
}

/// The error that a stream tells of.
pub(super) fn failure(message: &str) -> Error {
    Error {
        message: (!message.is_empty()).then(|| message.to_owned()),
        ..Error::default()
    }
}
