//! Ollama's own API: chat, generate and embeddings. Answers are streams of
//! NDJSON unless `stream` is false.
//!
//! Other programs have a `/api/chat` too, so that a body counts only where all
//! of it is Ollama's.

mod request;
mod response;
mod stream;

use serde_json::Value;

use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect, Operation};
use crate::http::RequestHead;

/// The dialect, for one operation.
pub(super) struct Ollama {
    name: &'static str,
    operation: Operation,
    call: fn(Value) -> Call,
}

/// Chats; also how a gateway's answer is read that has their shape.
pub(super) static CHAT: Ollama = Ollama {
    name: "ollama.chat",
    operation: Operation::CHAT,
    call: request::chat,
};
static GENERATE: Ollama = Ollama {
    name: "ollama.generate",
    operation: Operation::COMPLETION,
    call: request::generate,
};
static EMBED: Ollama = Ollama {
    name: "ollama.embed",
    operation: Operation::EMBEDDING,
    call: request::embed,
};

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let (dialect, fits): (&'static Ollama, fn(&Value) -> bool) = match route.path {
        path if path.ends_with("/api/chat") => (&CHAT, is_chat),
        path if path.ends_with("/api/generate") => (&GENERATE, is_generate),
        path if path.ends_with("/api/embed") || path.ends_with("/api/embeddings") => {
            (&EMBED, is_embed)
        }
        _ => return None,
    };
    let is_its_host = is_its_host(route);
    let fits = route.body.map_or(is_its_host, |body| {
        has_model(body) && fits(body) && (is_its_host || is_all_its_own(body))
    });
    fits.then_some(dialect)
}

/// The port that it has by default, or the company's host.
fn is_its_host(route: &Route<'_>) -> bool {
    let authority = route.head.authority.as_deref().unwrap_or_default();
    authority.ends_with(":11434") || authority == "ollama.com" || authority.ends_with(".ollama.com")
}

fn has_model(body: &Value) -> bool {
    body.get("model")
        .and_then(Value::as_str)
        .is_some_and(|model| !model.is_empty())
}

/// Nothing in it is of another program, or something is only Ollama's.
fn is_all_its_own(body: &Value) -> bool {
    const FIELDS: [&str; 24] = [
        "model",
        "messages",
        "prompt",
        "input",
        "suffix",
        "images",
        "system",
        "template",
        "context",
        "raw",
        "stream",
        "format",
        "tools",
        "truncate",
        "shift",
        "dimensions",
        "logprobs",
        "top_logprobs",
        "width",
        "height",
        "steps",
        "think",
        "options",
        "keep_alive",
    ];
    let is_known = |body: &serde_json::Map<String, Value>| {
        body.keys().all(|key| FIELDS.contains(&key.as_str()))
    };
    body.get("keep_alive").is_some() || body.as_object().is_some_and(is_known)
}

fn is_chat(body: &Value) -> bool {
    let messages = body.get("messages").and_then(Value::as_array);
    messages.is_some_and(|messages| !messages.is_empty() && messages.iter().all(is_message))
}

fn is_message(message: &Value) -> bool {
    let role = message.get("role").and_then(Value::as_str);
    let content = message.get("content").unwrap_or(&Value::Null);
    matches!(role, Some("system" | "user" | "assistant" | "tool"))
        && (content.is_string() || content.is_null())
        && message.get("parts").is_none()
        && message.get("id").is_none()
}

/// Without a prompt the model is only loaded.
fn is_generate(body: &Value) -> bool {
    let prompt = body.get("prompt").and_then(Value::as_str);
    prompt.is_some_and(|prompt| !prompt.is_empty())
}

fn is_embed(body: &Value) -> bool {
    let input = body.get("input").or_else(|| body.get("prompt"));
    input.is_some_and(|input| input.is_string() || input.is_array())
}

/// A chat with fields that only Ollama has, on a path that names nobody.
pub(super) fn is_chat_by_shape(body: &Value) -> bool {
    let has_options = body.get("options").is_some_and(Value::is_object);
    let is_own = has_options || body.get("keep_alive").is_some();
    has_model(body) && is_own && is_chat(body)
}

impl Dialect for Ollama {
    fn name(&self) -> &'static str {
        self.name
    }

    fn operation(&self) -> Operation {
        self.operation
    }

    fn provider(&self) -> Option<&'static str> {
        Some("ollama")
    }

    fn call(&self, _head: &RequestHead, body: Value) -> Call {
        (self.call)(body)
    }

    fn answer(&self, body: Value) -> Answer {
        response::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<stream::Stream>::default()
    }
}
