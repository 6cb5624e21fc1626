//! OpenAI's batches: a file of requests that are answered within a day. The
//! requests stand in the file, which was uploaded before.

use serde_json::{Map, Value, json};

use super::answer::error_of;
use super::json::{Fields, object};
use super::openai;
use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect, Operation, WholeAnswers};
use crate::http::RequestHead;

/// The dialect.
pub(super) struct OpenAiBatches;

/// Batches are a common word: without the body, only a host of OpenAI's name
/// makes the path a call.
pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let is_path = route.path.ends_with("/v1/batches") || route.path.ends_with("/openai/batches");
    let fits = match route.body {
        Some(body) => ["input_file_id", "endpoint"]
            .iter()
            .all(|key| body.get(key).is_some_and(Value::is_string)),
        None => route
            .head
            .authority
            .as_deref()
            .is_some_and(|host| host.contains("openai.")),
    };
    (is_path && fits).then_some(&OpenAiBatches)
}

impl Dialect for OpenAiBatches {
    fn name(&self) -> &'static str {
        "openai.batches"
    }

    fn operation(&self) -> Operation {
        Operation::BATCH
    }

    fn call(&self, _head: &RequestHead, body: Value) -> Call {
        let body = object(body);
        let mut attrs = Map::new();
        openai::copy(&body, &mut attrs, &COPIED);
        Call {
            attrs,
            ..Call::default()
        }
    }

    fn answer(&self, body: Value) -> Answer {
        answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::new(WholeAnswers::new(answer))
    }
}

const COPIED: [(&str, &str); 3] = [
    ("endpoint", "oisp.batch.endpoint"),
    ("input_file_id", "oisp.batch.input_file_id"),
    ("completion_window", "oisp.batch.completion_window"),
];

fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    answer.id = body.take_text("id");
    answer.model = body.take_text("model");
    if let Some(status) = body.take_text("status") {
        answer.is_answer = true;
        answer
            .parts
            .push(json!({"type": "batch", "status": status}));
    }
    answer
}
