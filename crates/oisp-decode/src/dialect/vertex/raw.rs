//! `:rawPredict` and `:streamRawPredict`: a publisher's own API, the model in
//! the path. Anthropic's is theirs without a model; those of Mistral, Meta,
//! AI21 and others are OpenAI's chat completions.

use serde_json::{Value, json};

use crate::dialect::anthropic::{Anthropic, CountTokens};
use crate::dialect::gemini::path;
use crate::dialect::openai_chat::OpenAiChat;
use crate::dialect::route::{Route, without_query};
use crate::dialect::{Answer, AnswerStream, Call, Dialect, Operation};
use crate::http::RequestHead;

/// The model under which Vertex AI counts the tokens of Anthropic's requests.
const COUNT_TOKENS: &str = "count-tokens";

static MESSAGES: Raw = Raw(&Anthropic);
static TOKENS: Raw = Raw(&CountTokens);
static CHAT: Raw = Raw(&OpenAiChat);

/// A publisher's dialect.
struct Raw(&'static dyn Dialect);

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let is_published = route.path.contains("/publishers/");
    let is_anthropics = route.path.contains("/publishers/anthropic/")
        || route
            .body
            .is_some_and(|body| body.get("anthropic_version").is_some());
    let says = |key: &str| match route.body {
        Some(body) => body.get(key).is_some(),
        None => is_published,
    };
    if is_anthropics && says("messages") {
        let counts = path::model(route.head).is_some_and(|model| model.starts_with(COUNT_TOKENS));
        return Some(if counts { &TOKENS } else { &MESSAGES });
    }
    let fits = says("messages") || (is_published && says("prompt"));
    fits.then_some(&CHAT)
}

impl Dialect for Raw {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn operation(&self) -> Operation {
        self.0.operation()
    }

    /// Errors may come inside an array.
    fn streams_arrays(&self) -> bool {
        true
    }

    fn call(&self, head: &RequestHead, mut body: Value) -> Call {
        if let Some(body) = body.as_object_mut()
            && !body.contains_key("messages")
            && let Some(prompt) = body.remove("prompt")
        {
            // Code to be filled in.
            let message = json!([{"role": "user", "content": prompt}]);
            body.insert("messages".into(), message);
        }
        let mut call = self.0.call(head, body);
        let model = path::model(head).filter(|model| model != COUNT_TOKENS);
        call.model = model.or(call.model);
        call.streaming = call.streaming.or_else(|| streaming(head));
        call
    }

    fn answer(&self, body: Value) -> Answer {
        self.0.answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        self.0.stream()
    }
}

fn streaming(head: &RequestHead) -> Option<bool> {
    let method = path::method(without_query(head.path.as_deref()?))?;
    Some(method == "streamRawPredict")
}
