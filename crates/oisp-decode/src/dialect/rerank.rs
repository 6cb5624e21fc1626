//! Documents by their fit to a question, as Cohere, Voyage, Jina and others are
//! asked for it: `POST /v1/rerank`, `/v2/rerank`. The ranks themselves are
//! counted only.

use oisp_core::event::ai::Usage;
use serde_json::{Map, Value, json};

use super::answer::{Answer, UsageDraft, error_of};
use super::call::{Call, MessageBuilder};
use super::json::{Fields, object};
use super::route::Route;
use super::{AnswerStream, Dialect, Operation, WholeAnswers};
use crate::http::RequestHead;

/// The dialect.
pub(super) struct Rerank;

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let fits = route.path.ends_with("/rerank") && route.body.is_some_and(is_request);
    fits.then_some(&Rerank)
}

/// A question, and documents of which each is a text or has one.
pub(super) fn is_request(body: &Value) -> bool {
    let documents = body.get("documents").and_then(Value::as_array);
    let is_document = |document: &Value| document.is_string() || document.is_object();
    body.get("query").is_some_and(Value::is_string)
        && documents
            .is_some_and(|documents| !documents.is_empty() && documents.iter().all(is_document))
}

impl Dialect for Rerank {
    fn name(&self) -> &'static str {
        "rerank"
    }

    fn operation(&self) -> Operation {
        Operation::RERANK
    }

    fn call(&self, _head: &RequestHead, body: Value) -> Call {
        call(body)
    }

    fn answer(&self, body: Value) -> Answer {
        answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::new(WholeAnswers::new(answer))
    }
}

/// Reads a request: the question is what the user says.
pub(super) fn call(body: Value) -> Call {
    let mut body = object(body);
    let mut builder = MessageBuilder::default();
    builder.text(body.take_text("query").unwrap_or_default());
    for document in body.take_items("documents") {
        builder.part(part(document));
    }
    Call {
        model: body.take_text("model"),
        messages: vec![builder.build("user")],
        ..Call::default()
    }
}

fn part(document: Value) -> Value {
    let text = match document {
        Value::String(text) => text,
        Value::Object(mut fields) => match fields.take_text("text") {
            Some(text) => text,
            None => Value::Object(fields).to_string(),
        },
        other => other.to_string(),
    };
    json!({"type": "document", "content": text})
}

/// True where a body holds ranks.
pub(super) fn is_answer(body: &Value) -> bool {
    let ranks = body.get("results").or_else(|| body.get("data"));
    ranks
        .and_then(|ranks| ranks.get(0)?.get("relevance_score"))
        .is_some()
}

/// Reads an answer.
pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    answer.id = body.take_text("id");
    answer.model = body.take_text("model");
    answer.usage = usage(&body);
    let ranks = ["results", "data"]
        .into_iter()
        .find_map(|name| body.get(name)?.as_array());
    if let Some(ranks) = ranks {
        answer.is_answer = true;
        answer
            .parts
            .push(json!({"type": "rerank", "results": ranks.len()}));
    }
    answer
}

/// Cohere bills searches, not tokens; others count tokens, mostly as a total.
fn usage(body: &Map<String, Value>) -> Option<UsageDraft> {
    let count = |name: &str| body.number_in("usage", name);
    let billed = || {
        body.get("meta")?
            .get("billed_units")?
            .as_object()?
            .number("input_tokens")
    };
    let usage = Usage {
        prompt_tokens: count("prompt_tokens").or_else(billed),
        total_tokens: count("total_tokens"),
        ..Usage::default()
    };
    (usage != Usage::default()).then_some(UsageDraft {
        usage,
        ..UsageDraft::default()
    })
}
