//! Tokens, as Anthropic counts them: what was read from a cache and written to
//! one is not part of `input_tokens`.

use oisp_core::event::ai::Usage;
use serde_json::{Map, Value};

use crate::dialect::answer::{Answer, UsageDraft, with_total};
use crate::dialect::json::Fields;

/// The counts as the wire gives them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WireUsage {
    input: Option<u64>,
    cache_read: Option<u64>,
    cache_creation: Option<u64>,
    cache_creation_5m: Option<u64>,
    cache_creation_1h: Option<u64>,
    output: Option<u64>,
    thinking: Option<u64>,
    web_searches: Option<u64>,
}

impl WireUsage {
    /// Usage in a stream is cumulative: what is given replaces what was given
    /// before.
    pub(super) fn merged(self, wire: &Map<String, Value>) -> Self {
        let cache = |key| wire.number_in("cache_creation", key);
        Self {
            input: wire.number("input_tokens").or(self.input),
            cache_read: wire.number("cache_read_input_tokens").or(self.cache_read),
            cache_creation: wire
                .number("cache_creation_input_tokens")
                .or(self.cache_creation),
            cache_creation_5m: cache("ephemeral_5m_input_tokens").or(self.cache_creation_5m),
            cache_creation_1h: cache("ephemeral_1h_input_tokens").or(self.cache_creation_1h),
            output: wire.number("output_tokens").or(self.output),
            thinking: wire
                .number_in("output_tokens_details", "thinking_tokens")
                .or(self.thinking),
            web_searches: wire
                .number_in("server_tool_use", "web_search_requests")
                .or(self.web_searches),
        }
    }

    /// Input as the total of fresh, read and written tokens.
    pub(super) fn draft(self) -> Option<UsageDraft> {
        if self.input.is_none() && self.output.is_none() {
            return None;
        }
        let written = self.cache_creation.or_else(|| self.written_by_age());
        let cached = self
            .cache_read
            .unwrap_or(0)
            .saturating_add(written.unwrap_or(0));
        let usage = Usage {
            prompt_tokens: self.input.map(|input| input.saturating_add(cached)),
            completion_tokens: self.output,
            cached_tokens: self.cache_read,
            reasoning_tokens: self.thinking,
            ..Usage::default()
        };
        Some(UsageDraft {
            usage: with_total(usage, None),
            cache_creation_tokens: written,
            cache_creation_1h_tokens: self.cache_creation_1h,
            web_searches: self.web_searches,
            ..UsageDraft::default()
        })
    }

    fn written_by_age(self) -> Option<u64> {
        let (short, long) = (self.cache_creation_5m, self.cache_creation_1h);
        (short.is_some() || long.is_some())
            .then(|| short.unwrap_or(0).saturating_add(long.unwrap_or(0)))
    }
}

/// Adds what the totals do not show: fetches of pages, the tier, and the tokens of other models and of compactions, which are billed apart.
pub(super) fn add_attrs(answer: &mut Answer, wire: &mut Map<String, Value>) {
    if let Some(tier) = wire.take_text("service_tier") {
        let key = "openai.response.service_tier";
        answer.attrs.insert(key.into(), tier.into());
    }
    if let Some(count) = wire.number_in("server_tool_use", "web_fetch_requests") {
        let key = "oisp.usage.web_fetch_requests";
        answer.attrs.insert(key.into(), count.into());
    }
    let iterations = wire.take_items("iterations");
    for kind in ["compaction", "advisor_message", "fallback_message"] {
        add_iterations(answer, kind, &iterations);
    }
}

fn add_iterations(answer: &mut Answer, kind: &str, iterations: &[Value]) {
    let of_kind = iterations
        .iter()
        .filter_map(Value::as_object)
        .filter(|iteration| iteration.get("type").and_then(Value::as_str) == Some(kind));
    let drafts: Vec<_> = of_kind
        .filter_map(|wire| WireUsage::default().merged(wire).draft())
        .collect();
    let sum = |count: fn(&Usage) -> Option<u64>| {
        let counts = drafts.iter().filter_map(|draft| count(&draft.usage));
        counts.fold(0u64, u64::saturating_add)
    };
    if !drafts.is_empty() {
        let input = sum(|usage| usage.prompt_tokens);
        let output = sum(|usage| usage.completion_tokens);
        let attrs = &mut answer.attrs;
        attrs.insert(format!("oisp.usage.{kind}.input_tokens"), input.into());
        attrs.insert(format!("oisp.usage.{kind}.output_tokens"), output.into());
    }
}
