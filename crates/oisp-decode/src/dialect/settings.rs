//! Sampling parameters, whatever names an API has for them.

use oisp_core::event::ai::Parameters;
use serde_json::{Map, Value};

use super::json::Fields;

/// Sampling parameters. `limits` and `stops` are the names of the longest
/// output and of the stop sequences, the preferred first.
pub(super) fn parameters(from: &Map<String, Value>, limits: &[&str], stops: &[&str]) -> Parameters {
    let real = |key: &str| from.get(key).and_then(Value::as_f64);
    Parameters {
        temperature: real("temperature"),
        top_p: real("top_p"),
        max_tokens: limits.iter().find_map(|key| from.number(key)),
        frequency_penalty: real("frequency_penalty"),
        presence_penalty: real("presence_penalty"),
        stop: stops.iter().find_map(|key| stop(from.get(*key)?)),
    }
}

/// A stop sequence or several; an empty list says nothing.
fn stop(value: &Value) -> Option<Vec<String>> {
    let stops: Vec<_> = match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    };
    (!stops.is_empty()).then_some(stops)
}

/// Parameters that the schema has no field for, under OpenTelemetry's names.
pub(super) fn attrs(from: &Map<String, Value>, attrs: &mut Map<String, Value>) {
    let seed = ["seed", "random_seed"]
        .into_iter()
        .find_map(|key| from.get(key).filter(|seed| seed.is_i64()));
    if let Some(seed) = seed {
        attrs.insert("gen_ai.request.seed".into(), seed.clone());
    }
    if let Some(top_k) = from.get("top_k").filter(|top_k| top_k.is_number()) {
        attrs.insert("gen_ai.request.top_k".into(), top_k.clone());
    }
}

/// Remembers the form of output that was asked for.
pub(super) fn output_type(kind: &str, attrs: &mut Map<String, Value>) {
    attrs.insert("gen_ai.output.type".into(), kind.into());
}
