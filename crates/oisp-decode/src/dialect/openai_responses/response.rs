//! `POST /v1/responses`: the answer, also as the last event of a stream repeats
//! it.

use oisp_core::event::ai::FinishReason;
use serde_json::{Map, Value};

use super::item;
use crate::dialect::answer::{Answer, ChoiceDraft, error_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai;

pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    head(&mut answer, &mut body);
    if !body.contains_key("output") {
        return answer;
    }
    let items = body.take_items("output");
    let draft = answer.choice(0);
    for (index, item) in items.into_iter().enumerate() {
        add_item(draft, index as u64, object(item));
    }
    finish(draft, &mut body);
    answer
}

/// What an answer, or an event of a stream, says of the answer itself.
pub(super) fn head(answer: &mut Answer, body: &mut Map<String, Value>) {
    answer.id = body.take_text("id").or(answer.id.take());
    answer.model = body.take_text("model").or(answer.model.take());
    if let Some(tier) = body.take_text("service_tier") {
        answer
            .attrs
            .insert("openai.response.service_tier".into(), tier.into());
    }
    if let Some(usage) = body
        .take_object("usage")
        .and_then(|wire| openai::usage(&wire, "input_tokens", "output_tokens"))
    {
        answer.usage = Some(usage);
    }
}

/// Adds an item of the output that is complete.
pub(super) fn add_item(draft: &mut ChoiceDraft, index: u64, mut item: Map<String, Value>) {
    let kind = item.take_text("type").unwrap_or_default();
    match kind.as_str() {
        "message" => {
            for part in item.take_items("content") {
                let mut part = object(part);
                draft
                    .text
                    .push_str(&part.take_text("text").unwrap_or_default());
                draft
                    .refusal
                    .push_str(&part.take_text("refusal").unwrap_or_default());
            }
        }
        "reasoning" => draft.thinking.push_str(&item::reasoning(&mut item)),
        kind => draft.tools.extend(item::tool_call(index, kind, &mut item)),
    }
}

/// Sets the finish reason. One that runs in the background has none yet.
pub(super) fn finish(draft: &mut ChoiceDraft, body: &mut Map<String, Value>) {
    let Some(status) = body.take_text("status") else {
        return;
    };
    let reason = body
        .take_object("incomplete_details")
        .and_then(|mut details| details.take_text("reason"));
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
