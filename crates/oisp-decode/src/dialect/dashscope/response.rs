//! `{"output": …, "usage": …, "request_id": …}`.

use oisp_core::event::ai::{Error, Usage};
use serde_json::{Map, Value, json};

use crate::dialect::answer::{Answer, EmbeddingDraft, UsageDraft, with_total};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai_chat::OpenAiChat;
use crate::dialect::{Dialect, vectors};

pub(super) fn answer(body: Value) -> Answer {
    let mut body = object(body);
    let error = failure(&mut body);
    let id = body.take_text("request_id");
    let usage = body.take_object("usage").and_then(|usage| usage_of(&usage));
    let mut answer = body.take_object("output").map(output).unwrap_or_default();
    answer.error = error;
    answer.id = id;
    answer.usage = usage;
    answer
}

/// An error stands beside the id, with a code that is no text of the model.
fn failure(body: &mut Map<String, Value>) -> Option<Error> {
    let kind = body.take_text("code")?;
    Some(Error {
        message: body.take_text("message"),
        code: Some(kind),
        ..Error::default()
    })
}

/// Choices as OpenAI has them, one text, or vectors.
fn output(mut output: Map<String, Value>) -> Answer {
    let vectors = output.take_items("embeddings");
    let first = vectors.first().and_then(|item| item.get("embedding"));
    if let Some(vector) = first.and_then(vectors::of) {
        return Answer {
            is_answer: true,
            embedding: Some(EmbeddingDraft {
                count: vectors.len(),
                dimensions: vector.dimensions,
            }),
            ..Answer::default()
        };
    }
    let mut choices = output.take_items("choices");
    if choices.is_empty() && output.contains_key("text") {
        choices = vec![json!({
            "message": {"role": "assistant", "content": output.remove("text")},
            "finish_reason": output.remove("finish_reason"),
        })];
    }
    choices.iter_mut().for_each(forget_null);
    OpenAiChat.answer(json!({"choices": choices}))
}

/// A reason of `null` comes as a word.
fn forget_null(choice: &mut Value) {
    if let Value::Object(choice) = choice
        && choice.get("finish_reason").and_then(Value::as_str) == Some("null")
    {
        choice.remove("finish_reason");
    }
}

fn usage_of(wire: &Map<String, Value>) -> Option<UsageDraft> {
    let usage = Usage {
        prompt_tokens: wire.number("input_tokens"),
        completion_tokens: wire.number("output_tokens"),
        cached_tokens: wire.number_in("prompt_tokens_details", "cached_tokens"),
        reasoning_tokens: wire.number_in("output_tokens_details", "reasoning_tokens"),
        ..Usage::default()
    };
    let total = wire.number("total_tokens");
    let says_something =
        usage.prompt_tokens.is_some() || usage.completion_tokens.is_some() || total.is_some();
    says_something.then(|| UsageDraft {
        usage: with_total(usage, total),
        ..UsageDraft::default()
    })
}
