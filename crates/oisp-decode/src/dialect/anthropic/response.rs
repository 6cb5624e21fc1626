//! `POST /v1/messages`: the answer, and the usage and finish words that stream
//! and answer share.

use oisp_core::event::ai::{FinishReason, Usage};
use serde_json::{Map, Value};

use crate::dialect::answer::{Answer, ChoiceDraft, ToolDraft, UsageDraft, error_of, with_total};
use crate::dialect::json::{Fields, object};

pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut message = object(body);
    head(&mut answer, &mut message);
    if let Some(usage) = message.take_object("usage") {
        answer.usage = WireUsage::default().merged(&usage).draft();
    }
    if answer.id.is_none() && !message.contains_key("content") {
        return answer;
    }
    let blocks = message.take_items("content");
    let draft = answer.choice(0);
    for (position, block) in blocks.into_iter().enumerate() {
        add_block(draft, position as u64, object(block));
    }
    draft.tools.iter_mut().for_each(complete_tool);
    finish(draft, message.take_text("stop_reason"));
    answer
}

/// What a message says of itself.
pub(super) fn head(answer: &mut Answer, message: &mut Map<String, Value>) {
    answer.id = message.take_text("id").or(answer.id.take());
    answer.model = message.take_text("model").or(answer.model.take());
}

/// Adds a content block, whole or as it begins in a stream.
pub(super) fn add_block(draft: &mut ChoiceDraft, index: u64, mut block: Map<String, Value>) {
    let kind = block.take_text("type").unwrap_or_default();
    match kind.as_str() {
        "text" => draft
            .text
            .push_str(&block.take_text("text").unwrap_or_default()),
        "thinking" => draft
            .thinking
            .push_str(&block.take_text("thinking").unwrap_or_default()),
        "tool_use" | "server_tool_use" | "mcp_tool_use" => {
            let input = block.take_object("input").filter(|input| !input.is_empty());
            draft.tools.push(ToolDraft {
                index,
                id: block.take_text("id"),
                name: block.take_text("name").unwrap_or_default(),
                kind: if kind == "tool_use" {
                    "function".into()
                } else {
                    kind
                },
                arguments: input
                    .map(|input| Value::Object(input).to_string())
                    .unwrap_or_default(),
            });
        }
        _ => {}
    }
}

/// A call that came whole and without input has an empty object as its input.
pub(super) fn complete_tool(tool: &mut ToolDraft) {
    if tool.arguments.is_empty() {
        tool.arguments.push_str("{}");
    }
}

/// The counts as the wire gives them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WireUsage {
    input: Option<u64>,
    cache_read: Option<u64>,
    cache_creation: Option<u64>,
    output: Option<u64>,
    thinking: Option<u64>,
}

impl WireUsage {
    /// Usage in a stream is cumulative: what is given replaces what was given
    /// before.
    pub(super) fn merged(self, wire: &Map<String, Value>) -> Self {
        Self {
            input: wire.number("input_tokens").or(self.input),
            cache_read: wire.number("cache_read_input_tokens").or(self.cache_read),
            cache_creation: wire
                .number("cache_creation_input_tokens")
                .or(self.cache_creation),
            output: wire.number("output_tokens").or(self.output),
            thinking: wire
                .number_in("output_tokens_details", "thinking_tokens")
                .or(self.thinking),
        }
    }

    /// Input as the total of fresh, read and written tokens.
    pub(super) fn draft(self) -> Option<UsageDraft> {
        if self.input.is_none() && self.output.is_none() {
            return None;
        }
        let cached = self
            .cache_read
            .unwrap_or(0)
            .saturating_add(self.cache_creation.unwrap_or(0));
        let usage = Usage {
            prompt_tokens: self.input.map(|input| input.saturating_add(cached)),
            completion_tokens: self.output,
            cached_tokens: self.cache_read,
            reasoning_tokens: self.thinking,
            ..Usage::default()
        };
        Some(UsageDraft {
            usage: with_total(usage, None),
            cache_creation_tokens: self.cache_creation,
            ..UsageDraft::default()
        })
    }
}

/// Sets the finish reason, raw and in the schema's words.
pub(super) fn finish(draft: &mut ChoiceDraft, raw: Option<String>) {
    let Some(raw) = raw else { return };
    draft.finish = Some(match raw.as_str() {
        "end_turn" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::ContentFilter,
        _ => FinishReason::Other,
    });
    draft.finish_raw = Some(raw);
}
