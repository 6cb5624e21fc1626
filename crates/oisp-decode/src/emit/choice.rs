//! One alternative of an answer, in the schema's form.

use oisp_core::event::ai::{Arguments, Choice, FinishReason, Message, ToolCall};
use serde_json::{Value, json};

use crate::dialect::ChoiceDraft;

pub(super) fn choice(index: u64, draft: ChoiceDraft, calls: &mut Vec<ToolCall>) -> Choice {
    let finish_reason = finish(&draft);
    let says_text = !draft.text.is_empty()
        || (draft.tools.is_empty() && draft.refusal.is_empty() && draft.finish.is_some());
    let message = Message {
        role: "assistant",
        content_length: says_text.then(|| draft.text.chars().count()),
        content: says_text.then_some(draft.text),
        ..Message::default()
    };
    calls.extend(draft.tools.into_iter().map(|tool| ToolCall {
        id: tool.id,
        name: tool.name,
        kind: tool.kind,
        arguments: Arguments::parse(tool.arguments),
    }));
    Choice {
        index,
        message,
        finish_reason,
    }
}

/// A normal end that asks the client to run something is `tool_calls`, and a
/// refusal is `content_filter`, whatever word the provider used.
fn finish(draft: &ChoiceDraft) -> Option<FinishReason> {
    let finish = draft.finish?;
    if finish == FinishReason::Stop
        && draft
            .tools
            .iter()
            .any(crate::dialect::ToolDraft::is_for_client)
    {
        return Some(FinishReason::ToolCalls);
    }
    if finish == FinishReason::Stop && !draft.refusal.is_empty() {
        return Some(FinishReason::ContentFilter);
    }
    Some(finish)
}

/// Thinking, refusals and calls, as OpenTelemetry message parts.
pub(super) fn parts_beyond_text(index: u64, draft: &ChoiceDraft) -> Option<Value> {
    let mut parts = Vec::new();
    if !draft.thinking.is_empty() {
        parts.push(json!({"type": "reasoning", "content": draft.thinking}));
    }
    if !draft.refusal.is_empty() {
        parts.push(json!({"type": "refusal", "content": draft.refusal}));
    }
    parts.extend(draft.parts.iter().cloned());
    (!parts.is_empty()).then(|| json!({"choice": index, "role": "assistant", "parts": parts}))
}
