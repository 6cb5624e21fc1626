//! `POST /v1/chat/completions`: the answer, and the usage and finish words that
//! stream and answer share.

use oisp_core::event::ai::FinishReason;
use serde_json::{Map, Value};

use crate::dialect::answer::{Answer, ChoiceDraft, ToolDraft, error_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai;

pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    head(&mut answer, &mut body);
    for (position, choice) in body.take_items("choices").into_iter().enumerate() {
        let mut choice = object(choice);
        let index = choice.number("index").unwrap_or(position as u64);
        let draft = answer.choice(index);
        message(draft, choice.take_object("message").unwrap_or_default());
        finish(draft, choice.take_text("finish_reason"));
    }
    answer
}

/// What a whole answer and each chunk of a stream say of the answer itself.
pub(super) fn head(answer: &mut Answer, body: &mut Map<String, Value>) {
    if let Some(id) = body.take_text("id") {
        answer.id.get_or_insert(id);
    }
    if let Some(model) = body.take_text("model") {
        answer.model = Some(model);
    }
    if let Some(fingerprint) = body.take_text("system_fingerprint") {
        answer.attrs.insert(
            "openai.response.system_fingerprint".into(),
            fingerprint.into(),
        );
    }
    if let Some(tier) = body.take_text("service_tier") {
        answer
            .attrs
            .insert("openai.response.service_tier".into(), tier.into());
    }
    if let Some(usage) = body
        .take_object("usage")
        .and_then(|wire| openai::usage(&wire, "prompt_tokens", "completion_tokens"))
    {
        answer.usage = Some(usage);
    }
}

fn message(draft: &mut ChoiceDraft, mut message: Map<String, Value>) {
    text(&mut draft.text, message.get_mut("content").map(Value::take));
    draft.refusal = message.take_text("refusal").unwrap_or_default();
    draft.thinking = thinking(&mut message).unwrap_or_default();
    for (position, call) in message.take_items("tool_calls").into_iter().enumerate() {
        draft.tools.push(tool_call(position as u64, object(call)));
    }
    if let Some(mut function) = message.take_object("function_call") {
        draft.tools.push(ToolDraft {
            kind: "function".into(),
            ..function_call(&mut function)
        });
    }
}

/// Appends content, which may be text or parts of which some are text.
pub(super) fn text(text: &mut String, content: Option<Value>) {
    match content {
        Some(Value::String(more)) => text.push_str(&more),
        Some(Value::Array(parts)) => {
            for part in parts {
                text.push_str(&object(part).take_text("text").unwrap_or_default());
            }
        }
        _ => {}
    }
}

/// Reasoning as compatible providers give it.
pub(super) fn thinking(message: &mut Map<String, Value>) -> Option<String> {
    message
        .take_text("reasoning_content")
        .or_else(|| message.take_text("reasoning"))
}

fn tool_call(index: u64, mut call: Map<String, Value>) -> ToolDraft {
    let id = call.take_text("id");
    let inner = match call.take_object("function") {
        Some(mut function) => function_call(&mut function),
        None => {
            let mut custom = call.take_object("custom").unwrap_or_default();
            ToolDraft {
                name: custom.take_text("name").unwrap_or_default(),
                arguments: custom.take_text("input").unwrap_or_default(),
                ..ToolDraft::default()
            }
        }
    };
    ToolDraft {
        index,
        id,
        kind: "function".into(),
        ..inner
    }
}

fn function_call(function: &mut Map<String, Value>) -> ToolDraft {
    ToolDraft {
        name: function.take_text("name").unwrap_or_default(),
        arguments: match function.get_mut("arguments").map(Value::take) {
            Some(Value::String(text)) => text,
            Some(object @ Value::Object(_)) => object.to_string(),
            _ => String::new(),
        },
        ..ToolDraft::default()
    }
}

/// Sets the finish reason, raw and in the schema's words.
pub(super) fn finish(draft: &mut ChoiceDraft, raw: Option<String>) {
    let Some(raw) = raw else { return };
    draft.finish = Some(match raw.as_str() {
        "stop" | "eos" | "end_turn" => FinishReason::Stop,
        "length" | "max_tokens" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter,
        "error" => FinishReason::Error,
        _ => FinishReason::Other,
    });
    draft.finish_raw = Some(raw);
}
