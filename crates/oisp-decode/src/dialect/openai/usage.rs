//! Tokens and cost, as OpenAI and the providers that are compatible with it
//! give them.

use oisp_core::event::ai::Usage;
use serde_json::{Map, Value};

use crate::dialect::answer::{Answer, UsageDraft, says_something, with_total};
use crate::dialect::json::Fields;

/// xAI: ten billion ticks are a dollar.
const TICKS_PER_USD: f64 = 1e10;

/// Numbers beside the tokens that are kept under `oisp.usage.`: Groq's times,
/// Mistral's and OpenAI's seconds of audio, searches.
const MEASURES: [&str; 9] = [
    "queue_time",
    "prompt_time",
    "completion_time",
    "total_time",
    "prompt_audio_seconds",
    "seconds",
    "num_sources_used",
    "num_search_queries",
    "citation_tokens",
];

/// Usage, by the names that an API has for input and output tokens. Cached and
/// reasoning tokens are part of the totals.
pub(in crate::dialect) fn usage(
    wire: &Map<String, Value>,
    input: &str,
    output: &str,
) -> Option<UsageDraft> {
    if !says_something(wire, &[input, output, "total_tokens"]) {
        return None;
    }
    let any = |keys: &[&str]| keys.iter().find_map(|key| wire.number(key));
    let usage = Usage {
        prompt_tokens: wire.number(input),
        completion_tokens: wire.number(output),
        cached_tokens: detail(wire, input, "cached_tokens").or_else(|| {
            any(&[
                "prompt_cache_hit_tokens",
                "num_cached_tokens",
                "cached_tokens",
                "cache_read_input_tokens",
            ])
        }),
        reasoning_tokens: detail(wire, output, "reasoning_tokens")
            .or_else(|| any(&["reasoning_tokens"])),
        ..Usage::default()
    };
    Some(UsageDraft {
        usage: with_total(usage, wire.number("total_tokens")),
        cache_creation_tokens: detail(wire, input, "cache_write_tokens")
            .or_else(|| detail(wire, input, "cache_creation_tokens"))
            .or_else(|| any(&["cache_creation_input_tokens"])),
        input_audio_tokens: detail(wire, input, "audio_tokens"),
        output_audio_tokens: detail(wire, output, "audio_tokens"),
        ..UsageDraft::default()
    })
}

/// A count below `input_tokens_details`, or `input_token_details` as the audio
/// APIs write it.
fn detail(wire: &Map<String, Value>, side: &str, key: &str) -> Option<u64> {
    let of_tokens = format!("{side}_details");
    let of_token = format!("{}_details", side.trim_end_matches('s'));
    wire.number_in(&of_tokens, key)
        .or_else(|| wire.number_in(&of_token, key))
}

/// Puts into the answer what its usage says: tokens, cost, measures. What came
/// before is replaced, for streams repeat their usage as totals.
pub(in crate::dialect) fn add_usage(
    answer: &mut Answer,
    wire: Option<Map<String, Value>>,
    input: &str,
    output: &str,
) {
    let Some(wire) = wire else { return };
    if let Some(usage) = usage(&wire, input, output) {
        answer.usage = Some(usage);
    }
    if let Some(cost) = cost(&wire) {
        answer.cost_usd = Some(cost);
    }
    for key in MEASURES {
        if let Some(number) = wire.get(key).filter(|value| value.is_number()) {
            answer
                .attrs
                .insert(format!("oisp.usage.{key}"), number.clone());
        }
    }
}

/// The cost as `usage.cost` (OpenRouter), `usage.cost.total_cost` (Perplexity)
/// or in ticks (xAI), US dollars.
fn cost(wire: &Map<String, Value>) -> Option<f64> {
    let ticks = wire.get("cost_in_usd_ticks").and_then(Value::as_f64);
    let given = match wire.get("cost") {
        Some(Value::Object(cost)) => cost.get("total_cost").and_then(Value::as_f64),
        cost => cost.and_then(Value::as_f64),
    };
    let cost = given.or_else(|| ticks.map(|ticks| ticks / TICKS_PER_USD))?;
    (cost.is_finite() && cost >= 0.0).then_some(cost)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a test states its assumptions by panicking"
    )]

    use super::*;
    use serde_json::json;

    fn of(wire: Value) -> Answer {
        let Value::Object(wire) = wire else {
            panic!("an object")
        };
        let mut answer = Answer::default();
        add_usage(
            &mut answer,
            Some(wire),
            "prompt_tokens",
            "completion_tokens",
        );
        answer
    }

    #[test]
    fn cached_tokens_are_known_by_every_name() {
        for extra in [
            json!({"prompt_tokens_details": {"cached_tokens": 7}}),
            json!({"prompt_token_details": {"cached_tokens": 7}}),
            json!({"prompt_cache_hit_tokens": 7, "prompt_cache_miss_tokens": 3}),
            json!({"num_cached_tokens": 7, "prompt_tokens_details": null}),
            json!({"cached_tokens": 7}),
        ] {
            let mut wire = json!({"prompt_tokens": 10, "completion_tokens": 2});
            for (key, value) in extra.as_object().unwrap() {
                wire[key.as_str()] = value.clone();
            }
            let usage = of(wire).usage.unwrap().usage;
            assert_eq!(usage.cached_tokens, Some(7), "{extra}");
            assert_eq!(usage.total_tokens, Some(12), "{extra}");
            assert_eq!(usage.reasoning_tokens, None, "{extra}");
        }
    }

    #[test]
    fn a_cost_is_taken_in_dollars() {
        assert_eq!(of(json!({"cost": 0.0125})).cost_usd, Some(0.0125));
        assert_eq!(of(json!({"cost": {"total_cost": 0.5}})).cost_usd, Some(0.5));
        assert_eq!(
            of(json!({"cost_in_usd_ticks": 37_756_000})).cost_usd,
            Some(0.003_775_6)
        );
        assert_eq!(of(json!({"cost": "1"})).cost_usd, None);
        assert_eq!(of(json!({"cost": -1})).cost_usd, None);
        assert_eq!(of(json!({"prompt_tokens": 1})).cost_usd, None);
    }

    #[test]
    fn usage_by_duration_has_no_tokens() {
        let answer = of(json!({"type": "duration", "seconds": 9}));
        assert_eq!(answer.usage, None);
        assert_eq!(answer.attrs.get("oisp.usage.seconds"), Some(&json!(9)));
    }
}
