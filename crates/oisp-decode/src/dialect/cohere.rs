//! Cohere: chat in its two versions, generate and embed. Rerank is
//! [`super::rerank`].

pub(super) mod message;
pub(super) mod v1;
pub(super) mod v2;

use serde_json::Value;

use super::route::{Route, is_chat_shaped};
use super::{Answer, AnswerStream, Call, Dialect, Operation, WholeAnswers, embed, prompt};
use crate::http::RequestHead;

/// Others have such paths too: the body decides, and where it is not known, the
/// host.
pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let (rest, last) = route.path.rsplit_once('/')?;
    let fits = |shape: fn(&Value) -> bool| route.body.map_or_else(|| is_cohere(route), shape);
    match (rest.rsplit('/').next()?, last) {
        ("v1", "chat") if fits(is_v1_chat) => Some(&ChatV1),
        ("v2", "chat") if fits(is_chat_shaped) => Some(&ChatV2),
        ("v1", "generate") if fits(is_generate) => Some(&Generate),
        ("v1" | "v2", "embed") if fits(is_embed) => Some(&Embed),
        _ => None,
    }
}

fn is_cohere(route: &Route<'_>) -> bool {
    let host = route.head.authority.as_deref().unwrap_or_default();
    host.starts_with("api.cohere.")
}

fn is_v1_chat(body: &Value) -> bool {
    body.get("message").is_some_and(Value::is_string)
}

fn is_generate(body: &Value) -> bool {
    let settings = [
        "model",
        "max_tokens",
        "num_generations",
        "stream",
        "temperature",
    ];
    body.get("prompt").is_some_and(Value::is_string)
        && settings.into_iter().any(|name| body.get(name).is_some())
}

fn is_embed(body: &Value) -> bool {
    let settings = ["model", "input_type", "embedding_types", "truncate"];
    embed::is_request(body) && settings.into_iter().any(|name| body.get(name).is_some())
}

/// `POST /v1/chat`.
struct ChatV1;

impl Dialect for ChatV1 {
    fn name(&self) -> &'static str {
        "cohere.chat_v1"
    }

    fn call(&self, _head: &RequestHead, body: Value) -> Call {
        v1::call(body)
    }

    fn answer(&self, body: Value) -> Answer {
        v1::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<v1::Stream>::default()
    }
}

/// `POST /v2/chat`.
pub(super) struct ChatV2;

impl Dialect for ChatV2 {
    fn name(&self) -> &'static str {
        "cohere.chat_v2"
    }

    fn call(&self, _head: &RequestHead, body: Value) -> Call {
        v2::call(body)
    }

    fn answer(&self, body: Value) -> Answer {
        v2::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<v2::Stream>::default()
    }
}

/// `POST /v1/generate`.
struct Generate;

impl Dialect for Generate {
    fn name(&self) -> &'static str {
        "cohere.generate"
    }

    fn operation(&self) -> Operation {
        Operation::COMPLETION
    }

    fn call(&self, _head: &RequestHead, body: Value) -> Call {
        prompt::call(body)
    }

    fn answer(&self, body: Value) -> Answer {
        prompt::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<prompt::Stream>::default()
    }
}

/// `POST /v1/embed` and `/v2/embed`.
struct Embed;

impl Dialect for Embed {
    fn name(&self) -> &'static str {
        "cohere.embed"
    }

    fn operation(&self) -> Operation {
        Operation::EMBEDDING
    }

    fn call(&self, _head: &RequestHead, body: Value) -> Call {
        embed::call(body)
    }

    fn answer(&self, body: Value) -> Answer {
        embed::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::new(WholeAnswers::new(embed::answer))
    }
}
