//! `POST /v1/responses`: the answer, also as the last event of a stream repeats
//! it.

use oisp_core::event::ai::{Error, FinishReason};
use serde_json::{Map, Value, json};

use super::{item, result};
use crate::dialect::answer::{Answer, ChoiceDraft, error_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::{openai, parts};

pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    head(&mut answer, &mut body);
    if body.get("output").is_none_or(Value::is_null) {
        return answer;
    }
    let items = body.take_items("output");
    let draft = answer.choice(0);
    for (index, item) in items.into_iter().enumerate() {
        add_item(draft, index as u64, object(item));
    }
    finish(&mut answer, &mut body);
    answer
}

/// `POST /v1/responses/input_tokens`: the answer.
pub(super) fn count(body: Value) -> Answer {
    let tokens = object(body.clone()).number("input_tokens");
    let part = tokens.map(|tokens| json!({"type": "token_count", "input_tokens": tokens}));
    Answer {
        error: error_of(&body),
        is_answer: part.is_some(),
        parts: part.into_iter().collect(),
        ..Answer::default()
    }
}

/// What an answer, or an event of a stream, says of the answer itself.
pub(super) fn head(answer: &mut Answer, body: &mut Map<String, Value>) {
    answer.id = body.take_text("id").or(answer.id.take());
    answer.model = body.take_text("model").or(answer.model.take());
    let names = [("service_tier", "openai.response.service_tier")];
    openai::copy(body, &mut answer.attrs, &names);
    let usage = body.take_object("usage");
    openai::add_usage(answer, usage, "input_tokens", "output_tokens");
}

/// Adds an item of the output that is complete.
pub(super) fn add_item(draft: &mut ChoiceDraft, index: u64, mut item: Map<String, Value>) {
    let kind = item.take_text("type").unwrap_or_default();
    match kind.as_str() {
        "message" => {
            for part in item.take_items("content") {
                add_content(draft, object(part));
            }
        }
        "reasoning" => push_paragraph(&mut draft.thinking, &item::reasoning(&mut item)),
        kind => {
            let call = item::tool_call(index, kind, &mut item);
            let id = call.as_ref().and_then(|call| call.id.clone());
            draft.tools.extend(call);
            draft
                .parts
                .extend(result::parts_of(kind, id.as_deref(), &mut item));
        }
    }
}

fn add_content(draft: &mut ChoiceDraft, mut part: Map<String, Value>) {
    let kind = part.take_text("type").unwrap_or_default();
    match kind.as_str() {
        "output_text" | "text" | "" => {
            let text = part.take_text("text").unwrap_or_default();
            draft.text.push_str(&text);
            let sources = part.take_items("annotations");
            draft.parts.extend(openai::citations("citations", sources));
        }
        "refusal" => {
            let text = part.take_text("refusal").unwrap_or_default();
            draft.refusal.push_str(&text);
        }
        "reasoning_text" => {
            let text = part.take_text("text").unwrap_or_default();
            push_paragraph(&mut draft.thinking, &text);
        }
        other => draft.parts.push(parts::generic(other)),
    }
}

/// Adds text that begins a paragraph.
pub(super) fn push_paragraph(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push('\n');
    }
    text.push_str(more);
}

/// Sets the finish reason, and the error of an answer that failed. One that
/// runs in the background has no reason yet.
pub(super) fn finish(answer: &mut Answer, body: &mut Map<String, Value>) {
    let Some(status) = body.take_text("status") else {
        return;
    };
    let reason = body
        .take_object("incomplete_details")
        .and_then(|mut details| details.take_text("reason"));
    if status == "failed" {
        // The provider may not say why.
        answer.error.get_or_insert_with(Error::default);
    }
    let draft = answer.choice(0);
    draft.finish = match (status.as_str(), reason.as_deref()) {
        ("completed", _) => Some(FinishReason::Stop),
        ("incomplete", Some("max_output_tokens" | "max_tokens")) => Some(FinishReason::Length),
        ("incomplete", Some("content_filter")) => Some(FinishReason::ContentFilter),
        ("failed", _) => Some(FinishReason::Error),
        ("queued" | "in_progress", _) => None,
        _ => Some(FinishReason::Other),
    };
    if draft.finish.is_some() {
        draft.finish_raw = Some(reason.unwrap_or(status));
    }
}
