//! Databricks' serving endpoints: OpenAI's chat and embeddings, with the
//! endpoint in the path in place of a model.

use serde_json::Value;

use super::openai_chat::OpenAiChat;
use super::openai_embeddings::OpenAiEmbeddings;
use super::route::{Route, unescaped, without_query};
use super::{Answer, AnswerStream, Call, Dialect, Operation};
use crate::http::RequestHead;

/// The dialect: another's, with the model from the path.
pub(super) struct Databricks {
    name: &'static str,
    inner: &'static dyn Dialect,
}

static CHAT: Databricks = Databricks {
    name: "databricks.chat",
    inner: &OpenAiChat,
};
static EMBEDDING: Databricks = Databricks {
    name: "databricks.embeddings",
    inner: &OpenAiEmbeddings,
};

fn endpoint_in(path: &str) -> Option<String> {
    let (_, rest) = path.split_once("/serving-endpoints/")?;
    let name = rest.strip_suffix("/invocations")?;
    (!name.is_empty() && !name.contains('/')).then(|| unescaped(name))
}

/// Models of every kind are served there: only the body tells.
pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    endpoint_in(route.path)?;
    let body = route.body?;
    if let Some(messages) = body.get("messages").and_then(Value::as_array) {
        let has_role = |message: &Value| message.get("role").is_some_and(Value::is_string);
        let is_chat = !messages.is_empty() && messages.iter().all(has_role);
        return is_chat.then_some(&CHAT);
    }
    let input = body.get("input")?;
    let is_texts = |items: &Vec<Value>| !items.is_empty() && items.iter().all(Value::is_string);
    let is_text = input.is_string() || input.as_array().is_some_and(is_texts);
    is_text.then_some(&EMBEDDING)
}

impl Dialect for Databricks {
    fn name(&self) -> &'static str {
        self.name
    }

    fn operation(&self) -> Operation {
        self.inner.operation()
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        let path = head.path.as_deref().map(without_query).unwrap_or_default();
        let call = self.inner.call(head, body);
        Call {
            model: endpoint_in(path).or(call.model),
            ..call
        }
    }

    fn answer(&self, body: Value) -> Answer {
        self.inner.answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        self.inner.stream()
    }
}
