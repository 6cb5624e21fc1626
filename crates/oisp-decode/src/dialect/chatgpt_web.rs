//! The web client of ChatGPT. Its API is not public: what is read here was seen
//! by others and may change.

mod patch;
mod stream;

use oisp_core::event::Level;
use serde_json::{Map, Value};

use super::answer::{Answer, error_of};
use super::call::{Call, MessageBuilder, SpokenMessage, role_of};
use super::json::{Fields, object};
use super::parts;
use super::route::Route;
use super::{AnswerStream, Dialect};
use crate::http::RequestHead;

/// The dialect.
pub(super) struct ChatGptWeb;

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    const PATHS: [&str; 4] = [
        "/backend-api/conversation",
        "/backend-api/f/conversation",
        "/backend-anon/conversation",
        "/backend-anon/f/conversation",
    ];
    let fits = PATHS.contains(&route.path) && route.may_have("messages");
    fits.then_some(&ChatGptWeb)
}

fn call(body: Value) -> Call {
    let mut body = object(body);
    let messages = body.take_items("messages").into_iter();
    Call {
        model: body.take_text("model"),
        streaming: Some(true),
        messages: messages.map(|item| message(object(item))).collect(),
        session: body.take_text("conversation_id"),
        ..Call::default()
    }
}

fn message(mut wire: Map<String, Value>) -> SpokenMessage {
    let mut author = wire.take_object("author").unwrap_or_default();
    let role = role_of(&author.take_text("role").unwrap_or_default());
    let mut builder = MessageBuilder::default();
    let mut content = wire.take_object("content").unwrap_or_default();
    for part in content.take_items("parts") {
        match part {
            Value::String(text) => builder.text(text),
            Value::Object(part) => add_part(part, &mut builder),
            _ => {}
        }
    }
    builder.build(role)
}

/// A picture or another file that was uploaded before.
fn add_part(mut part: Map<String, Value>, builder: &mut MessageBuilder) {
    let kind = part.take_text("content_type").unwrap_or_default();
    let file = part.take_text("asset_pointer");
    match (kind.as_str(), file) {
        ("image_asset_pointer", Some(file)) => builder.image(parts::file(&file)),
        (_, Some(file)) => builder.part(parts::file(&file)),
        (other, None) => builder.part(parts::generic(other)),
    }
}

impl Dialect for ChatGptWeb {
    fn name(&self) -> &'static str {
        "chatgpt.web"
    }

    fn level(&self) -> Level {
        Level::Low
    }

    fn provider(&self) -> Option<&'static str> {
        Some("openai")
    }

    fn call(&self, _head: &RequestHead, body: Value) -> Call {
        call(body)
    }

    fn answer(&self, body: Value) -> Answer {
        Answer {
            error: error_of(&body),
            ..Answer::default()
        }
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<stream::Stream>::default()
    }
}
