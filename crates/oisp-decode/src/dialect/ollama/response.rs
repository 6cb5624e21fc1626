//! Ollama's answers: one object, and the objects of a stream, which have the
//! same fields.

use oisp_core::event::ai::{FinishReason, Usage};
use serde_json::{Map, Value};

use crate::dialect::answer::{Answer, ChoiceDraft, ToolDraft, UsageDraft, error_of, with_total};
use crate::dialect::json::{Fields, object};
use crate::dialect::{parts, vectors};

/// Nanoseconds on the wire, milliseconds in attributes.
const DURATIONS: [(&str, &str); 4] = [
    ("total_duration", "oisp.ollama.total_ms"),
    ("load_duration", "oisp.ollama.load_ms"),
    ("prompt_eval_duration", "oisp.ollama.prompt_eval_ms"),
    ("eval_duration", "oisp.ollama.eval_ms"),
];

pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    head(&mut answer, &mut body);
    if body.contains_key("embeddings") || body.contains_key("embedding") {
        let given = body.get("embeddings").or_else(|| body.get("embedding"));
        vectors::put(given, &mut answer);
    } else if is_spoken(&body) {
        let draft = answer.choice(0);
        add(draft, &mut body);
        finish(draft, body.take_text("done_reason"));
    }
    answer
}

/// It holds something that the model says, be it nothing.
pub(super) fn is_spoken(body: &Map<String, Value>) -> bool {
    let fields = ["message", "response", "image"];
    fields.iter().any(|field| body.contains_key(*field))
}

/// What an answer and each object of a stream say of the answer itself.
pub(super) fn head(answer: &mut Answer, body: &mut Map<String, Value>) {
    answer.model = body.take_text("model").or(answer.model.take());
    if body.contains_key("created_at") && body.contains_key("done") {
        answer.provider = Some("ollama");
    }
    for (field, name) in DURATIONS {
        if let Some(nanos) = body.number(field) {
            answer.attrs.insert(name.into(), (nanos / 1_000_000).into());
        }
    }
    let usage = Usage {
        prompt_tokens: body.number("prompt_eval_count"),
        completion_tokens: body.number("eval_count"),
        ..Usage::default()
    };
    if usage != Usage::default() {
        answer.usage = Some(UsageDraft {
            usage: with_total(usage, None),
            ..UsageDraft::default()
        });
    }
}

/// Adds what the model says; true where it says something.
pub(super) fn add(draft: &mut ChoiceDraft, body: &mut Map<String, Value>) -> bool {
    let mut message = body.take_object("message").unwrap_or_default();
    let text = message
        .take_text("content")
        .or_else(|| body.take_text("response"));
    let thinking = message
        .take_text("thinking")
        .or_else(|| body.take_text("thinking"));
    let calls = message.take_items("tool_calls");
    let image = body.take_text("image");
    let content = text.is_some() || thinking.is_some() || image.is_some() || !calls.is_empty();
    draft.text.push_str(&text.unwrap_or_default());
    draft.thinking.push_str(&thinking.unwrap_or_default());
    draft
        .parts
        .extend(image.map(|image| parts::blob("image", None, &image)));
    for call in calls {
        let index = draft.tools.len() as u64;
        draft.tools.push(tool_call(index, object(call)));
    }
    content
}

fn tool_call(index: u64, mut call: Map<String, Value>) -> ToolDraft {
    let mut function = call.take_object("function").unwrap_or_default();
    ToolDraft {
        index,
        id: call.take_text("id"),
        name: function.take_text("name").unwrap_or_default(),
        kind: "function".into(),
        arguments: match function.remove("arguments") {
            Some(Value::String(text)) => text,
            Some(arguments @ Value::Object(_)) => arguments.to_string(),
            _ => String::new(),
        },
    }
}

/// Sets the finish reason, raw and in the schema's words.
pub(super) fn finish(draft: &mut ChoiceDraft, raw: Option<String>) {
    let Some(raw) = raw else { return };
    draft.finish = Some(match raw.as_str() {
        "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        _ => FinishReason::Other,
    });
    draft.finish_raw = Some(raw);
}
