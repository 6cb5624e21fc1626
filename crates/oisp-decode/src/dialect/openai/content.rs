//! The content of a message of a request: a text, or parts of every kind that
//! OpenAI's and compatible APIs have.

use serde_json::{Map, Value};

use super::{input_audio, refusal};
use crate::dialect::call::MessageBuilder;
use crate::dialect::json::{Fields, object};
use crate::dialect::parts;

/// Adds content to a message.
pub(in crate::dialect) fn content(value: Option<Value>, builder: &mut MessageBuilder) {
    match value {
        Some(Value::String(text)) => builder.text(text),
        Some(Value::Array(items)) => items.into_iter().for_each(|item| part(item, builder)),
        Some(item @ Value::Object(_)) => part(item, builder),
        _ => {}
    }
}

fn part(value: Value, builder: &mut MessageBuilder) {
    let mut wire = match value {
        Value::String(text) => return builder.text(text),
        other => object(other),
    };
    let kind = wire.take_text("type").unwrap_or_default();
    match kind.as_str() {
        "text" | "input_text" | "output_text" | "summary_text" => text(&mut wire, builder),
        "image_url" | "input_image" | "image" | "computer_screenshot" => {
            builder.image(image(&mut wire));
        }
        "image_file" => {
            let mut file = wire.take_object("image_file").unwrap_or_default();
            builder.image(parts::file(&file.take_text("file_id").unwrap_or_default()));
        }
        "input_audio" => builder.part(input_audio(&mut wire)),
        "audio_url" | "video_url" | "document_url" => {
            let modality = kind.trim_end_matches("_url");
            builder.part(located(modality, &mut wire, &kind));
        }
        "file" => {
            let inner = wire.take_object("file");
            builder.part(file(inner.unwrap_or(wire)));
        }
        "input_file" => builder.part(file(wire)),
        "thinking" | "reasoning" => builder.part(parts::reasoning(&reasoning_text(&mut wire))),
        "refusal" => builder.part(refusal(wire.take_text("refusal"))),
        "" => untyped(wire, builder),
        other => builder.part(parts::generic(other)),
    }
}

/// Assistants write `{"text": {"value"}}`, everybody else a string.
fn text(wire: &mut Map<String, Value>, builder: &mut MessageBuilder) {
    let text = match wire.get_mut("text").map(Value::take) {
        Some(Value::String(text)) => text,
        Some(Value::Object(mut inner)) => inner.take_text("value").unwrap_or_default(),
        _ => String::new(),
    };
    builder.text(text);
}

/// Parts without a type, as inputs of embeddings are.
fn untyped(mut wire: Map<String, Value>, builder: &mut MessageBuilder) {
    if let Some(text) = wire.take_text("text") {
        builder.text(text);
    }
    if wire.contains_key("image") {
        builder.image(located("image", &mut wire, "image"));
    }
    if wire.contains_key("content") {
        content(wire.remove("content"), builder);
    }
}

fn image(wire: &mut Map<String, Value>) -> Value {
    if let Some(id) = wire.take_text("file_id") {
        return parts::file(&id);
    }
    let key = match wire.contains_key("image") {
        true => "image",
        false => "image_url",
    };
    located("image", wire, key)
}

/// What a URL below `key` refers to: a string, or `{"url"}`.
fn located(modality: &str, wire: &mut Map<String, Value>, key: &str) -> Value {
    let url = match wire.get_mut(key).map(Value::take) {
        Some(Value::String(url)) => Some(url),
        Some(Value::Object(mut inner)) => {
            inner.take_text("url").or_else(|| inner.take_text("data"))
        }
        _ => None,
    };
    match url {
        Some(url) => source(modality, None, &url),
        None => parts::generic(modality),
    }
}

fn file(mut file: Map<String, Value>) -> Value {
    let name = file.take_text("filename");
    let id = file.take_text("file_id");
    let data = file
        .take_text("file_data")
        .or_else(|| file.take_text("file_url"));
    let mut part = match (id, data) {
        (Some(id), _) => parts::file(&id),
        (None, Some(data)) => source("document", None, &data),
        (None, None) => parts::generic("file"),
    };
    if let (Some(name), Some(part)) = (name, part.as_object_mut()) {
        part.insert("filename".into(), name.into());
    }
    part
}

/// A URL, a `data:` URL or bare base64: bytes never stand on an event.
pub(in crate::dialect) fn source(modality: &str, mime: Option<&str>, text: &str) -> Value {
    let scheme = text.split_once(':').map(|(scheme, _)| scheme);
    let is_url = scheme.is_some_and(|scheme| {
        (1..16).contains(&scheme.len()) && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    match is_url {
        true => parts::uri(modality, text),
        false => parts::blob(modality, mime, text),
    }
}

/// The text of thinking: a string, or a list of texts.
pub(in crate::dialect) fn reasoning_text(wire: &mut Map<String, Value>) -> String {
    let found = ["thinking", "summary", "content", "text"]
        .into_iter()
        .filter_map(|key| wire.get_mut(key).map(Value::take))
        .find(|value| match value {
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => false,
        });
    match found {
        Some(Value::String(text)) => text,
        Some(Value::Array(items)) => items
            .into_iter()
            .filter_map(|item| match item {
                Value::String(text) => Some(text),
                item => object(item).take_text("text"),
            })
            .collect::<Vec<_>>()
            .concat(),
        _ => String::new(),
    }
}
