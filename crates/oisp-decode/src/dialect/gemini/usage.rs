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
    let input = Modalities::of(wire.take_list("promptTokensDetails"));
    let output = Modalities::of(wire.take_list("candidatesTokensDetails"));
    if says_something(&wire, &keys) {
        answer.usage = Some(UsageDraft {
            input_audio_tokens: input.audio,
            input_image_tokens: input.image,
            output_audio_tokens: output.audio,
            output_image_tokens: output.image,
            ..draft(&wire)
        });
    }
    for (name, count) in [("video", input.video), ("document", input.document)] {
        if let Some(count) = count {
            let key = format!("gen_ai.usage.{name}.input_tokens");
            answer.attrs.insert(key, count.into());
        }
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

fn draft(wire: &Map<String, Value>) -> UsageDraft {
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

/// The counts of each modality but text.
#[derive(Default)]
struct Modalities {
    audio: Option<u64>,
    image: Option<u64>,
    video: Option<u64>,
    document: Option<u64>,
}

impl Modalities {
    fn of(details: Vec<Value>) -> Self {
        let mut modalities = Self::default();
        for detail in details {
            let mut detail = camel(detail);
            let kind = detail.take_text("modality").unwrap_or_default();
            let count = match kind.as_str() {
                "AUDIO" => &mut modalities.audio,
                "IMAGE" => &mut modalities.image,
                "VIDEO" => &mut modalities.video,
                "DOCUMENT" => &mut modalities.document,
                _ => continue,
            };
            *count = sum(*count, detail.number("tokenCount"));
        }
        modalities
    }
}

/// Takes back what was only provisional, in a stream that was cut before its
/// end: the output so far is no total.
pub(super) fn drop_provisional(answer: &mut Answer) {
    if let Some(draft) = &mut answer.usage {
        draft.usage.completion_tokens = None;
        draft.usage.reasoning_tokens = None;
        draft.usage.total_tokens = None;
        draft.output_audio_tokens = None;
        draft.output_image_tokens = None;
    }
}
