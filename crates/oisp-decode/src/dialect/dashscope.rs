//! Alibaba's DashScope: generation of text and embeddings by its own API.
//!
//! Its streams repeat the whole text in each event unless the client asks for
//! increments; what is the default depends on the model.

mod response;
mod stream;

use serde_json::{Map, Value, json};

use super::call::{Call, MessageBuilder};
use super::json::{Fields, object};
use super::openai_chat::OpenAiChat;
use super::route::Route;
use super::{Answer, AnswerStream, Dialect, Operation, settings};
use crate::http::RequestHead;

/// The dialect, for one operation.
pub(super) struct DashScope {
    name: &'static str,
    operation: Operation,
    /// Whether streams have increments, where the request tells.
    increments: Option<bool>,
}

static GENERATION: DashScope = DashScope::generation(None);
static INCREMENTS: DashScope = DashScope::generation(Some(true));
static REPEATS: DashScope = DashScope::generation(Some(false));
static EMBEDDING: DashScope = DashScope {
    name: "dashscope.embedding",
    operation: Operation::EMBEDDING,
    increments: None,
};

impl DashScope {
    const fn generation(increments: Option<bool>) -> Self {
        Self {
            name: "dashscope.generation",
            operation: Operation::CHAT,
            increments,
        }
    }
}

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let (_, service) = route.path.split_once("/api/v1/services/")?;
    if !route.may_have("input") {
        return None;
    }
    match service {
        "aigc/text-generation/generation" | "aigc/multimodal-generation/generation" => {
            let asked = route
                .body
                .and_then(|body| body.get("parameters")?.get("incremental_output")?.as_bool());
            Some(match asked {
                Some(true) => &INCREMENTS,
                Some(false) => &REPEATS,
                None => &GENERATION,
            })
        }
        _ if service.starts_with("embeddings/") => Some(&EMBEDDING),
        _ => None,
    }
}

fn call(head: &RequestHead, body: Value) -> Call {
    let mut body = object(body);
    let mut input = body.take_object("input").unwrap_or_default();
    let mut parameters = body.take_object("parameters").unwrap_or_default();
    let inner = json!({
        "messages": input.take_items("messages").into_iter().map(typed).collect::<Vec<_>>(),
        "tools": parameters.take_items("tools"),
        "tool_choice": parameters.remove("tool_choice"),
    });
    let read = OpenAiChat.call(head, inner);
    let mut messages = read.messages;
    let texts = input.take_items("texts");
    for text in input.remove("prompt").into_iter().chain(texts) {
        if let Value::String(text) = text {
            let mut builder = MessageBuilder::default();
            builder.text(text);
            messages.push(builder.build("user"));
        }
    }
    let mut attrs = Map::new();
    settings::attrs(&parameters, &mut attrs);
    let format = parameters.get("response_format");
    let kind = format.and_then(|format| format.get("type")?.as_str());
    if kind.is_some_and(|kind| kind.starts_with("json")) {
        settings::output_type("json", &mut attrs);
    }
    let streaming = head.headers.get("x-dashscope-sse") == Some("enable")
        || head
            .headers
            .get("accept")
            .is_some_and(|kind| kind.starts_with("text/event-stream"));
    Call {
        model: body.take_text("model"),
        streaming: Some(streaming),
        messages,
        tools: read.tools,
        tool_choice: read.tool_choice,
        parameters: settings::parameters(&parameters, &["max_tokens"], &["stop"]),
        attrs,
        session: None,
    }
}

/// A message with the parts of its content in OpenAI's form: here their kind is
/// the name of their only field.
fn typed(mut message: Value) -> Value {
    let content = message.get_mut("content").and_then(Value::as_array_mut);
    for part in content.into_iter().flatten() {
        let Some(part) = part
            .as_object_mut()
            .filter(|part| !part.contains_key("type"))
        else {
            continue;
        };
        if let Some(url) = part.remove("image") {
            part.insert("type".into(), "image_url".into());
            part.insert("image_url".into(), json!({"url": url}));
        } else if part.contains_key("text") {
            part.insert("type".into(), "text".into());
        } else if let Some(kind) = part.keys().next().cloned() {
            part.insert("type".into(), kind.into());
        }
    }
    message
}

impl Dialect for DashScope {
    fn name(&self) -> &'static str {
        self.name
    }

    fn operation(&self) -> Operation {
        self.operation
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        call(head, body)
    }

    fn answer(&self, body: Value) -> Answer {
        response::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::new(stream::Stream::new(self.increments))
    }
}
