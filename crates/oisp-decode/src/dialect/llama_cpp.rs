//! llama.cpp's own API: completion, infill, embedding. What it has beside them
//! is OpenAI's.

mod response;

use serde_json::{Map, Value, json};

use super::call::{Call, MessageBuilder};
use super::json::{Fields, object};
use super::route::Route;
use super::{Answer, AnswerStream, Dialect, Operation, settings};
use crate::http::RequestHead;

/// The dialect, for one operation.
pub(super) struct LlamaCpp {
    name: &'static str,
    operation: Operation,
}

static COMPLETION: LlamaCpp = LlamaCpp {
    name: "llama_cpp.completion",
    operation: Operation::COMPLETION,
};
static EMBEDDING: LlamaCpp = LlamaCpp {
    name: "llama_cpp.embedding",
    operation: Operation::EMBEDDING,
};

/// Parameters that others do not have.
const OWN: [&str; 8] = [
    "n_predict",
    "cache_prompt",
    "id_slot",
    "slot_id",
    "mirostat",
    "n_probs",
    "repeat_penalty",
    "min_p",
];

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let body = route.body?;
    let has = |key: &str| body.get(key).is_some();
    let is_text = |key: &str| body.get(key).is_some_and(Value::is_string);
    let is_own = OWN.iter().any(|key| has(key));
    match route.path {
        "/infill" if has("input_prefix") && has("input_suffix") => Some(&COMPLETION),
        "/completion" if is_text("prompt") || (is_own && has("prompt")) => Some(&COMPLETION),
        "/completions" if has("prompt") && is_own && !has("model") => Some(&COMPLETION),
        "/embedding" if is_text("content") => Some(&EMBEDDING),
        _ => None,
    }
}

fn call(body: Value) -> Call {
    let mut body = object(body);
    let mut attrs = Map::new();
    settings::attrs(&body, &mut attrs);
    if body.get("json_schema").is_some_and(Value::is_object) {
        settings::output_type("json", &mut attrs);
    }
    let parameters = settings::parameters(&body, &["n_predict", "max_tokens"], &["stop"]);
    let streaming = body.get("stream").and_then(Value::as_bool);
    let prompt = body.remove("prompt").or_else(|| body.remove("content"));
    let mut builder = MessageBuilder::default();
    for text in texts(prompt) {
        builder.text(text);
    }
    for (key, kind) in [("input_prefix", "prefix"), ("input_suffix", "suffix")] {
        if let Some(text) = body.take_text(key) {
            builder.part(json!({"type": kind, "content": text}));
        }
    }
    Call {
        model: body.take_text("model"),
        streaming: Some(streaming.unwrap_or(false)),
        messages: vec![builder.build("user")],
        parameters,
        attrs,
        ..Call::default()
    }
}

/// The texts of a prompt; tokens are no text.
fn texts(prompt: Option<Value>) -> Vec<String> {
    match prompt {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items
            .into_iter()
            .filter_map(|item| match item {
                Value::String(text) => Some(text),
                _ => None,
            })
            .collect(),
        Some(Value::Object(mut prompt)) => prompt.take_text("prompt_string").into_iter().collect(),
        _ => Vec::new(),
    }
}

impl Dialect for LlamaCpp {
    fn name(&self) -> &'static str {
        self.name
    }

    fn operation(&self) -> Operation {
        self.operation
    }

    fn call(&self, _head: &RequestHead, body: Value) -> Call {
        call(body)
    }

    fn answer(&self, body: Value) -> Answer {
        response::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<response::Stream>::default()
    }
}
