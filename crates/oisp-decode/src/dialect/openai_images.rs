//! OpenAI's pictures: made from a text, from pictures, or varied.

mod request;
mod response;
mod stream;

use serde_json::Value;

use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect, Operation};
use crate::http::RequestHead;

/// The dialect.
pub(super) struct OpenAiImages;

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let is_path = ["/images/generations", "/images/edits", "/images/variations"]
        .iter()
        .any(|path| route.path.ends_with(path));
    let fits = route.may_have("prompt") || route.may_have("image");
    (is_path && fits).then_some(&OpenAiImages)
}

impl Dialect for OpenAiImages {
    fn name(&self) -> &'static str {
        "openai.images"
    }

    fn operation(&self) -> Operation {
        Operation::IMAGE
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
