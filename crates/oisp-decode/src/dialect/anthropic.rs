//! Anthropic messages.

mod request;
mod response;
mod stream;

use serde_json::Value;

use super::route::{Route, is_chat_shaped};
use super::{Answer, AnswerStream, Call, Dialect};
use crate::http::RequestHead;

/// The dialect.
pub(super) struct Anthropic;

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let fits = match route.body {
        Some(body) => is_chat_shaped(body),
        None => is_versioned(route),
    };
    (route.path.ends_with("/v1/messages") && fits).then_some(&Anthropic)
}

pub(super) fn route_by_shape(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let fits = is_versioned(route) && route.body.is_some_and(is_chat_shaped);
    fits.then_some(&Anthropic)
}

fn is_versioned(route: &Route<'_>) -> bool {
    route.head.headers.get("anthropic-version").is_some()
}

impl Dialect for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic.messages"
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
