//! A whole answer, as `response.done` has it.

use oisp_core::event::ai::{Error, FinishReason, Usage};
use serde_json::{Map, Value};

use crate::dialect::answer::{Answer, ChoiceDraft, UsageDraft, says_something, with_total};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai_responses::item;

pub(super) fn answer(body: Value) -> Answer {
    let mut body = object(body);
    let mut answer = Answer {
        id: body.take_text("id"),
        usage: body.take_object("usage").and_then(|wire| usage(&wire)),
        ..Answer::default()
    };
    let items = body.take_items("output");
    let draft = answer.choice(0);
    for (index, item) in items.into_iter().enumerate() {
        add_item(draft, index as u64, object(item));
    }
    let details = body.take_object("status_details").unwrap_or_default();
    if let Some(status) = body.take_text("status") {
        finish(draft, &status, &details);
    }
    answer.error = error(details);
    answer
}

/// Adds an item of the output.
pub(super) fn add_item(draft: &mut ChoiceDraft, index: u64, mut item: Map<String, Value>) {
    let kind = item.take_text("type").unwrap_or_default();
    if kind != "message" {
        draft.tools.extend(item::tool_call(index, &kind, &mut item));
        return;
    }
    for part in item.take_items("content") {
        let mut part = object(part);
        let text = part
            .take_text("text")
            .or_else(|| part.take_text("transcript"));
        draft.text.push_str(&text.unwrap_or_default());
    }
}

fn finish(draft: &mut ChoiceDraft, status: &str, details: &Map<String, Value>) {
    let reason = details.get("reason").and_then(Value::as_str);
    draft.finish = match (status, reason) {
        ("completed", _) => Some(FinishReason::Stop),
        ("incomplete", Some("max_output_tokens")) => Some(FinishReason::Length),
        ("incomplete", Some("content_filter")) => Some(FinishReason::ContentFilter),
        ("failed", _) => Some(FinishReason::Error),
        ("in_progress", _) => None,
        _ => Some(FinishReason::Other),
    };
    if draft.finish.is_some() {
        draft.finish_raw = Some(reason.unwrap_or(status).to_owned());
    }
}

fn error(mut details: Map<String, Value>) -> Option<Error> {
    let mut error = details.take_object("error")?;
    Some(Error {
        kind: error.take_text("type"),
        message: error.take_text("message"),
        code: error.take_text("code"),
    })
}

/// Cached tokens are part of the input; audio is part of both totals.
fn usage(wire: &Map<String, Value>) -> Option<UsageDraft> {
    if !says_something(wire, &["input_tokens", "output_tokens", "total_tokens"]) {
        return None;
    }
    let usage = Usage {
        prompt_tokens: wire.number("input_tokens"),
        completion_tokens: wire.number("output_tokens"),
        cached_tokens: wire.number_in("input_token_details", "cached_tokens"),
        reasoning_tokens: wire.number_in("output_token_details", "reasoning_tokens"),
        ..Usage::default()
    };
    Some(UsageDraft {
        usage: with_total(usage, wire.number("total_tokens")),
        input_audio_tokens: wire.number_in("input_token_details", "audio_tokens"),
        output_audio_tokens: wire.number_in("output_token_details", "audio_tokens"),
        ..UsageDraft::default()
    })
}
