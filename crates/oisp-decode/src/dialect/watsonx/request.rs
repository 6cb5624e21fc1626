//! `POST /ml/v1/text/…`: the requests.

use serde_json::{Map, Value};

use super::with_model;
use crate::dialect::call::{Call, MessageBuilder, SpokenMessage};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai_chat::OpenAiChat;
use crate::dialect::route::{unescaped, without_query};
use crate::dialect::{Dialect, settings};
use crate::http::RequestHead;

/// The deployment that a path names in place of a model.
fn deployment(head: &RequestHead) -> Option<String> {
    let path = without_query(head.path.as_deref()?);
    let (_, rest) = path.split_once("/deployments/")?;
    let name = rest.split('/').next()?;
    (!name.is_empty()).then(|| unescaped(name))
}

fn streams(head: &RequestHead) -> bool {
    let path = head.path.as_deref().map(without_query).unwrap_or_default();
    path.ends_with("_stream")
}

pub(super) fn generation(head: &RequestHead, body: Value) -> Call {
    let mut body = object(body);
    let parameters = body.take_object("parameters").unwrap_or_default();
    let mut attrs = Map::new();
    settings::attrs(&parameters, &mut attrs);
    Call {
        model: body.take_text("model_id").or_else(|| deployment(head)),
        streaming: Some(streams(head)),
        messages: texts(body.remove("input")),
        parameters: settings::parameters(&parameters, &["max_new_tokens"], &["stop_sequences"]),
        attrs,
        ..Call::default()
    }
}

pub(super) fn chat(head: &RequestHead, body: Value) -> Call {
    let call = OpenAiChat.call(head, with_model(body));
    Call {
        model: call.model.or_else(|| deployment(head)),
        streaming: Some(streams(head)),
        ..call
    }
}

pub(super) fn embeddings(_head: &RequestHead, body: Value) -> Call {
    let mut body = object(body);
    Call {
        model: body.take_text("model_id"),
        streaming: Some(false),
        messages: texts(body.remove("inputs")),
        ..Call::default()
    }
}

fn texts(input: Option<Value>) -> Vec<SpokenMessage> {
    let items = match input {
        Some(Value::Array(items)) => items,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let spoken = items.into_iter().filter_map(|item| match item {
        Value::String(text) => {
            let mut builder = MessageBuilder::default();
            builder.text(text);
            Some(builder.build("user"))
        }
        _ => None,
    });
    spoken.collect()
}
