//! OpenAI's legacy completions: a text to go on with. Local servers and
//! compatible providers still have it.

mod request;
mod response;
mod stream;

use serde_json::Value;

use super::openai;
use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect, Operation};
use crate::http::RequestHead;

/// The dialect.
pub(super) struct OpenAiCompletions;

/// Chat and fill-in-the-middle have paths that end alike.
pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let is_path = route.path.ends_with("/completions")
        && ![
            "/chat/completions",
            "/fim/completions",
            "/agents/completions",
        ]
        .iter()
        .any(|other| route.path.ends_with(other));
    let is_of_api = openai::is_of_api(route.path);
    let fits = match route.body {
        Some(body) => {
            let prompt = body.get("prompt").unwrap_or(&Value::Null);
            let is_prompt = prompt.is_string() || prompt.is_array();
            is_prompt && (is_of_api || body.get("model").is_some_and(Value::is_string))
        }
        None => is_of_api,
    };
    (is_path && fits).then_some(&OpenAiCompletions)
}

impl Dialect for OpenAiCompletions {
    fn name(&self) -> &'static str {
        "openai.completions"
    }

    fn operation(&self) -> Operation {
        Operation::COMPLETION
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        request::call(head, body)
    }

    fn answer(&self, body: Value) -> Answer {
        response::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<stream::Stream>::default()
    }
}
