//! OpenAI's embeddings, and those of the many that are compatible: vectors of
//! texts. The vectors themselves stand on no event.

mod request;
mod response;

use serde_json::Value;

use super::openai;
use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect, Operation, WholeAnswers};
use crate::http::RequestHead;

/// The dialect.
pub(super) struct OpenAiEmbeddings;

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let is_of_api = openai::is_of_api(route.path);
    let fits = match route.body {
        Some(body) => {
            let input = body.get("input").unwrap_or(&Value::Null);
            let is_input = input.is_string() || input.is_array();
            is_input && (is_of_api || body.get("model").is_some_and(Value::is_string))
        }
        None => is_of_api,
    };
    (route.path.ends_with("/embeddings") && fits).then_some(&OpenAiEmbeddings)
}

impl Dialect for OpenAiEmbeddings {
    fn name(&self) -> &'static str {
        "openai.embeddings"
    }

    fn operation(&self) -> Operation {
        Operation::EMBEDDING
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        request::call(head, body)
    }

    fn answer(&self, body: Value) -> Answer {
        response::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::new(WholeAnswers::new(response::answer))
    }
}
