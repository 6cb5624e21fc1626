//! LM Studio's own endpoints: its chat, and the older ones in OpenAI's forms
//! with statistics beside them.

mod request;
mod response;
mod stream;

use serde_json::Value;

use super::openai_chat::OpenAiChat;
use super::openai_completions::OpenAiCompletions;
use super::openai_embeddings::OpenAiEmbeddings;
use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect, Operation};
use crate::http::RequestHead;

/// The dialect of `POST /api/v1/chat`.
struct Native;

/// The dialect of `POST /api/v0/…`: OpenAI's.
struct Compatible {
    name: &'static str,
    inner: &'static dyn Dialect,
}

static CHAT: Compatible = Compatible {
    name: "lmstudio.chat_completions",
    inner: &OpenAiChat,
};
static COMPLETION: Compatible = Compatible {
    name: "lmstudio.completions",
    inner: &OpenAiCompletions,
};
static EMBEDDING: Compatible = Compatible {
    name: "lmstudio.embeddings",
    inner: &OpenAiEmbeddings,
};

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    if let Some((_, method)) = route.path.rsplit_once("/api/v0/") {
        return match method {
            "chat/completions" if route.may_have("messages") => Some(&CHAT),
            "completions" if route.may_have("prompt") => Some(&COMPLETION),
            "embeddings" if route.may_have("input") => Some(&EMBEDDING),
            _ => None,
        };
    }
    let is_native = route.path.ends_with("/api/v1/chat") && route.body.is_some_and(is_native);
    is_native.then_some(&Native)
}

/// Others have such a path too.
fn is_native(body: &Value) -> bool {
    const FIELDS: [&str; 15] = [
        "model",
        "input",
        "system_prompt",
        "integrations",
        "stream",
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "repeat_penalty",
        "max_output_tokens",
        "reasoning",
        "context_length",
        "store",
        "previous_response_id",
    ];
    let has_input = body
        .get("input")
        .is_some_and(|input| input.is_string() || input.is_array());
    let is_known = body
        .as_object()
        .is_some_and(|body| body.keys().all(|key| FIELDS.contains(&key.as_str())));
    body.get("model").is_some_and(Value::is_string) && has_input && is_known
}

impl Dialect for Native {
    fn name(&self) -> &'static str {
        "lmstudio.chat"
    }

    fn provider(&self) -> Option<&'static str> {
        Some("lmstudio")
    }

    fn call(&self, _head: &RequestHead, body: Value) -> Call {
        request::call(body)
    }

    fn answer(&self, body: Value) -> Answer {
        response::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<stream::Stream>::default()
    }
}

impl Dialect for Compatible {
    fn name(&self) -> &'static str {
        self.name
    }

    fn operation(&self) -> Operation {
        self.inner.operation()
    }

    fn provider(&self) -> Option<&'static str> {
        Some("lmstudio")
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        self.inner.call(head, body)
    }

    fn answer(&self, mut body: Value) -> Answer {
        let stats = body.get_mut("stats").map(Value::take).unwrap_or_default();
        let mut answer = self.inner.answer(body);
        response::add_speed(&stats, &mut answer);
        answer
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        self.inner.stream()
    }
}
