//! Generated text with its details, vectors, or what else a pipeline gives.

use oisp_core::event::ai::{FinishReason, Usage};
use serde_json::{Map, Value, json};

use crate::dialect::answer::{Answer, ChoiceDraft, UsageDraft, error_of, with_total};
use crate::dialect::json::{Fields, object};
use crate::dialect::vectors;

pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    vectors::put(Some(&body), &mut answer);
    if answer.is_answer || answer.error.is_some() {
        return answer;
    }
    let items = match body {
        Value::Array(items) => items,
        one => vec![one],
    };
    if items
        .iter()
        .all(|item| item.get("generated_text").is_some())
    {
        for (position, item) in items.into_iter().enumerate() {
            generation(&mut answer, position as u64, object(item));
        }
    } else {
        answer
            .parts
            .push(json!({"type": "results", "results": items.len()}));
    }
    answer
}

fn generation(answer: &mut Answer, index: u64, mut item: Map<String, Value>) {
    let draft = answer.choice(index);
    draft.text = item.take_text("generated_text").unwrap_or_default();
    let details = item.take_object("details").unwrap_or_default();
    finish(draft, &details);
    answer.usage = usage(&details).or(answer.usage.take());
}

/// The counts. The prompt's tokens are listed where the client wants them.
pub(super) fn usage(details: &Map<String, Value>) -> Option<UsageDraft> {
    let prefill = details.get("prefill").and_then(Value::as_array);
    let listed = prefill.map(|tokens| tokens.len() as u64);
    let usage = Usage {
        prompt_tokens: details
            .number("input_length")
            .or(listed.filter(|count| *count > 0)),
        completion_tokens: Some(details.number("generated_tokens")?),
        ..Usage::default()
    };
    Some(UsageDraft {
        usage: with_total(usage, None),
        ..UsageDraft::default()
    })
}

/// Sets the finish reason, raw and in the schema's words.
pub(super) fn finish(draft: &mut ChoiceDraft, details: &Map<String, Value>) {
    let Some(raw) = details.get("finish_reason").and_then(Value::as_str) else {
        return;
    };
    draft.finish = Some(match raw {
        "eos_token" | "stop_sequence" | "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        _ => FinishReason::Other,
    });
    draft.finish_raw = Some(raw.to_owned());
}
