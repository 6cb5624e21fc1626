//! Aleph Alpha: `POST /complete`.

use serde_json::Value;

use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect, Operation, prompt};
use crate::http::RequestHead;

/// The dialect.
struct Complete;

/// The path says little: the body decides, and where it is not known, the host.
pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let host = route.head.authority.as_deref().unwrap_or_default();
    let is_own = host.contains("aleph-alpha.");
    let fits = route.body.map_or(is_own, |body| {
        let has_limit = body.get("maximum_tokens").is_some();
        body.get("model").is_some_and(Value::is_string) && has_limit && prompt::has_prompt(body)
    });
    (route.path.ends_with("/complete") && fits).then_some(&Complete)
}

impl Dialect for Complete {
    fn name(&self) -> &'static str {
        "aleph_alpha.complete"
    }

    fn operation(&self) -> Operation {
        Operation::COMPLETION
    }

    fn call(&self, _head: &RequestHead, body: Value) -> Call {
        prompt::call(body)
    }

    fn answer(&self, body: Value) -> Answer {
        prompt::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<prompt::Stream>::default()
    }
}
