//! An answer of a model, whatever dialect it was written in.

use std::collections::BTreeMap;

use oisp_core::event::ai::{Error, FinishReason, Usage};
use serde_json::{Map, Value};

use super::json::Fields;

/// Most calls of a choice that an honest answer has.
pub const MOST_CALLS: usize = 1024;
/// Most parts.
const MOST_PARTS: usize = 4096;

/// What was answered, as far as it came.
#[derive(Debug, Default)]
pub struct Answer {
    /// The provider's id of the answer.
    pub id: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// The alternatives, by position.
    pub choices: BTreeMap<u64, ChoiceDraft>,
    /// Tokens.
    pub usage: Option<UsageDraft>,
    /// An error, in place of an answer or in the middle of it.
    pub error: Option<Error>,
    /// Further attributes, OpenTelemetry names.
    pub attrs: Map<String, Value>,
    /// Vectors, where some were asked for.
    pub embedding: Option<EmbeddingDraft>,
    /// What the provider says that the call cost, US dollars.
    pub cost_usd: Option<f64>,
    /// The server that alone writes answers so, the schema's name.
    pub provider: Option<&'static str>,
    /// Parts of the answer that belong to no choice, such as a picture that was
    /// made or a list of ranks.
    pub parts: Vec<Value>,
    /// It says something although it has no choice: vectors, ranks, a count.
    pub is_answer: bool,
}

/// Vectors of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmbeddingDraft {
    /// How many.
    pub count: usize,
    /// Length of each.
    pub dimensions: Option<usize>,
}

/// One alternative.
#[derive(Debug, Default)]
pub struct ChoiceDraft {
    /// Text.
    pub text: String,
    /// Text of a refusal.
    pub refusal: String,
    /// What the model thought.
    pub thinking: String,
    /// Calls of tools, in order.
    pub tools: Vec<ToolDraft>,
    /// Why it ended, in the provider's words.
    pub finish_raw: Option<String>,
    /// The same in the schema's words.
    pub finish: Option<FinishReason>,
    /// OpenTelemetry message parts for what it holds beyond text, thinking,
    /// refusal and calls: pictures, audio, results of tools that the provider
    /// ran.
    pub parts: Vec<Value>,
}

/// A tool call while it is put together.
#[derive(Debug, Default)]
pub struct ToolDraft {
    /// The position that the stream names it by.
    pub index: u64,
    /// The provider's id.
    pub id: Option<String>,
    /// The tool.
    pub name: String,
    /// `function`, or the wire's own type for what the provider ran.
    pub kind: String,
    /// JSON text of the arguments.
    pub arguments: String,
}

impl ToolDraft {
    /// True for what the client is to run.
    pub fn is_for_client(&self) -> bool {
        self.kind == "function"
    }
}

/// Tokens, and what the schema has no field for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UsageDraft {
    /// What the schema has fields for.
    pub usage: Usage,
    /// Input written to a cache.
    pub cache_creation_tokens: Option<u64>,
    /// The part of it that is kept for an hour.
    pub cache_creation_1h_tokens: Option<u64>,
    /// Input that was audio.
    pub input_audio_tokens: Option<u64>,
    /// Output that was audio.
    pub output_audio_tokens: Option<u64>,
    /// Input that was pictures.
    pub input_image_tokens: Option<u64>,
    /// Output that was pictures.
    pub output_image_tokens: Option<u64>,
    /// Searches of the web that the provider ran.
    pub web_searches: Option<u64>,
}

impl Answer {
    /// True where nothing of what an answer is for came.
    pub fn says_nothing(&self) -> bool {
        let is_empty = self.choices.is_empty() && self.parts.is_empty();
        is_empty && self.error.is_none() && self.embedding.is_none() && !self.is_answer
    }

    /// True where it has more choices, calls or parts than any honest one.
    pub fn is_endless(&self) -> bool {
        const MOST_CHOICES: usize = 1024;
        let is_long = |choice: &ChoiceDraft| {
            choice.tools.len() > MOST_CALLS || choice.parts.len() > MOST_PARTS
        };
        self.choices.len() > MOST_CHOICES
            || self.parts.len() > MOST_PARTS
            || self.choices.values().any(is_long)
    }

    /// The choice at a position, made where it is new.
    pub fn choice(&mut self, index: u64) -> &mut ChoiceDraft {
        self.choices.entry(index).or_default()
    }
}

/// The error that a body tells of, in any of the providers' forms.
pub fn error_of(body: &Value) -> Option<Error> {
    // Google's compatible API puts its errors into a list.
    let body = body.get(0).unwrap_or(body);
    let of_body = |message: Option<String>| Error {
        message,
        kind: text_of(body.get("type")),
        code: text_of(body.get("code")),
    };
    match body.get("error") {
        Some(Value::String(message)) if !message.is_empty() => Some(Error {
            kind: None,
            ..of_body(Some(message.clone()))
        }),
        Some(Value::Object(error)) if !error.is_empty() => Some(Error {
            kind: text_of(error.get("type")).or_else(|| word_of(error.get("status"))),
            message: text_of(error.get("message")),
            code: text_of(error.get("code")),
        }),
        Some(Value::Array(errors)) => Some(of_body(Some(text_of(errors.first())?))),
        Some(Value::Bool(true)) => Some(of_body(body.get("message").and_then(message_of))),
        _ if body.get("object").is_some_and(|kind| kind == "error") => {
            Some(of_body(body.get("message").and_then(message_of)))
        }
        _ => None,
    }
}

/// The error that the body of a failed request tells of, also in the forms that
/// in a good answer would mean something else.
pub fn error_of_failure(body: &Value) -> Option<Error> {
    error_of(body).or_else(|| listed_error(body)).or_else(|| {
        let message = ["message", "Message", "detail"]
            .into_iter()
            .find_map(|key| message_of(body.get(key)?));
        // AWS names the type with its namespace.
        let aws = body.get("__type").and_then(Value::as_str);
        let aws = aws.map(|kind| kind.rsplit('#').next().unwrap_or(kind).to_owned());
        (message.is_some() || aws.is_some()).then(|| Error {
            kind: aws.or_else(|| word_of(body.get("type"))),
            message,
            code: text_of(body.get("code")),
        })
    })
}

/// The first of several errors, as IBM and Cloudflare tell them.
fn listed_error(body: &Value) -> Option<Error> {
    let first = body.get("errors")?.get(0)?;
    error_of(&serde_json::json!({"error": first}))
}

/// A message, or the messages of a list as FastAPI writes what is wrong with
/// each field: `[{"loc": ["body", "model"], "msg": "field required"}]`.
fn message_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(inner) => inner
            .get("message")
            .or_else(|| inner.get("detail"))
            .and_then(message_of),
        Value::Array(items) => {
            let messages: Vec<_> = items
                .iter()
                .take(MAX_DETAILS)
                .filter_map(detail_of)
                .collect();
            (!messages.is_empty()).then(|| messages.join("; "))
        }
        _ => None,
    }
}

/// Most details of an error that are told.
const MAX_DETAILS: usize = 16;

fn detail_of(item: &Value) -> Option<String> {
    let message = item.get("msg").and_then(Value::as_str)?;
    let place: Vec<_> = item
        .get("loc")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|step| text_of(Some(step)))
        .collect();
    Some(match place.is_empty() {
        true => message.to_owned(),
        false => format!("{}: {message}", place.join(".")),
    })
}

/// A string that is not empty.
fn word_of(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// A string that is not empty, or a number.
fn text_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Number(number) => Some(number.to_string()),
        value => word_of(Some(value)),
    }
}

/// Prompt, completion and their total, where both are known.
pub(super) fn with_total(mut usage: Usage, given: Option<u64>) -> Usage {
    usage.total_tokens = given.or_else(|| {
        Some(
            usage
                .prompt_tokens?
                .saturating_add(usage.completion_tokens?),
        )
    });
    usage
}

/// True where an object of usage says anything at all.
pub(super) fn says_something(usage: &Map<String, Value>, keys: &[&str]) -> bool {
    keys.iter().any(|key| usage.number(key).is_some())
}
