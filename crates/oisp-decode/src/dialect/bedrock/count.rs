//! `count-tokens`: how many tokens a call would have.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::form::Form;
use super::invoke;
use super::path::Target;
use crate::dialect::answer::{Answer, error_of};
use crate::dialect::call::Call;
use crate::dialect::converse;
use crate::dialect::json::{Fields, object};
use crate::http::RequestHead;

/// Reads the call that is to be counted.
pub(super) fn call(head: &RequestHead, body: Value) -> Call {
    let mut input = object(body).take_object("input").unwrap_or_default();
    if let Some(call) = input.take_object("converse") {
        return converse::call(Value::Object(call));
    }
    let body = input.take_object("invokeModel").and_then(|mut invoke| {
        let bytes = STANDARD.decode(invoke.take_text("body")?).ok()?;
        serde_json::from_slice::<Value>(&bytes).ok()
    });
    let Some(body) = body else {
        return Call::default();
    };
    let model = Target::of_head(head).map(|target| target.model());
    match Form::of(&model.unwrap_or_default(), true, Some(&body)) {
        Some(form) => invoke::call(form, head, body),
        None => Call::default(),
    }
}

/// Reads the count. It is what is asked for, not what the asking took.
pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    if let Some(tokens) = object(body).number("inputTokens") {
        answer.is_answer = true;
        answer
            .parts
            .push(json!({"type": "token_count", "input_tokens": tokens}));
    }
    answer
}
