//! Sampling parameters, by the names that APIs have for them.

use oisp_core::event::ai::Parameters;
use serde_json::{Map, Value};

use crate::dialect::json::{Fields, whole};

const TOP_P: [&str; 3] = ["top_p", "topP", "p"];
const TOP_K: [&str; 3] = ["top_k", "topK", "k"];
const MAX_TOKENS: [&str; 9] = [
    "max_tokens",
    "maxTokens",
    "max_gen_len",
    "maxTokenCount",
    "max_tokens_to_sample",
    "max_new_tokens",
    "maximum_tokens",
    "maxOutputTokens",
    "max_output_tokens",
];
const STOP: [&str; 5] = [
    "stop_sequences",
    "stopSequences",
    "stop",
    "end_sequences",
    "stop_words",
];
const COUNT: [&str; 4] = ["n", "num_generations", "numResults", "numberOfImages"];

/// The sampling parameters among an object's fields.
pub(in crate::dialect) fn parameters(fields: &Map<String, Value>) -> Parameters {
    Parameters {
        temperature: real(fields, &["temperature"]),
        top_p: real(fields, &TOP_P),
        max_tokens: MAX_TOKENS.into_iter().find_map(|name| fields.number(name)),
        frequency_penalty: real(fields, &["frequency_penalty", "frequencyPenalty"]),
        presence_penalty: real(fields, &["presence_penalty", "presencePenalty"]),
        stop: STOP.into_iter().find_map(|name| stop(fields.get(name)?)),
    }
}

/// What else such fields tell, under OpenTelemetry's names.
pub(in crate::dialect) fn attrs(fields: &Map<String, Value>) -> Map<String, Value> {
    let mut attrs = Map::new();
    let first = |names: &[&str]| {
        let mut values = names.iter().filter_map(|name| fields.get(*name));
        values.find(|value| value.is_number()).cloned()
    };
    if let Some(top_k) = first(&TOP_K) {
        attrs.insert("gen_ai.request.top_k".into(), top_k);
    }
    if let Some(seed) = first(&["seed"]) {
        attrs.insert("gen_ai.request.seed".into(), seed);
    }
    let count = first(&COUNT).filter(|count| whole(count).is_some_and(|count| count != 1));
    if let Some(count) = count {
        attrs.insert("gen_ai.request.choice.count".into(), count);
    }
    attrs
}

/// A number, or one inside an object as AI21 writes penalties.
fn real(fields: &Map<String, Value>, names: &[&str]) -> Option<f64> {
    let mut values = names.iter().filter_map(|name| fields.get(*name));
    values.find_map(|value| value.as_f64().or_else(|| value.get("scale")?.as_f64()))
}

fn stop(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(many) if !many.is_empty() => {
            let texts = many.iter().filter_map(Value::as_str);
            Some(texts.map(str::to_owned).collect())
        }
        _ => None,
    }
}
