//! `POST /v1/embeddings`: the answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::dialect::answer::{Answer, EmbeddingDraft, error_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai;

/// Bytes of a number of a vector that is given in base64.
const FLOAT32: usize = 4;

pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    answer.id = body.take_text("id");
    answer.model = body.take_text("model");
    let usage = body.take_object("usage");
    openai::add_usage(&mut answer, usage, "prompt_tokens", "completion_tokens");
    if let Some(Value::Array(items)) = body.get("data") {
        let first = items.first().and_then(|item| item.get("embedding"));
        answer.embedding = Some(EmbeddingDraft {
            count: items.len(),
            dimensions: first.and_then(dimensions),
        });
    }
    answer
}

/// The length of a vector: a list of numbers, or 32-bit floats in base64.
fn dimensions(vector: &Value) -> Option<usize> {
    match vector {
        Value::Array(numbers) if numbers.iter().all(Value::is_number) => Some(numbers.len()),
        Value::String(base64) => {
            let bytes = STANDARD.decode(base64).ok()?.len();
            (bytes % FLOAT32 == 0).then_some(bytes / FLOAT32)
        }
        _ => None,
    }
}
