//! Google's Interactions API: `POST /v1beta/interactions`. An interaction is a
//! list of steps (in its first version: outputs): what the user and the model
//! said, thoughts, calls of tools and their results.

mod request;
mod response;
mod step;
mod stream;

use serde_json::Value;

use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect, Operation};
use crate::http::RequestHead;

/// The dialect.
pub(super) struct Interactions;

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let fits = match route.body {
        Some(body) => {
            let has = |key: &str| body.get(key).is_some();
            has("input") && (has("model") || has("agent"))
        }
        None => is_googles(route),
    };
    (route.path.ends_with("/interactions") && fits).then_some(&Interactions)
}

/// Others call something else interactions.
fn is_googles(route: &Route<'_>) -> bool {
    let host = route.head.authority.as_deref().unwrap_or_default();
    host.contains("googleapis.com") || route.head.headers.get("x-goog-api-key").is_some()
}

impl Dialect for Interactions {
    fn name(&self) -> &'static str {
        "gemini.interactions"
    }

    fn operation(&self) -> Operation {
        Operation::GENERATE_CONTENT
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
