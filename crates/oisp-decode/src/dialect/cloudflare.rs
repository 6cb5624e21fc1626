//! Cloudflare Workers AI: `/ai/run/@cf/OWNER/MODEL`, whatever the model does.

mod response;
mod stream;

use serde_json::{Map, Value, json};

use super::call::{Call, MessageBuilder, SpokenMessage};
use super::json::object;
use super::openai_chat::OpenAiChat;
use super::route::{Route, unescaped, without_query};
use super::{Answer, AnswerStream, Dialect, Operation, parts, settings};
use crate::http::RequestHead;

/// The dialect. What a call is for follows from its input.
pub(super) struct Cloudflare {
    operation: Operation,
}

static CHAT: Cloudflare = Cloudflare {
    operation: Operation::CHAT,
};
static COMPLETION: Cloudflare = Cloudflare {
    operation: Operation::COMPLETION,
};
static EMBEDDING: Cloudflare = Cloudflare {
    operation: Operation::EMBEDDING,
};
static OTHER: Cloudflare = Cloudflare {
    operation: Operation::OTHER,
};

/// `@cf/OWNER/MODEL` or `@hf/OWNER/MODEL`.
fn model_in(path: &str) -> Option<String> {
    let (_, model) = path
        .split_once("/ai/run/")
        .or_else(|| path.split_once("/workers-ai/"))?;
    let model = unescaped(model);
    (model.starts_with("@cf/") || model.starts_with("@hf/")).then_some(model)
}

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    model_in(route.path)?;
    let has = |key: &str| route.body.is_some_and(|body| body.get(key).is_some());
    let dialect = if has("messages") {
        &CHAT
    } else if has("prompt") && (has("max_tokens") || has("stream") || has("raw")) {
        &COMPLETION
    } else if has("text") && !has("source_lang") && !has("target_lang") {
        &EMBEDDING
    } else {
        &OTHER
    };
    Some(dialect)
}

fn call(head: &RequestHead, body: Value) -> Call {
    let path = head.path.as_deref().map(without_query).unwrap_or_default();
    let streaming = body.get("stream").and_then(Value::as_bool).unwrap_or(false);
    let (messages, tools) = match body.get("messages") {
        Some(_) => {
            let call = OpenAiChat.call(head, body.clone());
            (call.messages, tools(&body, call.tools))
        }
        None => (inputs(object(body.clone())), Vec::new()),
    };
    let body = object(body);
    let mut attrs = Map::new();
    settings::attrs(&body, &mut attrs);
    Call {
        model: model_in(path),
        streaming: Some(streaming),
        messages,
        tools,
        parameters: settings::parameters(&body, &["max_tokens"], &["stop"]),
        attrs,
        ..Call::default()
    }
}

/// Tools may come without the wrapping that OpenAI has.
fn tools(body: &Value, read: Vec<oisp_core::event::ai::Tool>) -> Vec<oisp_core::event::ai::Tool> {
    let listed = body.get("tools").and_then(Value::as_array);
    let flat = listed.is_some_and(|tools| tools.iter().all(|tool| tool.get("name").is_some()));
    if !flat {
        return read;
    }
    let wrapped: Vec<_> = listed
        .into_iter()
        .flatten()
        .map(|tool| json!({"type": "function", "function": tool}))
        .collect();
    let head = RequestHead::default();
    OpenAiChat.call(&head, json!({"tools": wrapped})).tools
}

/// A prompt, texts to embed, or the bytes of a file as numbers.
fn inputs(mut body: Map<String, Value>) -> Vec<SpokenMessage> {
    let texts = match body.remove("text") {
        Some(Value::Array(items)) => items,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let texts = texts
        .into_iter()
        .chain(body.remove("prompt"))
        .filter_map(|text| match text {
            Value::String(text) => Some(text),
            _ => None,
        });
    let mut messages: Vec<_> = texts
        .map(|text| {
            let mut builder = MessageBuilder::default();
            builder.text(text);
            builder.build("user")
        })
        .collect();
    for modality in ["image", "audio"] {
        if let Some(Value::String(base64)) = body.remove(modality) {
            let mut builder = MessageBuilder::default();
            let part = parts::blob(modality, None, &base64);
            match modality {
                "image" => builder.image(part),
                _ => builder.part(part),
            }
            messages.push(builder.build("user"));
        }
    }
    messages
}

impl Dialect for Cloudflare {
    fn name(&self) -> &'static str {
        "cloudflare.run"
    }

    fn operation(&self) -> Operation {
        self.operation
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        call(head, body)
    }

    fn answer(&self, body: Value) -> Answer {
        response::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<stream::Stream>::default()
    }
}
