//! `POST /v1/chat/completions`: the answer, and what stream and answer share.

use serde_json::{Map, Value};

use super::message;
use crate::dialect::answer::{Answer, ChoiceDraft, error_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai::{self, SpokenAudio};

pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    head(&mut answer, &mut body);
    for (position, value) in body.take_items("choices").into_iter().enumerate() {
        let mut choice = choice_head(&mut answer, value);
        let index = choice.number("index").unwrap_or(position as u64);
        let draft = answer.choice(index);
        if let Some(message) = spoken(&mut choice) {
            whole_message(draft, message);
        }
        openai::finish(draft, choice.take_text("finish_reason"));
    }
    answer
}

/// The message of a choice. Azure's first form for the user's own data has a
/// list: what was found, then what is said.
fn spoken(choice: &mut Map<String, Value>) -> Option<Map<String, Value>> {
    choice.take_object("message").or_else(|| {
        let messages = choice.take_items("messages").into_iter();
        messages.map(object).rfind(is_of_the_model)
    })
}

/// Some servers stream what a tool found as a message of its own.
pub(super) fn is_of_the_model(message: &Map<String, Value>) -> bool {
    message.get("role").is_none_or(|role| role != "tool")
}

/// Reads a whole message into an empty draft.
pub(super) fn whole_message(draft: &mut ChoiceDraft, mut message: Map<String, Value>) {
    message::add(draft, &mut message);
    message::add_tools(draft, &mut message);
    if let Some(wire) = message.take_object("audio") {
        let mut audio = SpokenAudio::default();
        if audio.add(wire) {
            draft.parts.push(audio.part());
        }
    }
}

/// What a choice says of the whole answer: an error in the middle of it, the
/// word of the provider behind a gateway.
pub(super) fn choice_head(answer: &mut Answer, choice: Value) -> Map<String, Value> {
    if let Some(error) = error_of(&choice) {
        answer.error = Some(error);
    }
    let choice = object(choice);
    let native = [("native_finish_reason", "oisp.response.native_finish_reason")];
    openai::copy(&choice, &mut answer.attrs, &native);
    choice
}

/// Attributes of an answer, under the names of the wire.
const COPIED: [(&str, &str); 3] = [
    ("system_fingerprint", "openai.response.system_fingerprint"),
    ("service_tier", "openai.response.service_tier"),
    // OpenRouter: who answered behind it.
    ("provider", "oisp.response.upstream_provider"),
];

/// What a whole answer and each chunk of a stream say of the answer itself.
pub(super) fn head(answer: &mut Answer, body: &mut Map<String, Value>) {
    if let Some(id) = body.take_text("id") {
        answer.id.get_or_insert(id);
    }
    if let Some(model) = body.take_text("model") {
        answer.model = Some(model);
    }
    openai::copy(body, &mut answer.attrs, &COPIED);
    if body
        .get("system_fingerprint")
        .is_some_and(|print| print == "fp_ollama")
    {
        answer.provider = Some("ollama");
    }
    let usage = body.take_object("usage");
    openai::add_usage(answer, usage, "prompt_tokens", "completion_tokens");
    if let Some(times) = body.take_object("time_info") {
        // Cerebras has the times of a call beside its usage.
        openai::add_usage(answer, Some(times), "prompt_tokens", "completion_tokens");
    }
    if let Some(timings) = body.take_object("timings") {
        add_timings(answer, &timings);
    }
    for kind in ["citations", "search_results"] {
        if let Some(part) = openai::citations(kind, body.take_items(kind)) {
            openai::put(&mut answer.parts, part);
        }
    }
}

/// The times of llama.cpp, milliseconds, and what it had in its cache.
fn add_timings(answer: &mut Answer, timings: &Map<String, Value>) {
    let names = [
        ("prompt_ms", "oisp.usage.prompt_ms"),
        ("predicted_ms", "oisp.usage.predicted_ms"),
    ];
    openai::copy(timings, &mut answer.attrs, &names);
    if let Some(usage) = &mut answer.usage {
        let cached = &mut usage.usage.cached_tokens;
        *cached = cached.or_else(|| timings.number("cache_n"));
    }
}
