//! `POST /v2/chat`: the answer.

use serde_json::{Map, Value};

use crate::dialect::answer::{Answer, ChoiceDraft, ToolDraft, error_of};
use crate::dialect::cohere::message;
use crate::dialect::json::{Fields, object};
use crate::dialect::prompt;

/// Reads a whole answer.
pub(in crate::dialect) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    answer.id = body.take_text("id");
    answer.model = body.take_text("model");
    message::add_usage(&mut answer, body.take_object("usage"));
    if let Some(mut message) = body.take_object("message") {
        let draft = answer.choice(0);
        draft.thinking = message.take_text("tool_plan").unwrap_or_default();
        match message.remove("content") {
            Some(Value::String(text)) => draft.text = text,
            Some(Value::Array(items)) => items.into_iter().for_each(|item| {
                add_content(draft, object(item));
            }),
            _ => {}
        }
        for (index, call) in message.take_items("tool_calls").into_iter().enumerate() {
            draft.tools.push(tool_call(index as u64, object(call)));
        }
        draft.parts = message::citations(message.remove("citations"));
        prompt::finish(draft, body.take_text("finish_reason"));
    }
    answer
}

/// Adds a piece of content, whole or as a stream brings it; true where there is
/// any.
pub(super) fn add_content(draft: &mut ChoiceDraft, mut content: Map<String, Value>) -> bool {
    let text = content.take_text("text").unwrap_or_default();
    let thinking = content.take_text("thinking").unwrap_or_default();
    draft.text.push_str(&text);
    draft.thinking.push_str(&thinking);
    !text.is_empty() || !thinking.is_empty()
}

/// A call, whole or as it begins in a stream.
pub(super) fn tool_call(index: u64, mut call: Map<String, Value>) -> ToolDraft {
    let mut function = call.take_object("function").unwrap_or_default();
    ToolDraft {
        index,
        id: call.take_text("id"),
        name: function.take_text("name").unwrap_or_default(),
        kind: "function".into(),
        arguments: function.take_text("arguments").unwrap_or_default(),
    }
}
