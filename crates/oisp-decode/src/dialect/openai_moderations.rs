//! OpenAI's and Mistral's moderations: is this text, or this picture, allowed?

use serde_json::{Value, json};

use super::answer::error_of;
use super::json::{Fields, object};
use super::openai;
use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect, Operation, WholeAnswers};
use crate::http::RequestHead;

/// Most results that are told.
const MAX_RESULTS: usize = 256;

/// The dialect.
pub(super) struct OpenAiModerations;

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let fits = match route.body {
        Some(body) => body
            .get("input")
            .is_some_and(|input| input.is_string() || input.is_array()),
        None => true,
    };
    (route.path.ends_with("/v1/moderations") && fits).then_some(&OpenAiModerations)
}

impl Dialect for OpenAiModerations {
    fn name(&self) -> &'static str {
        "openai.moderations"
    }

    fn operation(&self) -> Operation {
        Operation::MODERATION
    }

    fn call(&self, _head: &RequestHead, body: Value) -> Call {
        let mut body = object(body);
        Call {
            model: body.take_text("model"),
            messages: messages(body.remove("input")),
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

/// A list of parts is one message of text and pictures; a list of texts is
/// many.
fn messages(input: Option<Value>) -> Vec<super::SpokenMessage> {
    match input {
        Some(Value::Array(items)) if items.first().is_some_and(Value::is_object) => {
            openai::inputs(Some(Value::Array(vec![Value::Array(items)])))
        }
        input => openai::inputs(input),
    }
}

fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    answer.id = body.take_text("id");
    answer.model = body.take_text("model");
    let usage = body.take_object("usage");
    openai::add_usage(&mut answer, usage, "prompt_tokens", "completion_tokens");
    answer.is_answer = body.get("results").is_some_and(Value::is_array);
    let results = body.take_items("results").into_iter();
    answer.parts = results.take(MAX_RESULTS).map(result).collect();
    answer
}

/// The categories that a text falls into. Mistral does not sum them up.
fn result(value: Value) -> Value {
    let mut result = object(value);
    let categories = result.take_object("categories").unwrap_or_default();
    let named: Vec<_> = categories
        .into_iter()
        .filter_map(|(name, holds)| (holds == true).then_some(name))
        .collect();
    let flagged = result.get("flagged").and_then(Value::as_bool);
    json!({
        "type": "moderation",
        "flagged": flagged.unwrap_or(!named.is_empty()),
        "categories": named,
    })
}
