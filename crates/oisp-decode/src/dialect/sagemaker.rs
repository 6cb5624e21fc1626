//! AWS SageMaker: `POST /endpoints/{name}/invocations`, plain and streamed.
//! Anything may be behind an endpoint: only bodies that are calls of a language
//! model count, which the two common containers read as OpenAI's chat or as a
//! text with parameters.

mod stream;

use serde_json::{Map, Value};

use super::json::{Fields, object};
use super::openai_chat::OpenAiChat;
use super::route::{Route, unescaped, without_query};
use super::{Answer, AnswerStream, Call, Dialect, Operation, bedrock, prompt};
use crate::http::{RequestHead, ResponseHead};

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    endpoint(route.path)?;
    let body = route.body?;
    if is_chat(body) {
        return Some(&Endpoint { chats: true });
    }
    is_completion(body).then_some(&Endpoint { chats: false })
}

/// The endpoint's name, and whether a stream is asked for.
fn endpoint(path: &str) -> Option<(&str, bool)> {
    let (rest, verb) = path.rsplit_once('/')?;
    let streams = match verb {
        "invocations" => false,
        "invocations-response-stream" => true,
        _ => return None,
    };
    let (before, name) = rest.rsplit_once('/')?;
    (before.ends_with("/endpoints") && !name.is_empty()).then_some((name, streams))
}

fn is_chat(body: &Value) -> bool {
    let messages = body.get("messages").and_then(Value::as_array);
    messages.is_some_and(|messages| {
        let has_role = |message: &Value| message.get("role").is_some_and(Value::is_string);
        !messages.is_empty() && messages.iter().all(has_role)
    })
}

fn is_completion(body: &Value) -> bool {
    let is_text = |name: &str| body.get(name).is_some_and(Value::is_string);
    let has = |name: &str| body.get(name).is_some();
    let settings = ["max_tokens", "max_new_tokens", "temperature", "stream"];
    (is_text("inputs") && body.get("parameters").is_some_and(Value::is_object))
        || (is_text("prompt") && settings.into_iter().any(has))
}

/// An endpoint that chats or goes on with a text.
struct Endpoint {
    chats: bool,
}

impl Dialect for Endpoint {
    fn name(&self) -> &'static str {
        "sagemaker"
    }

    fn operation(&self) -> Operation {
        match self.chats {
            true => Operation::CHAT,
            false => Operation::COMPLETION,
        }
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        let mut call = match self.chats {
            true => OpenAiChat.call(head, body),
            false => prompt::call(body),
        };
        let path = head.path.as_deref().map(without_query).unwrap_or_default();
        if let Some((name, streams)) = endpoint(path) {
            call.model = Some(unescaped(name));
            call.streaming = Some(streams || call.streaming == Some(true));
        }
        call
    }

    fn answer(&self, body: Value) -> Answer {
        if body.get("choices").is_some_and(has_messages) {
            return OpenAiChat.answer(body);
        }
        prompt::answer(with_texts(body))
    }

    fn add_head(&self, head: &ResponseHead, answer: &mut Answer) {
        bedrock::add_error_type(head, answer);
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<stream::Stream>::default()
    }
}

/// Choices that are messages, or pieces of them.
fn has_messages(choices: &Value) -> bool {
    let choices = choices.as_array();
    choices.is_some_and(|choices| choices.iter().all(|choice| choice.get("text").is_none()))
}

/// Early Llama containers answer with a message in place of a text.
fn with_texts(body: Value) -> Value {
    let text = |item: Value| {
        let mut item = object(item);
        let message = item.get_mut("generation").and_then(Value::as_object_mut);
        if let Some(content) = message.map(|message| message.take_text("content")) {
            item.insert("generation".into(), content.into());
        }
        Value::Object(item)
    };
    match body {
        // One list for each of the inputs, of which there is one.
        Value::Array(mut items) if items.len() == 1 && items.iter().all(Value::is_array) => {
            with_texts(items.remove(0))
        }
        Value::Array(items) => items.into_iter().map(text).collect(),
        Value::Object(fields) => text(Value::Object(fields)),
        other => Value::Object(Map::from_iter([("text".to_owned(), other)])),
    }
}
