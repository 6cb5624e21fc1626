//! `POST /v1/messages`: the answer, and what stream and answer share.

use oisp_core::event::ai::FinishReason;
use serde_json::{Map, Value};

use super::block;
use super::usage::{self, WireUsage};
use crate::dialect::answer::{Answer, ChoiceDraft, ToolDraft, error_of};
use crate::dialect::json::{Fields, object};

pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut message = object(body);
    head(&mut answer, &mut message);
    if let Some(mut usage) = message.take_object("usage") {
        answer.usage = WireUsage::default().merged(&usage).draft();
        usage::add_attrs(&mut answer, &mut usage);
    }
    if answer.id.is_none() && !message.contains_key("content") {
        return answer;
    }
    for (position, block) in message.take_items("content").into_iter().enumerate() {
        add_block(&mut answer, position as u64, object(block));
    }
    let draft = answer.choice(0);
    draft.tools.iter_mut().for_each(complete_tool);
    finish(&mut answer, &mut message);
    answer
}

/// What a message says of itself.
pub(super) fn head(answer: &mut Answer, message: &mut Map<String, Value>) {
    answer.id = message.take_text("id").or(answer.id.take());
    answer.model = message.take_text("model").or(answer.model.take());
}

/// Adds a content block, whole or as it begins in a stream. True where it came
/// with content.
pub(super) fn add_block(answer: &mut Answer, index: u64, mut block: Map<String, Value>) -> bool {
    let kind = block.take_text("type").unwrap_or_default();
    if kind == "compaction" {
        let key = "gen_ai.conversation.compacted";
        answer.attrs.insert(key.into(), true.into());
    }
    let draft = answer.choice(0);
    match kind.as_str() {
        "text" => {
            let citations = block.take_items("citations").into_iter();
            draft.parts.extend(citations.map(block::citation));
            push(&mut draft.text, block.take_text("text"))
        }
        "thinking" => push(&mut draft.thinking, block.take_text("thinking")),
        "tool_use" | "server_tool_use" | "mcp_tool_use" => {
            draft.tools.push(tool_call(&kind, index, block));
            true
        }
        kind => {
            draft.parts.push(block::part(kind, block));
            false
        }
    }
}

fn push(text: &mut String, more: Option<String>) -> bool {
    text.push_str(more.as_deref().unwrap_or_default());
    more.is_some()
}

fn tool_call(kind: &str, index: u64, mut block: Map<String, Value>) -> ToolDraft {
    let input = block.take_object("input").filter(|input| !input.is_empty());
    ToolDraft {
        index,
        id: block.take_text("id"),
        name: block.take_text("name").unwrap_or_default(),
        kind: if kind == "tool_use" { "function" } else { kind }.to_owned(),
        arguments: input
            .map(|input| Value::Object(input).to_string())
            .unwrap_or_default(),
    }
}

/// A call that came whole and without input has an empty object as its input.
pub(super) fn complete_tool(tool: &mut ToolDraft) {
    if tool.arguments.is_empty() {
        tool.arguments.push_str("{}");
    }
}

/// Sets why it ended, from a whole message or from the delta of one.
pub(super) fn finish(answer: &mut Answer, message: &mut Map<String, Value>) {
    let mut details = message.take_object("stop_details").unwrap_or_default();
    if let Some(category) = details.take_text("category") {
        let key = "oisp.response.refusal.category";
        answer.attrs.insert(key.into(), category.into());
    }
    let draft = answer.choice(0);
    if let Some(explanation) = details.take_text("explanation") {
        draft.refusal = explanation;
    }
    if let Some(raw) = message.take_text("stop_reason") {
        set_finish(draft, raw);
    }
}

fn set_finish(draft: &mut ChoiceDraft, raw: String) {
    draft.finish = Some(match raw.as_str() {
        "end_turn" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::ContentFilter,
        _ => FinishReason::Other,
    });
    draft.finish_raw = Some(raw);
}
