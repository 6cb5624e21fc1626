//! `POST /v1/completions`: the answer. A chunk of a stream has the same form.

use serde_json::{Map, Value};

use crate::dialect::answer::{Answer, error_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai;

pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer::default();
    add(&mut answer, body, false);
    answer
}

/// Adds an answer or a chunk; true where it brought text. Where bytes were
/// lost, text is not added.
pub(super) fn add(answer: &mut Answer, body: Value, torn: bool) -> bool {
    if let Some(error) = error_of(&body) {
        answer.error = Some(error);
    }
    let mut body = object(body);
    head(answer, &mut body);
    let mut content = false;
    // Writer streams its completions as bare values.
    if let Some(value) = body.take_text("value").filter(|_| !torn) {
        answer.choice(0).text.push_str(&value);
        content = true;
    }
    for (position, choice) in body.take_items("choices").into_iter().enumerate() {
        let mut choice = object(choice);
        let draft = answer.choice(choice.number("index").unwrap_or(position as u64));
        if let Some(text) = text(&mut choice).filter(|_| !torn) {
            draft.text.push_str(&text);
            content = true;
        }
        openai::finish(draft, choice.take_text("finish_reason"));
    }
    content
}

/// Some compatible servers stream completions as they stream a chat.
fn text(choice: &mut Map<String, Value>) -> Option<String> {
    choice.take_text("text").or_else(|| {
        choice
            .take_object("delta")
            .or_else(|| choice.take_object("message"))?
            .take_text("content")
    })
}

fn head(answer: &mut Answer, body: &mut Map<String, Value>) {
    if let Some(id) = body.take_text("id") {
        answer.id.get_or_insert(id);
    }
    if let Some(model) = body.take_text("model") {
        answer.model = Some(model);
    }
    let names = [
        ("system_fingerprint", "openai.response.system_fingerprint"),
        ("service_tier", "openai.response.service_tier"),
    ];
    openai::copy(body, &mut answer.attrs, &names);
    if body
        .get("system_fingerprint")
        .is_some_and(|print| print == "fp_ollama")
    {
        answer.provider = Some("ollama");
    }
    let usage = body.take_object("usage");
    openai::add_usage(answer, usage, "prompt_tokens", "completion_tokens");
}
