//! AI dialects: how a provider's API writes a call and its answer.
//!
//! A dialect reads JSON into the neutral [`Call`] and [`Answer`]. It is found by
//! path and body shape; the host is only a hint, for base URLs are overridden
//! and gateways are common.

mod answer;
mod anthropic;
mod call;
mod json;
mod openai;
mod openai_chat;
mod openai_responses;
mod parts;

use serde_json::Value;

pub use answer::{Answer, ChoiceDraft, ToolDraft, error_of_failure};
pub use call::{Call, SpokenMessage};
pub(crate) use parts::hex;

use crate::http::RequestHead;

/// One API's way of writing calls and answers.
pub trait Dialect: Sync {
    /// The name in `attrs["oisp.dialect"]`.
    fn name(&self) -> &'static str;

    /// Reads a request body.
    fn call(&self, body: Value) -> Call;

    /// Reads a whole answer.
    fn answer(&self, body: Value) -> Answer;

    /// A reader of a streamed answer.
    fn stream(&self) -> Box<dyn AnswerStream + Send>;
}

/// Puts a streamed answer together.
pub trait AnswerStream {
    /// Takes one event. True where it carried content of the model.
    fn event(&mut self, name: Option<&str>, data: Value) -> bool;

    /// Bytes are missing from here on: text must not be joined over the gap.
    fn gap(&mut self);

    /// The answer so far.
    fn finish(self: Box<Self>) -> Answer;
}

/// How a call was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detection {
    /// By its path.
    KnownEndpoint,
    /// By the shape of its body.
    Payload,
}

impl Detection {
    /// The name in `confidence.ai_detection_method`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KnownEndpoint => "known_endpoint",
            Self::Payload => "payload_inspection",
        }
    }
}

/// The dialect of a request, or `None` where it is no AI call.
pub fn identify(
    head: &RequestHead,
    body: Option<&Value>,
) -> Option<(&'static dyn Dialect, Detection)> {
    let path = head.path.as_deref().map(without_query).unwrap_or_default();
    let is_anthropic = head.headers.get("anthropic-version").is_some();
    if path.ends_with("/chat/completions") {
        return Some((&openai_chat::OpenAiChat, Detection::KnownEndpoint));
    }
    if path.ends_with("/responses") && body.is_none_or(is_responses_shaped) {
        return Some((&openai_responses::OpenAiResponses, Detection::KnownEndpoint));
    }
    let has_shape = body.is_some_and(is_chat_shaped);
    if path.ends_with("/v1/messages") && (has_shape || (body.is_none() && is_anthropic)) {
        return Some((&anthropic::Anthropic, Detection::KnownEndpoint));
    }
    // A path that belongs to another API, or to one that counts or batches.
    if !has_shape || path.ends_with("/count_tokens") || path.ends_with("/batches") {
        return None;
    }
    if is_anthropic {
        return Some((&anthropic::Anthropic, Detection::Payload));
    }
    Some((&openai_chat::OpenAiChat, Detection::Payload))
}

/// A path without its query.
pub fn without_query(path: &str) -> &str {
    path.split(['?', '#']).next().unwrap_or(path)
}

/// An input, or a reference to a stored prompt that stands for one.
fn is_responses_shaped(body: &Value) -> bool {
    body.get("input").is_some() || body.get("prompt").is_some()
}

/// A model's name, and messages that each have a role.
fn is_chat_shaped(body: &Value) -> bool {
    let messages = body.get("messages").and_then(Value::as_array);
    body.get("model").is_some_and(Value::is_string)
        && messages.is_some_and(|messages| {
            !messages.is_empty()
                && messages
                    .iter()
                    .all(|message| message.get("role").is_some_and(Value::is_string))
        })
}
