//! Replicate's predictions: any model, with whatever input and output it has.
//! A prediction that is not made to wait for is answered before it has begun;
//! what it comes to is then asked for by other requests.

mod request;
mod response;
mod stream;

use serde_json::Value;

use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect, Operation};
use crate::http::RequestHead;

/// The dialect. What a call is for follows from its input.
pub(super) struct Replicate {
    operation: Operation,
}

static CHAT: Replicate = Replicate {
    operation: Operation::CHAT,
};
static COMPLETION: Replicate = Replicate {
    operation: Operation::COMPLETION,
};
static IMAGE: Replicate = Replicate {
    operation: Operation::IMAGE,
};
static OTHER: Replicate = Replicate {
    operation: Operation::OTHER,
};

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let model = request::model_in(route.path);
    let is_its_host = is_its_host(route);
    if !route.path.ends_with("/v1/predictions") && model.is_none() {
        return None;
    }
    let Some(body) = route.body else {
        return (is_its_host || model.is_some()).then_some(&OTHER);
    };
    let input = body.get("input").filter(|input| input.is_object())?;
    let names_model = model.is_some() || body.get("version").is_some_and(Value::is_string);
    (is_its_host || names_model).then(|| by_input(body, input) as &'static dyn Dialect)
}

fn is_its_host(route: &Route<'_>) -> bool {
    let authority = route.head.authority.as_deref().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    host == "api.replicate.com"
}

/// By the parameters that only such models have; only text is streamed.
fn by_input(body: &Value, input: &Value) -> &'static Replicate {
    let has = |keys: &[&str]| keys.iter().any(|key| input.get(*key).is_some());
    if has(&["messages", "system_prompt", "system_instruction"]) {
        &CHAT
    } else if has(&[
        "max_tokens",
        "max_new_tokens",
        "max_length",
        "prompt_template",
    ]) || body.get("stream") == Some(&Value::Bool(true))
    {
        &COMPLETION
    } else if has(&[
        "num_outputs",
        "aspect_ratio",
        "width",
        "num_inference_steps",
    ]) {
        &IMAGE
    } else {
        &OTHER
    }
}

impl Dialect for Replicate {
    fn name(&self) -> &'static str {
        "replicate.predictions"
    }

    fn operation(&self) -> Operation {
        self.operation
    }

    fn provider(&self) -> Option<&'static str> {
        Some("replicate")
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
