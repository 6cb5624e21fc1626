//! A text to go on with: the request.

use serde_json::{Map, Value};

use super::parameters::{attrs, parameters};
use crate::dialect::call::{Call, MessageBuilder};
use crate::dialect::json::{Fields, object};
use crate::dialect::parts;

/// Where the text stands.
const PROMPTS: [&str; 4] = ["prompt", "inputText", "inputs", "inputPrompt"];

/// Objects that hold the parameters, where these do not stand beside the text.
const HOLDERS: [&str; 2] = ["textGenerationConfig", "parameters"];

/// True where a body has a text to go on with.
pub(in crate::dialect) fn has_prompt(body: &Value) -> bool {
    let is_prompt = |value: &Value| {
        let items = || {
            value
                .as_array()
                .is_some_and(|items| items.iter().all(is_item))
        };
        value.is_string() || items()
    };
    PROMPTS
        .into_iter()
        .any(|name| body.get(name).is_some_and(is_prompt))
}

/// A piece of a prompt that is a list.
fn is_item(value: &Value) -> bool {
    value.is_string() || value.get("type").is_some_and(Value::is_string)
}

/// Reads a request.
pub(in crate::dialect) fn call(body: Value) -> Call {
    let mut body = object(body);
    for holder in HOLDERS {
        if let Some(inner) = body.take_object(holder) {
            body.remove(holder);
            body.extend(inner);
        }
    }
    let mut builder = MessageBuilder::default();
    for name in PROMPTS {
        add(body.get_mut(name).map(Value::take), &mut builder);
    }
    if let Some(mut source) = body.take_object("mediaSource") {
        builder.part(media(&mut source));
    }
    Call {
        model: body.take_text("model"),
        streaming: body.get("stream").and_then(Value::as_bool),
        messages: vec![builder.build("user")],
        parameters: parameters(&body),
        attrs: attrs(&body),
        ..Call::default()
    }
}

fn add(value: Option<Value>, builder: &mut MessageBuilder) {
    match value {
        Some(Value::String(text)) => builder.text(text),
        Some(Value::Array(items)) => items.into_iter().for_each(|item| match item {
            Value::String(text) => builder.text(text),
            item => add_item(object(item), builder),
        }),
        _ => {}
    }
}

/// A piece as Aleph Alpha writes it.
fn add_item(mut item: Map<String, Value>, builder: &mut MessageBuilder) {
    let kind = item.take_text("type").unwrap_or_default();
    let data = item.take_text("data").unwrap_or_default();
    match kind.as_str() {
        "text" => builder.text(data),
        "image" => builder.image(parts::blob("image", None, &data)),
        other => builder.part(parts::generic(other)),
    }
}

/// A video beside the text.
fn media(source: &mut Map<String, Value>) -> Value {
    if let Some(data) = source.take_text("base64String") {
        return parts::blob("video", None, &data);
    }
    let place = source.take_object("s3Location");
    match place.and_then(|mut place| place.take_text("uri")) {
        Some(uri) => parts::uri("video", &uri),
        None => parts::generic("video"),
    }
}
