//! `{"results": […]}`: generated text, or vectors.

use oisp_core::event::ai::{FinishReason, Usage};
use serde_json::{Map, Value};

use crate::dialect::answer::{
    Answer, ChoiceDraft, EmbeddingDraft, UsageDraft, error_of, with_total,
};
use crate::dialect::json::{Fields, object};
use crate::dialect::vectors;

pub(super) fn generation(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    answer.model = body.take_text("model_id");
    let mut counts = Counts::default();
    for (position, result) in body.take_items("results").into_iter().enumerate() {
        let mut result = object(result);
        counts.add(&result);
        let draft = answer.choice(position as u64);
        draft.text = result.take_text("generated_text").unwrap_or_default();
        finish(draft, result.take_text("stop_reason"));
    }
    answer.usage = counts.usage();
    answer
}

pub(super) fn embeddings(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    answer.model = body.take_text("model_id");
    let results = body.take_items("results");
    let first = results.first().and_then(|result| result.get("embedding"));
    if let Some(vector) = first.and_then(vectors::of) {
        answer.is_answer = true;
        answer.embedding = Some(EmbeddingDraft {
            count: results.len(),
            dimensions: vector.dimensions,
        });
    }
    if let Some(tokens) = body.number("input_token_count") {
        let usage = Usage {
            prompt_tokens: Some(tokens),
            total_tokens: Some(tokens),
            ..Usage::default()
        };
        answer.usage = Some(UsageDraft {
            usage,
            ..UsageDraft::default()
        });
    }
    answer
}

/// Tokens of the results of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    input: Option<u64>,
    output: Option<u64>,
}

impl Counts {
    /// Another result of the same answer.
    fn add(&mut self, result: &Map<String, Value>) {
        let sum = |old: Option<u64>, key: &str| match result.number(key) {
            Some(more) => Some(old.unwrap_or(0).saturating_add(more)),
            None => old,
        };
        self.input = sum(self.input, "input_token_count");
        self.output = sum(self.output, "generated_token_count");
    }

    /// The same result further on: the output grows, the input is told once
    /// and is 0 from then on, which says nothing of it.
    pub(super) fn grow(&mut self, result: &Map<String, Value>) {
        let input = result.number("input_token_count");
        self.input = self.input.max(input.filter(|count| *count > 0));
        self.output = self.output.max(result.number("generated_token_count"));
    }

    pub(super) const fn without_output(self) -> Self {
        Self {
            output: None,
            ..self
        }
    }

    pub(super) fn usage(self) -> Option<UsageDraft> {
        let usage = Usage {
            prompt_tokens: self.input,
            completion_tokens: self.output,
            ..Usage::default()
        };
        (usage != Usage::default()).then(|| UsageDraft {
            usage: with_total(usage, None),
            ..UsageDraft::default()
        })
    }
}

/// Sets the finish reason, raw and in the schema's words.
pub(super) fn finish(draft: &mut ChoiceDraft, raw: Option<String>) {
    let Some(raw) = raw.filter(|raw| raw != "not_finished") else {
        return;
    };
    draft.finish = Some(match raw.as_str() {
        "eos_token" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" | "token_limit" => FinishReason::Length,
        "error" => FinishReason::Error,
        _ => FinishReason::Other,
    });
    draft.finish_raw = Some(raw);
}
