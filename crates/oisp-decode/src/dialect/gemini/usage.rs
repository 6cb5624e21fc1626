//! Tokens, as Gemini counts them: thoughts are not part of the candidates, and
//! what tools brought into the prompt is not part of the prompt.

use oisp_core::event::ai::Usage;
use serde_json::{Map, Value};

use super::wire::{Lists, camel};
use crate::dialect::answer::{Answer, UsageDraft, says_something, with_total};
use crate::dialect::json::Fields;

/// The sum of what is given.
pub(in crate::dialect) fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (None, None) => None,
        (one, other) => Some(one.unwrap_or(0).saturating_add(other.unwrap_or(0))),
    }
}

/// Sets the usage that `usageMetadata` gives. It is cumulative: each replaces
/// the one before.
pub(super) fn set(answer: &mut Answer, mut wire: Map<String, Value>) {
    let keys = [
        "promptTokenCount",
        "candidatesTokenCount",
        "thoughtsTokenCount",
        "totalTokenCount",
    ];
    if says_something(&wire, &keys) {
        answer.usage = Some(draft(&mut wire));
    }
    for (key, direction) in [
        ("promptTokensDetails", "input"),
        ("candidatesTokensDetails", "output"),
    ] {
        add_modalities(answer, wire.take_list(key), direction);
    }
    if let Some(tier) = wire.take_text("serviceTier") {
        let key = "openai.response.service_tier";
        answer.attrs.insert(key.into(), tier.into());
    }
    if let Some(traffic) = wire.take_text("trafficType") {
        let key = "oisp.response.traffic_type";
        answer.attrs.insert(key.into(), traffic.into());
    }
}

fn draft(wire: &mut Map<String, Value>) -> UsageDraft {
    let prompt = wire.number("promptTokenCount");
    let candidates = wire.number("candidatesTokenCount");
    let thoughts = wire.number("thoughtsTokenCount");
    let usage = Usage {
        prompt_tokens: sum(prompt, wire.number("toolUsePromptTokenCount")),
        completion_tokens: sum(candidates, thoughts),
        cached_tokens: wire.number("cachedContentTokenCount"),
        reasoning_tokens: thoughts,
        ..Usage::default()
    };
    UsageDraft {
        usage: with_total(usage, wire.number("totalTokenCount")),
        ..UsageDraft::default()
    }
}

/// Adds the counts of each modality but text.
fn add_modalities(answer: &mut Answer, details: Vec<Value>, direction: &str) {
    for detail in details {
        let mut detail = camel(detail);
        let modality = detail.take_text("modality").unwrap_or_default();
        let Some(count) = detail.number("tokenCount") else {
            continue;
        };
        let modality = match modality.as_str() {
            "IMAGE" => "image",
            "AUDIO" => "audio",
            "VIDEO" => "video",
            "DOCUMENT" => "document",
            _ => continue,
        };
        let key = format!("gen_ai.usage.{modality}.{direction}_tokens");
        answer.attrs.insert(key, count.into());
    }
}

/// Takes back what was only provisional, in a stream that was cut before its
/// end: the output so far is no total.
pub(super) fn drop_provisional(answer: &mut Answer) {
    if let Some(draft) = &mut answer.usage {
        draft.usage.completion_tokens = None;
        draft.usage.reasoning_tokens = None;
        draft.usage.total_tokens = None;
    }
    let is_output = |key: &str| key.starts_with("gen_ai.usage.") && key.ends_with(".output_tokens");
    answer.attrs.retain(|key, _| !is_output(key));
}
