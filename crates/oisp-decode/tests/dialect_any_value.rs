//! Any value may stand at any place of a call and of its answer: nothing
//! panics, every event can be written down, and a cut stream is no whole one.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use proptest::prelude::*;
use serde_json::{Value, json};
use support::*;

/// Words that the dialects look for, as names and as values.
const WORDS: &[&str] = &[
    "model",
    "model_id",
    "messages",
    "message",
    "role",
    "content",
    "text",
    "type",
    "input",
    "inputs",
    "prompt",
    "options",
    "stop",
    "stream",
    "tools",
    "function",
    "name",
    "arguments",
    "tool_calls",
    "images",
    "thinking",
    "done",
    "done_reason",
    "error",
    "errors",
    "code",
    "response",
    "embeddings",
    "embedding",
    "outputs",
    "output",
    "usage",
    "prompt_tokens",
    "results",
    "generated_text",
    "details",
    "token",
    "finish_reason",
    "choices",
    "delta",
    "index",
    "result",
    "success",
    "data",
    "status",
    "metrics",
    "id",
    "p",
    "o",
    "v",
    "author",
    "parts",
    "metadata",
    "append",
    "add",
    "patch",
    "/message/content/parts/0",
    "/message",
    "",
    "user",
    "assistant",
    "message.output",
    "function.call",
    "tool.execution",
    "message.output.delta",
    "function.call.delta",
    "conversation.response.done",
    "completion",
    "message_start",
    "document",
    "version",
    "parameters",
    "stop_reason",
    "generated_token_count",
    "input_token_count",
];

const PATHS: &[(&str, &str)] = &[
    ("/api/chat", "messages"),
    ("/api/v1/chat", "input"),
    ("/api/generate", "prompt"),
    ("/api/embed", "input"),
    ("/v1/conversations", "inputs"),
    ("/v1/fim/completions", "prompt"),
    ("/v1/ocr", "document"),
    ("/v1/chat/moderations", "input"),
    ("/v1/agents/completions", "messages"),
    ("/v1/models/o/n/predictions", "input"),
    ("/generate_stream", "inputs"),
    ("/embed", "inputs"),
    ("/ml/v1/text/generation_stream", "input"),
    ("/ml/v1/text/embeddings", "inputs"),
    ("/ai/run/@cf/o/m", "messages"),
    ("/api/v1/services/aigc/text-generation/generation", "input"),
    ("/serving-endpoints/e/invocations", "messages"),
    ("/completion", "prompt"),
    ("/embedding", "content"),
    ("/backend-api/f/conversation", "messages"),
    (
        "/api/organizations/o/chat_conversations/c/completion",
        "prompt",
    ),
    ("/gateway", "messages"),
];

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(WORDS).prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
        "https://x|data:image/png;base64,AAA|é\\PC{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(word(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A body that the path's dialect takes for its own, more often than not.
fn body(field: &str, inner: &Value, more: &Value) -> Value {
    let mut body = more.as_object().cloned().unwrap_or_default();
    body.entry("model").or_insert_with(|| "m".into());
    let shaped = match (field, inner) {
        ("messages", Value::Object(_)) => {
            let mut message = inner.clone();
            message["role"] = "user".into();
            json!([message])
        }
        ("messages", _) => json!([{"role": "user", "content": inner}]),
        ("prompt" | "content", _) => "hi".into(),
        _ => inner.clone(),
    };
    body.insert(field.to_owned(), shaped);
    Value::Object(body)
}

fn answer(form: u8, events: &[Value]) -> Vec<u8> {
    match form % 3 {
        0 => json_response(&events.first().cloned().unwrap_or_default().to_string()),
        1 => {
            let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
            response("Content-Type: application/x-ndjson\r\n", lines.as_bytes())
        }
        _ => {
            let name = events.len() % 3;
            let named: Vec<_> = events
                .iter()
                .map(|event| match name {
                    0 => format!("data: {event}"),
                    1 => format!("event: delta\ndata: {event}"),
                    _ => format!("event: output\ndata: {event}"),
                })
                .collect();
            sse_response(&named.iter().map(String::as_str).collect::<Vec<_>>())
        }
    }
}

proptest! {
    #[test]
    fn any_value_at_any_place(
        path in prop::sample::select(PATHS),
        inner in value(),
        more in value(),
        answers in prop::collection::vec(value(), 0..5),
        form in any::<u8>(),
        cut in 0usize..400,
    ) {
        let (path, field) = path;
        let request = post("127.0.0.1:9", path, "", &body(field, &inner, &more).to_string());
        let answer = answer(form, &answers);
        let whole = events(&[Out(request.clone()), In(answer.clone()), Close]);
        prop_assert!(of_type(&whole, "ai.request").len() <= 1);
        prop_assert_eq!(of_type(&whole, "ai.request").len(), of_type(&whole, "ai.response").len());

        let bytewise: Vec<_> = std::iter::once(Out(request.clone()))
            .chain(answer.iter().map(|byte| In(vec![*byte])))
            .collect();
        let bytewise = events(&bytewise);
        prop_assert_eq!(said(&whole), said(&bytewise));

        let cut = cut.min(answer.len().saturating_sub(1));
        let torn = events(&[Out(request), In(answer[..cut].to_vec()), Close]);
        for response in of_type(&torn, "ai.response") {
            prop_assert_eq!(&response["confidence"]["completeness"], "partial");
        }
    }
}

/// What an answer says, apart from when it said it.
fn said(events: &[Value]) -> Vec<Value> {
    let responses = of_type(events, "ai.response").into_iter();
    responses
        .map(|event| {
            let data = &event["data"];
            json!([
                data["choices"],
                data["tool_calls"],
                data["usage"],
                data["error"],
                data["model"],
                event["ext"]
            ])
        })
        .collect()
}
