//! `{"result": …, "success": …, "errors": […]}`.

use serde_json::{Map, Value, json};

use crate::dialect::answer::{Answer, ToolDraft, error_of_failure};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai_chat::OpenAiChat;
use crate::dialect::{Dialect, openai, parts, vectors};

pub(super) fn answer(body: Value) -> Answer {
    if body.get("success") == Some(&Value::Bool(false)) {
        return Answer {
            error: error_of_failure(&body),
            ..Answer::default()
        };
    }
    let mut body = object(body);
    let result = match body.remove("result") {
        Some(result) => result,
        None => Value::Object(body),
    };
    // Newer models answer in OpenAI's form.
    if result.get("choices").is_some() {
        return OpenAiChat.answer(result);
    }
    let mut answer = Answer::default();
    match result {
        Value::Object(result) => add(&mut answer, result),
        Value::Array(items) => {
            let part = json!({"type": "results", "results": items.len()});
            answer.parts.push(part);
        }
        _ => {}
    }
    answer
}

fn add(answer: &mut Answer, mut result: Map<String, Value>) {
    usage(answer, &mut result);
    if let Some(vectors) = result.get("data").and_then(vectors::of) {
        answer.is_answer = true;
        answer.embedding = Some(vectors);
        return;
    }
    if let Some(image) = result.take_text("image") {
        answer.parts.push(parts::blob("image", None, &image));
        return;
    }
    let text = [
        "response",
        "text",
        "translated_text",
        "summary",
        "description",
    ]
    .into_iter()
    .find_map(|key| result.remove(key));
    let calls = result.take_items("tool_calls");
    if text.is_none() && calls.is_empty() {
        answer.parts.push(parts::generic("result"));
        return;
    }
    let draft = answer.choice(0);
    match text {
        Some(Value::String(text)) => draft.text = text,
        // Structured output is given as an object.
        Some(object @ Value::Object(_)) => draft.text = object.to_string(),
        _ => {}
    }
    for (position, call) in calls.into_iter().enumerate() {
        draft.tools.push(tool_call(position as u64, object(call)));
    }
}

/// What a result and the events of a stream say of tokens.
pub(super) fn usage(answer: &mut Answer, result: &mut Map<String, Value>) {
    let usage = result
        .take_object("usage")
        .and_then(|wire| openai::usage(&wire, "prompt_tokens", "completion_tokens"));
    answer.usage = usage.or(answer.usage.take());
}

/// A call, with OpenAI's wrapping or without it.
pub(super) fn tool_call(index: u64, mut call: Map<String, Value>) -> ToolDraft {
    let id = call.take_text("id");
    let mut function = call.take_object("function").unwrap_or(call);
    ToolDraft {
        index,
        id,
        name: function.take_text("name").unwrap_or_default(),
        kind: "function".into(),
        arguments: match function.remove("arguments") {
            Some(Value::String(text)) => text,
            Some(arguments @ Value::Object(_)) => arguments.to_string(),
            _ => String::new(),
        },
    }
}
