//! `:embedContent` and `:batchEmbedContents`: vectors of contents.

use serde_json::{Map, Value};

use super::wire::{Lists, camel};
use super::{content, path, stream, usage};
use crate::dialect::answer::{Answer, EmbeddingDraft, error_of};
use crate::dialect::call::{Call, SpokenMessage};
use crate::dialect::json::Fields;
use crate::dialect::{AnswerStream, Dialect, Operation};
use crate::http::RequestHead;
use crate::json::numbers;

/// The dialect.
pub(super) struct Embed;

impl Dialect for Embed {
    fn name(&self) -> &'static str {
        "gemini.embed_content"
    }

    fn operation(&self) -> Operation {
        Operation::EMBEDDING
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        let mut body = camel(body);
        let mut call = Call {
            model: path::model(head)
                .or_else(|| body.take_text("model"))
                .map(path::bare),
            ..Call::default()
        };
        match body.contains_key("requests") {
            true => {
                for request in body.take_list("requests") {
                    add_request(camel(request), &mut call);
                }
            }
            false => add_request(body, &mut call),
        }
        call
    }

    fn answer(&self, body: Value) -> Answer {
        let error = error_of(&body);
        let mut body = camel(body);
        let vectors = match body.take_camel("embedding") {
            Some(one) => vec![Value::Object(one)],
            None => body.take_list("embeddings"),
        };
        let mut answer = Answer {
            error,
            embedding: vectors_of(&vectors),
            ..Answer::default()
        };
        if let Some(wire) = body.take_camel("usageMetadata") {
            usage::set(&mut answer, wire);
        }
        answer
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<stream::Stream>::default()
    }
}

fn add_request(mut request: Map<String, Value>, call: &mut Call) {
    let content = request.get_mut("content").map(Value::take);
    add_input(content.unwrap_or_default(), &mut call.messages);
    let mut config = request.take_camel("embedContentConfig").unwrap_or_default();
    let size = config
        .number("outputDimensionality")
        .or_else(|| request.number("outputDimensionality"));
    if let Some(size) = size {
        let key = "gen_ai.embeddings.dimension.count";
        call.attrs.insert(key.into(), size.into());
    }
    let task = config
        .take_text("taskType")
        .or_else(|| request.take_text("taskType"));
    if let Some(task) = task {
        let key = "oisp.request.embedding.task_type";
        call.attrs.insert(key.into(), task.into());
    }
}

fn add_input(input: Value, messages: &mut Vec<SpokenMessage>) {
    content::add(input, Some("user"), messages);
}

/// How many vectors, and how long the first is.
fn vectors_of(vectors: &[Value]) -> Option<EmbeddingDraft> {
    let first = numbers(vectors.first()?.get("values")?)?;
    Some(EmbeddingDraft {
        count: vectors.len(),
        dimensions: Some(first).filter(|length| *length > 0),
    })
}
