//! `POST /v1beta/interactions`: the answer, and what stream and answer share.

use oisp_core::event::ai::{FinishReason, Usage};
use serde_json::{Map, Value, json};

use super::step;
use crate::dialect::answer::{
    Answer, ChoiceDraft, UsageDraft, error_of, says_something, with_total,
};
use crate::dialect::gemini::path;
use crate::dialect::gemini::usage::sum;
use crate::dialect::gemini::wire::{Lists, snake};
use crate::dialect::json::Fields;

pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = snake(body);
    head(&mut answer, &mut body);
    if answer.id.is_none() && !body.contains_key("steps") && !body.contains_key("outputs") {
        return answer;
    }
    add_steps(answer.choice(0), steps(&mut body));
    end(&mut answer, &mut body);
    answer
}

/// The steps of an interaction, or its outputs.
pub(super) fn steps(body: &mut Map<String, Value>) -> Vec<Value> {
    match body.take_list("steps") {
        steps if steps.is_empty() => body.take_list("outputs"),
        steps => steps,
    }
}

/// Adds the steps that the model made; those of the user are the question.
pub(super) fn add_steps(draft: &mut ChoiceDraft, steps: Vec<Value>) {
    for (index, step) in steps.into_iter().enumerate() {
        add_step(draft, index as u64, snake(step));
    }
    for tool in &mut draft.tools {
        complete(tool);
    }
}

/// A call that came whole and without arguments has an empty object of them.
pub(super) fn complete(tool: &mut crate::dialect::answer::ToolDraft) {
    if tool.arguments.is_empty() {
        tool.arguments.push_str("{}");
    }
}

/// Adds a step or a content, whole or as it begins in a stream. True where it
/// came with content.
pub(super) fn add_step(draft: &mut ChoiceDraft, index: u64, mut step: Map<String, Value>) -> bool {
    let kind = step.take_text("type").unwrap_or_default();
    if let Some(call) = step::call(index, &kind, &mut step) {
        draft.tools.push(call);
        return true;
    }
    match kind.as_str() {
        "model_output" => {
            let contents = step.take_list("content").into_iter();
            contents.fold(false, |content, inner| {
                add_content(draft, snake(inner)) | content
            })
        }
        "thought" => {
            let thought = step::thought(&mut step);
            draft.thinking.push_str(&thought);
            !thought.is_empty()
        }
        "user_input" | "function_result" => false,
        kind if kind.ends_with("_result") => {
            // In a stream it begins empty.
            if step.get("result").is_some_and(|result| !result.is_null()) {
                draft.parts.push(step::result(kind, None, &mut step));
            }
            false
        }
        _ => {
            step.insert("type".into(), kind.into());
            add_content(draft, step)
        }
    }
}

/// Adds a content; true where it is one.
pub(super) fn add_content(draft: &mut ChoiceDraft, mut content: Map<String, Value>) -> bool {
    let kind = content.take_text("type").unwrap_or_default();
    draft.parts.extend(step::citations(&mut content));
    if let Some(text) = content.take_text("text").filter(|_| kind == "text") {
        draft.text.push_str(&text);
        return true;
    }
    let media = step::media(&kind, &mut content);
    let is_content = media.is_some();
    draft.parts.extend(media);
    is_content
}

/// What an interaction says of itself.
pub(super) fn head(answer: &mut Answer, body: &mut Map<String, Value>) {
    answer.id = body.take_text("id").or(answer.id.take());
    let model = body.take_text("model").map(path::bare);
    answer.model = model.or(answer.model.take());
    if let Some(tier) = body.take_text("service_tier") {
        let key = "openai.response.service_tier";
        answer.attrs.insert(key.into(), tier.into());
    }
}

/// Its usage, and how it ended. One that runs in the background has not yet.
pub(super) fn end(answer: &mut Answer, body: &mut Map<String, Value>) {
    if let Some(usage) = body.take_object("usage") {
        answer.usage = usage_of(&snake(Value::Object(usage)));
    }
    let errors = body.take_list("errors").into_iter();
    let error = errors
        .last()
        .and_then(|error| error_of(&json!({ "error": error })));
    answer.error = answer.error.take().or(error);
    let Some(status) = body.take_text("status") else {
        return;
    };
    let draft = answer.choice(0);
    draft.finish = match status.as_str() {
        "completed" => Some(FinishReason::Stop),
        "requires_action" => Some(FinishReason::ToolCalls),
        "incomplete" | "budget_exceeded" => Some(FinishReason::Length),
        "failed" => Some(FinishReason::Error),
        "in_progress" | "queued" => None,
        _ => Some(FinishReason::Other),
    };
    draft.finish_raw = draft.finish.map(|_| status);
}

/// Thoughts and what tools brought in are counted apart.
fn usage_of(wire: &Map<String, Value>) -> Option<UsageDraft> {
    let keys = ["total_input_tokens", "total_output_tokens", "total_tokens"];
    if !says_something(wire, &keys) {
        return None;
    }
    let thoughts = wire.number("total_thought_tokens");
    let usage = Usage {
        prompt_tokens: sum(
            wire.number("total_input_tokens"),
            wire.number("total_tool_use_tokens"),
        ),
        completion_tokens: sum(wire.number("total_output_tokens"), thoughts),
        cached_tokens: wire.number("total_cached_tokens"),
        reasoning_tokens: thoughts,
        ..Usage::default()
    };
    Some(UsageDraft {
        usage: with_total(usage, wire.number("total_tokens")),
        ..UsageDraft::default()
    })
}
