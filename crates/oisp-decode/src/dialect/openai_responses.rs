//! OpenAI Responses, over HTTP and WebSocket: items in, items out. Also how many
//! tokens such a request would have, and the compaction of a long one.

mod input;
pub(super) mod item;
pub(super) mod request;
mod response;
mod result;
mod socket;
mod stream;

use serde_json::Value;

use super::route::Route;
pub(super) use socket::ResponsesSocket;

use super::{Answer, AnswerStream, Call, Dialect, Operation, WholeAnswers};
use crate::http::RequestHead;

/// The dialect, by what is asked of it.
pub(super) struct OpenAiResponses {
    name: &'static str,
    operation: Operation,
}

/// Also the request and the answer behind gateways that have their shape.
pub(super) static CREATE: OpenAiResponses = OpenAiResponses {
    name: "openai.responses",
    operation: Operation::CHAT,
};
static COUNT: OpenAiResponses = OpenAiResponses {
    name: "openai.responses.input_tokens",
    operation: Operation::COUNT_TOKENS,
};
static COMPACT: OpenAiResponses = OpenAiResponses {
    name: "openai.responses.compact",
    operation: Operation::OTHER,
};

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let endings = [
        ("/responses", &CREATE),
        ("/responses/input_tokens", &COUNT),
        ("/responses/compact", &COMPACT),
    ];
    let (_, dialect) = endings
        .into_iter()
        .find(|(ending, _)| route.path.ends_with(ending))?;
    fits(route).then_some(dialect as &dyn Dialect)
}

/// Forms and tickets have responses too. The body must be one: an input, or a
/// stored prompt or an earlier answer that stands for one. Without the body, a
/// path that no other API has must do.
fn fits(route: &Route<'_>) -> bool {
    let base = route
        .path
        .rsplit_once("/responses")
        .map_or("", |(base, _)| base);
    let is_own = ["/v1", "/openai", "/codex"]
        .iter()
        .any(|step| base.ends_with(step));
    let Some(body) = route.body else {
        return is_own;
    };
    let has = |key: &str, is: fn(&Value) -> bool| body.get(key).is_some_and(is);
    let asks = has("input", |input| input.is_string() || input.is_array())
        || has("prompt", |prompt| prompt.get("id").is_some())
        || has("previous_response_id", Value::is_string);
    asks && (is_own || has("model", Value::is_string) || has("prompt", Value::is_object))
}

impl Dialect for OpenAiResponses {
    fn name(&self) -> &'static str {
        self.name
    }

    fn operation(&self) -> Operation {
        self.operation
    }

    fn call(&self, _head: &RequestHead, body: Value) -> Call {
        request::call(body)
    }

    fn answer(&self, body: Value) -> Answer {
        match self.operation {
            Operation::COUNT_TOKENS => response::count(body),
            _ => response::answer(body),
        }
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        match self.operation {
            Operation::COUNT_TOKENS => Box::new(WholeAnswers::new(response::count)),
            _ => Box::<stream::Stream>::default(),
        }
    }
}
