//! llama.cpp's answers: an object, or a stream of objects with the same fields,
//! of which the last has `stop: true` and the counts.

use oisp_core::event::ai::{FinishReason, Usage};
use serde_json::{Map, Value};

use crate::dialect::answer::{Answer, ChoiceDraft, UsageDraft, error_of, with_total};
use crate::dialect::json::{Fields, object};
use crate::dialect::{AnswerStream, vectors};

pub(super) fn answer(body: Value) -> Answer {
    if let Value::Array(items) = body {
        return list(items);
    }
    let mut stream = Stream::default();
    if let Some(vector) = body.get("embedding") {
        vectors::put(Some(vector), &mut stream.answer);
    } else {
        stream.event(None, body);
    }
    stream.answer
}

/// Embeddings, or an answer for each of several prompts.
fn list(items: Vec<Value>) -> Answer {
    let mut answer = Answer::default();
    let vectors: Option<Vec<_>> = items
        .iter()
        .map(|item| vectors::of(item.get("embedding")?))
        .collect();
    if let Some(first) = vectors.as_ref().and_then(|vectors| vectors.first()) {
        let mut draft = *first;
        draft.count = items.len();
        answer.embedding = Some(draft);
        answer.is_answer = true;
        return answer;
    }
    for (position, item) in items.into_iter().enumerate() {
        read(&mut answer, position as u64, object(item), true);
    }
    // Counts of several answers are no counts of the whole.
    if answer.choices.len() > 1 {
        answer.usage = None;
    }
    answer
}

#[derive(Default)]
pub(super) struct Stream {
    answer: Answer,
    /// Bytes were lost: further text would be joined over a hole.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, _name: Option<&str>, data: Value) -> bool {
        if let Some(error) = error_of(&data) {
            self.answer.error = Some(error);
        }
        let chunk = object(data);
        // Of several prompts each has its number.
        let index = chunk.number("index").unwrap_or(0);
        read(&mut self.answer, index, chunk, !self.torn)
    }

    fn gap(&mut self) {
        self.torn = true;
    }

    fn so_far(&self) -> &Answer {
        &self.answer
    }

    fn finish(self: Box<Self>) -> Answer {
        self.answer
    }
}

/// Takes an object; true where it holds text.
fn read(answer: &mut Answer, index: u64, mut chunk: Map<String, Value>, wants_text: bool) -> bool {
    answer.model = chunk.take_text("model").or(answer.model.take());
    if !chunk.contains_key("content") {
        return false;
    }
    let draft = answer.choice(index);
    let text = chunk.take_text("content").filter(|_| wants_text);
    let is_content = text.is_some();
    draft.text.push_str(&text.unwrap_or_default());
    if chunk.get("stop") == Some(&Value::Bool(true)) {
        finish(draft, &mut chunk);
        answer.usage = usage(&chunk);
        add_timings(answer, &chunk);
    }
    is_content
}

fn finish(draft: &mut ChoiceDraft, chunk: &mut Map<String, Value>) {
    let is = |key: &str| chunk.get(key) == Some(&Value::Bool(true));
    let older = [
        ("stopped_limit", "limit"),
        ("stopped_word", "word"),
        ("stopped_eos", "eos"),
    ];
    let known = older.into_iter().find(|(key, _)| is(key));
    let raw = known
        .map(|(_, word)| word.to_owned())
        .or_else(|| chunk.take_text("stop_type"));
    draft.finish = match raw.as_deref() {
        Some("eos" | "word") => Some(FinishReason::Stop),
        Some("limit") => Some(FinishReason::Length),
        Some(_) => Some(FinishReason::Other),
        None => None,
    };
    draft.finish_raw = raw;
}

fn usage(chunk: &Map<String, Value>) -> Option<UsageDraft> {
    let usage = Usage {
        prompt_tokens: chunk.number("tokens_evaluated"),
        completion_tokens: chunk.number("tokens_predicted"),
        cached_tokens: chunk.number_in("timings", "cache_n"),
        ..Usage::default()
    };
    let says_something = usage.prompt_tokens.is_some() || usage.completion_tokens.is_some();
    says_something.then(|| UsageDraft {
        usage: with_total(usage, None),
        ..UsageDraft::default()
    })
}

fn add_timings(answer: &mut Answer, chunk: &Map<String, Value>) {
    let timings = chunk.get("timings");
    for (key, name) in [
        ("prompt_ms", "oisp.llama_cpp.prompt_ms"),
        ("predicted_ms", "oisp.llama_cpp.predicted_ms"),
    ] {
        let value = timings.and_then(|timings| timings.get(key));
        if let Some(millis) = value.filter(|value| value.is_number()) {
            answer.attrs.insert(name.into(), millis.clone());
        }
    }
}
