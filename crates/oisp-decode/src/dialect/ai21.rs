//! AI21's models before Jamba: `POST /studio/v1/{model}/complete` and `…/chat`.
//! Jamba's `/studio/v1/chat/completions` is OpenAI's chat.

use serde_json::Value;

use super::call::{MessageBuilder, SpokenMessage, role_of};
use super::json::{Fields, object};
use super::route::{Route, unescaped, without_query};
use super::{Answer, AnswerStream, Call, Dialect, Operation, WholeAnswers, prompt};
use crate::http::RequestHead;

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    match target(route.path)?.1 {
        "complete" if route.may_have("prompt") => Some(&Complete),
        "chat" if route.may_have("messages") => Some(&Chat),
        _ => None,
    }
}

/// The model and what it is to do.
fn target(path: &str) -> Option<(&str, &str)> {
    let (_, rest) = path.split_once("/studio/v1/")?;
    rest.split_once('/').filter(|(_, verb)| !verb.contains('/'))
}

fn with_model(head: &RequestHead, mut call: Call) -> Call {
    let path = head.path.as_deref().map(without_query).unwrap_or_default();
    if let Some((model, _)) = target(path) {
        call.model = Some(unescaped(model));
    }
    call
}

/// `…/complete`.
struct Complete;

impl Dialect for Complete {
    fn name(&self) -> &'static str {
        "ai21.complete"
    }

    fn operation(&self) -> Operation {
        Operation::COMPLETION
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        with_model(head, prompt::call(body))
    }

    fn answer(&self, body: Value) -> Answer {
        prompt::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::new(WholeAnswers::new(prompt::answer))
    }
}

/// `…/chat`.
struct Chat;

impl Dialect for Chat {
    fn name(&self) -> &'static str {
        "ai21.chat"
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        let mut body = object(body);
        let mut messages = Vec::new();
        if let Some(system) = body.take_text("system") {
            messages.push(text("system", system));
        }
        for message in body.take_items("messages") {
            let mut message = object(message);
            let role = role_of(
                message
                    .get("role")
                    .and_then(Value::as_str)
                    .unwrap_or_default(),
            );
            messages.push(text(role, message.take_text("text").unwrap_or_default()));
        }
        let call = Call {
            messages,
            parameters: prompt::parameters(&body),
            attrs: prompt::attrs(&body),
            ..Call::default()
        };
        with_model(head, call)
    }

    fn answer(&self, body: Value) -> Answer {
        prompt::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::new(WholeAnswers::new(prompt::answer))
    }
}

fn text(role: &'static str, text: String) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    builder.text(text);
    builder.build(role)
}
