//! The message form of AWS: the answer, and the usage and finish words that
//! stream and answer share.

use oisp_core::event::ai::{FinishReason, Usage};
use serde_json::{Map, Value};

use super::block::{Block, block};
use super::request::server_result;
use crate::dialect::answer::{Answer, ChoiceDraft, ToolDraft, UsageDraft, error_of, with_total};
use crate::dialect::json::{Fields, object, whole};

/// Reads a whole answer.
pub(in crate::dialect) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    head(&mut answer, &mut body);
    if let Some(wire) = body.take_object("usage") {
        answer.usage = WireUsage::default().merged(&wire).draft();
    }
    let output = body.take_object("output");
    if let Some(mut message) = output.and_then(|mut output| output.take_object("message")) {
        let draft = answer.choice(0);
        for (index, item) in message.take_items("content").into_iter().enumerate() {
            add(draft, index as u64, block(item));
        }
        finish(draft, body.take_text("stopReason"));
    }
    answer
}

/// What an answer, or the last event of a stream, says of the answer itself.
pub(super) fn head(answer: &mut Answer, body: &mut Map<String, Value>) {
    let mut trace = body.take_object("trace").unwrap_or_default();
    let router = trace.take_object("promptRouter");
    if let Some(model) = router.and_then(|mut router| router.take_text("invokedModelId")) {
        answer.model = Some(model);
    }
    if let Some(latency) = body.number_in("metrics", "latencyMs") {
        let name = "aws.bedrock.invocation_latency_ms";
        answer.attrs.insert(name.into(), latency.into());
    }
}

fn add(draft: &mut ChoiceDraft, index: u64, block: Block) {
    match block {
        Block::Text(text) => draft.text.push_str(&text),
        Block::Thinking(text) => draft.thinking.push_str(&text),
        Block::ToolUse(call) => draft.tools.push(tool_use(index, call)),
        Block::ToolResult(result) => draft.parts.push(server_result(result)),
        Block::Cited(text, citations) => {
            draft.text.push_str(&text);
            draft.parts.extend(citations);
        }
        Block::Image(part) | Block::Part(part) => draft.parts.push(part),
        Block::Mark => {}
    }
}

/// A tool call, whole or as it begins in a stream.
pub(super) fn tool_use(index: u64, mut call: Map<String, Value>) -> ToolDraft {
    ToolDraft {
        index,
        id: call.take_text("toolUseId"),
        name: call.take_text("name").unwrap_or_default(),
        kind: call.take_text("type").unwrap_or_else(|| "function".into()),
        arguments: match call.remove("input") {
            Some(Value::String(text)) => text,
            Some(Value::Null) | None => String::new(),
            Some(input) => input.to_string(),
        },
    }
}

/// The counts as the wire gives them. What was read from a cache and written to
/// it is not part of the input.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::dialect) struct WireUsage {
    pub(in crate::dialect) input: Option<u64>,
    pub(in crate::dialect) output: Option<u64>,
    pub(in crate::dialect) cache_read: Option<u64>,
    pub(in crate::dialect) cache_write: Option<u64>,
    pub(in crate::dialect) cache_write_1h: Option<u64>,
}

impl WireUsage {
    /// What is given replaces what was given before. Counts stand under two
    /// names, of which `…Count` also stands in the metrics of `invoke`.
    pub(in crate::dialect) fn merged(self, wire: &Map<String, Value>) -> Self {
        let count = |name: &str| {
            let other = format!("{}Count", name.trim_end_matches('s'));
            wire.number(name).or_else(|| wire.number(&other))
        };
        Self {
            input: count("inputTokens").or(self.input),
            output: count("outputTokens").or(self.output),
            cache_read: count("cacheReadInputTokens").or(self.cache_read),
            cache_write: count("cacheWriteInputTokens").or(self.cache_write),
            cache_write_1h: kept_for_an_hour(wire).or(self.cache_write_1h),
        }
    }

    /// Input as the total of fresh, read and written tokens.
    pub(in crate::dialect) fn draft(self) -> Option<UsageDraft> {
        self.input.or(self.output)?;
        let cached = self
            .cache_read
            .unwrap_or(0)
            .saturating_add(self.cache_write.unwrap_or(0));
        let usage = Usage {
            prompt_tokens: self.input.map(|input| input.saturating_add(cached)),
            completion_tokens: self.output,
            cached_tokens: self.cache_read,
            ..Usage::default()
        };
        Some(UsageDraft {
            usage: with_total(usage, None),
            cache_creation_tokens: self.cache_write,
            cache_creation_1h_tokens: self.cache_write_1h,
            ..UsageDraft::default()
        })
    }
}

fn kept_for_an_hour(wire: &Map<String, Value>) -> Option<u64> {
    let details = wire.get("cacheDetails")?.as_array()?;
    let long = details
        .iter()
        .find(|detail| detail.get("ttl").and_then(Value::as_str) == Some("1h"))?;
    whole(long.get("inputTokens")?)
}

/// Sets the finish reason, raw and in the schema's words.
pub(super) fn finish(draft: &mut ChoiceDraft, raw: Option<String>) {
    let Some(raw) = raw else { return };
    draft.finish = Some(match raw.as_str() {
        "end_turn" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "guardrail_intervened" | "content_filtered" | "refusal" => FinishReason::ContentFilter,
        "malformed_model_output" | "malformed_tool_use" => FinishReason::Error,
        _ => FinishReason::Other,
    });
    draft.finish_raw = Some(raw);
}
