//! Writer: `POST /v1/chat`, OpenAI's chat with other names for the details of
//! the usage.

use serde_json::{Map, Value};

use super::openai_chat::OpenAiChat;
use super::route::{Route, is_chat_shaped};
use super::{Answer, AnswerStream, Call, Dialect};
use crate::http::RequestHead;

/// The dialect.
struct Chat;

/// Others have such a path too: the body decides, and where it is not known, the
/// host.
pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let host = route.head.authority.as_deref().unwrap_or_default();
    let is_writer = host.starts_with("api.writer.com");
    let fits = route.body.map_or(is_writer, is_chat_shaped);
    (route.path.ends_with("/v1/chat") && fits).then_some(&Chat)
}

impl Dialect for Chat {
    fn name(&self) -> &'static str {
        "writer.chat"
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        OpenAiChat.call(head, body)
    }

    fn answer(&self, body: Value) -> Answer {
        OpenAiChat.answer(as_openai(body))
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::new(Stream(OpenAiChat.stream()))
    }
}

/// OpenAI's stream with Writer's names.
struct Stream(Box<dyn AnswerStream + Send>);

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        self.0.event(name, as_openai(data))
    }

    fn gap(&mut self) {
        self.0.gap();
    }

    fn so_far(&self) -> &Answer {
        self.0.so_far()
    }

    fn finish(self: Box<Self>) -> Answer {
        self.0.finish()
    }
}

fn as_openai(mut body: Value) -> Value {
    if let Some(Value::Object(usage)) = body.get_mut("usage") {
        rename(usage, "prompt_token_details", "prompt_tokens_details");
        rename(
            usage,
            "completion_token_details",
            "completion_tokens_details",
        );
    }
    body
}

fn rename(object: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = object.remove(from).filter(|value| !value.is_null()) {
        object.insert(to.to_owned(), value);
    }
}
