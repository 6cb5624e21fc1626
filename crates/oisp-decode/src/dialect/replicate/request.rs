//! `POST /v1/predictions`, `/v1/models/OWNER/NAME/predictions`,
//! `/v1/deployments/OWNER/NAME/predictions`: the request.

use serde_json::{Map, Value, json};

use crate::dialect::call::{Call, MessageBuilder};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai_chat::OpenAiChat;
use crate::dialect::route::{unescaped, without_query};
use crate::dialect::{Dialect, parts, settings};
use crate::http::RequestHead;

/// `OWNER/NAME` of a model or a deployment.
pub(super) fn model_in(path: &str) -> Option<String> {
    let path = path.strip_suffix("/predictions")?;
    let (_, model) = path
        .rsplit_once("/v1/models/")
        .or_else(|| path.rsplit_once("/v1/deployments/"))?;
    let (owner, name) = model.split_once('/')?;
    let fits = !owner.is_empty() && !name.is_empty() && !name.contains('/');
    fits.then(|| unescaped(model))
}

pub(super) fn call(head: &RequestHead, body: Value) -> Call {
    let path = head.path.as_deref().map(without_query).unwrap_or_default();
    let mut body = object(body);
    let mut input = body.take_object("input").unwrap_or_default();
    let mut attrs = Map::new();
    settings::attrs(&input, &mut attrs);
    let limits = [
        "max_tokens",
        "max_completion_tokens",
        "max_new_tokens",
        "max_length",
    ];
    let parameters = settings::parameters(&input, &limits, &["stop_sequences", "stop"]);
    Call {
        model: model_in(path).or_else(|| body.take_text("version")),
        streaming: body.get("stream").and_then(Value::as_bool),
        messages: messages(head, &mut input),
        parameters,
        attrs,
        ..Call::default()
    }
}

fn messages(
    head: &RequestHead,
    input: &mut Map<String, Value>,
) -> Vec<crate::dialect::SpokenMessage> {
    let mut messages = Vec::new();
    let system = input
        .take_text("system_prompt")
        .or_else(|| input.take_text("system_instruction"));
    if let Some(system) = system {
        let mut builder = MessageBuilder::default();
        builder.text(system);
        messages.push(builder.build("system"));
    }
    let listed = input.take_items("messages");
    if !listed.is_empty() {
        messages.extend(OpenAiChat.call(head, json!({"messages": listed})).messages);
    }
    let mut builder = MessageBuilder::default();
    for key in ["prompt", "text"] {
        if let Some(text) = input.take_text(key) {
            builder.text(text);
        }
    }
    add_files(input, &mut builder);
    if !builder.is_empty() {
        messages.push(builder.build("user"));
    }
    messages
}

/// What the input refers to by URL, whatever the model calls it.
fn add_files(input: &mut Map<String, Value>, builder: &mut MessageBuilder) {
    for (key, value) in input.iter_mut() {
        let items = match value.take() {
            Value::Array(items) => items,
            one => vec![one],
        };
        for item in items {
            let Value::String(url) = item else { continue };
            if !is_url(&url) {
                continue;
            }
            match modality(key) {
                "image" => builder.image(parts::uri("image", &url)),
                other => builder.part(parts::uri(other, &url)),
            }
        }
    }
}

/// Also a file given as its bytes.
pub(super) fn is_url(text: &str) -> bool {
    ["https://", "http://", "data:"]
        .iter()
        .any(|scheme| text.starts_with(scheme))
}

fn modality(key: &str) -> &'static str {
    let key = key.to_ascii_lowercase();
    let known = ["image", "audio", "video"];
    known
        .into_iter()
        .find(|kind| key.contains(kind))
        .unwrap_or("file")
}
