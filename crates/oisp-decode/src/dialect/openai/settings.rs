//! What a request sets beside its messages.

use oisp_core::event::ai::Parameters;
use serde_json::{Map, Value};

use crate::dialect::json::Fields;
use crate::dialect::parts;

/// Longest text that is kept as an attribute.
const MAX_TEXT: usize = 256;

/// Sampling parameters, under every name that the APIs have.
pub(in crate::dialect) fn parameters(body: &Map<String, Value>) -> Parameters {
    let real = |key: &str| body.get(key).and_then(Value::as_f64);
    let limits = ["max_completion_tokens", "max_output_tokens", "max_tokens"];
    Parameters {
        temperature: real("temperature"),
        top_p: real("top_p"),
        max_tokens: limits.into_iter().find_map(|key| body.number(key)),
        frequency_penalty: real("frequency_penalty"),
        presence_penalty: real("presence_penalty"),
        stop: stop(body.get("stop")),
    }
}

fn stop(value: Option<&Value>) -> Option<Vec<String>> {
    match value? {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(many) => Some(
            many.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        ),
        _ => None,
    }
}

/// Copies numbers, truth values and short texts to attributes.
pub(in crate::dialect) fn copy(
    body: &Map<String, Value>,
    attrs: &mut Map<String, Value>,
    names: &[(&str, &str)],
) {
    for (key, name) in names {
        let value = body.get(*key).filter(|value| match value {
            Value::String(text) => (1..=MAX_TEXT).contains(&text.len()),
            Value::Number(_) | Value::Bool(_) => true,
            _ => false,
        });
        if let Some(value) = value {
            attrs.insert((*name).to_owned(), value.clone());
        }
    }
}

/// How many alternatives are asked for, where it is not the usual one.
pub(in crate::dialect) fn choice_count(body: &Map<String, Value>, attrs: &mut Map<String, Value>) {
    if let Some(count) = body.number("n").filter(|count| *count != 1) {
        attrs.insert("gen_ai.request.choice.count".into(), count.into());
    }
}

/// The kind of output that a format asks for, in OpenTelemetry's words.
pub(in crate::dialect) fn output_type(format: Option<&Value>) -> Option<&'static str> {
    let kind = match format? {
        Value::String(kind) => kind,
        format => format.get("type")?.as_str()?,
    };
    match kind {
        "json_object" | "json_schema" | "json" => Some("json"),
        "text" => Some("text"),
        _ => None,
    }
}

/// Whether a stream is asked for.
pub(in crate::dialect) fn streaming(body: &Map<String, Value>) -> Option<bool> {
    body.get("stream").and_then(Value::as_bool)
}

/// The client's own name of the conversation, where it gives one.
pub(in crate::dialect) fn session(body: &Map<String, Value>) -> Option<String> {
    let named = |fields: &Map<String, Value>| {
        ["session_id", "conversation_id", "thread_id"]
            .into_iter()
            .find_map(|key| fields.get(key)?.as_str().filter(|id| !id.is_empty()))
            .map(str::to_owned)
    };
    named(body).or_else(|| named(body.get("metadata")?.as_object()?))
}

/// Fields of a form are text: those that are numbers or truth values become
/// such.
pub(in crate::dialect) fn typed(body: &mut Map<String, Value>, keys: &[&str]) {
    for key in keys {
        if let Some(field @ Value::String(_)) = body.get_mut(*key)
            && let Some(Ok(value)) = field.as_str().map(serde_json::from_str::<Value>)
            && (value.is_number() || value.is_boolean())
        {
            *field = value;
        }
    }
}

/// The part of a message that a file of a form is.
pub(in crate::dialect) fn form_file(modality: &str, value: &Value) -> Option<Value> {
    let mut file = value.get("$file")?.as_object()?.clone();
    let mut part = parts::generic("blob").as_object().cloned()?;
    part.insert("modality".into(), modality.into());
    part.insert("length".into(), file.remove("length")?);
    let hash = format!("sha256:{}", file.take_text("sha256")?);
    part.insert("hash".into(), hash.into());
    for (key, name) in [("content_type", "mime_type"), ("filename", "filename")] {
        if let Some(text) = file.take_text(key) {
            part.insert(name.into(), text.into());
        }
    }
    Some(Value::Object(part))
}
