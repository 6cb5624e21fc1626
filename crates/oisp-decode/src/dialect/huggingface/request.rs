//! `{"inputs": …, "parameters": {…}}`: the request.

use serde_json::{Map, Value};

use crate::dialect::call::{Call, MessageBuilder, SpokenMessage};
use crate::dialect::json::{Fields, object};
use crate::dialect::route::{unescaped, without_query};
use crate::dialect::{parts, settings};
use crate::http::RequestHead;

/// The model that a path names.
pub(super) fn model_in(path: &str) -> Option<String> {
    let (before, rest) = path.split_once("/models/")?;
    let is_known = before.is_empty() || before.ends_with("/hf-inference");
    let model = rest.split("/pipeline/").next().unwrap_or(rest);
    let fits = is_known && !model.is_empty() && model.split('/').count() <= 2;
    fits.then(|| unescaped(model))
}

/// The model of the older paths, `/pipeline/TASK/MODEL`.
fn model_of_pipeline(path: &str) -> Option<String> {
    let (_, rest) = path.split_once("/pipeline/")?;
    let (_, model) = rest.split_once('/')?;
    (!model.is_empty()).then(|| unescaped(model))
}

pub(super) fn call(head: &RequestHead, body: Value) -> Call {
    let path = head.path.as_deref().map(without_query).unwrap_or_default();
    let mut body = object(body);
    let parameters = body.take_object("parameters").unwrap_or_default();
    let mut attrs = Map::new();
    settings::attrs(&parameters, &mut attrs);
    if parameters.get("grammar").is_some_and(Value::is_object) {
        settings::output_type("json", &mut attrs);
    }
    if let Some(length) = body.number("dimensions") {
        let name = "gen_ai.embeddings.dimension.count";
        attrs.insert(name.into(), length.into());
    }
    let streaming = path.ends_with("/generate_stream")
        || body.get("stream").and_then(Value::as_bool) == Some(true);
    Call {
        model: model_in(path)
            .or_else(|| model_of_pipeline(path))
            .or_else(|| body.take_text("model")),
        streaming: Some(streaming),
        messages: messages(body.remove("inputs")),
        parameters: settings::parameters(
            &parameters,
            &["max_new_tokens", "max_tokens"],
            &["stop", "stop_sequences"],
        ),
        attrs,
        ..Call::default()
    }
}

fn messages(inputs: Option<Value>) -> Vec<SpokenMessage> {
    let items = match inputs {
        Some(Value::Array(items)) => items,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    items.into_iter().map(message).collect()
}

/// A text, or what a pipeline takes instead.
fn message(input: Value) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    match input {
        Value::String(text) => builder.text(text),
        Value::Object(mut fields) => {
            for key in ["question", "context", "source_sentence", "text"] {
                if let Some(text) = fields.take_text(key) {
                    builder.text(text);
                }
            }
        }
        _ => builder.part(parts::generic("input")),
    }
    builder.build("user")
}
