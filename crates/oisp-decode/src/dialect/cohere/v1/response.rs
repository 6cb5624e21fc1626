//! `POST /v1/chat`: the answer, also as the last event of a stream repeats it.

use serde_json::{Map, Value, json};

use crate::dialect::answer::{Answer, ToolDraft, error_of};
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
    let generation = body.take_text("generation_id");
    answer.id = body.take_text("response_id").or(generation);
    answer.model = body.take_text("model");
    message::add_usage(&mut answer, body.take_object("meta"));
    if !body.contains_key("text") && !body.contains_key("tool_calls") {
        return answer;
    }
    let draft = answer.choice(0);
    draft.text = body.take_text("text").unwrap_or_default();
    for (index, call) in body.take_items("tool_calls").into_iter().enumerate() {
        draft.tools.push(tool_call(index as u64, object(call)));
    }
    draft.parts = parts(&mut body);
    prompt::finish(draft, body.take_text("finish_reason"));
    answer
}

/// A call, whose parameters are an object.
pub(super) fn tool_call(index: u64, mut call: Map<String, Value>) -> ToolDraft {
    ToolDraft {
        index,
        id: call.take_text("id"),
        name: call.take_text("name").unwrap_or_default(),
        kind: "function".into(),
        arguments: call
            .remove("parameters")
            .unwrap_or_else(|| json!({}))
            .to_string(),
    }
}

/// Citations, and searches that the model asks for.
pub(super) fn parts(body: &mut Map<String, Value>) -> Vec<Value> {
    let mut parts = message::citations(body.remove("citations"));
    for query in body.take_items("search_queries") {
        let text = object(query).take_text("text");
        parts.push(json!({"type": "search_query", "content": text}));
    }
    parts
}
