//! Whatever stands in the fields of calls and answers, reading them ends.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::*;
use crate::wire::form;

/// Fields that some reader of the family looks at.
const FIELDS: [&str; 48] = [
    "type",
    "role",
    "content",
    "text",
    "model",
    "id",
    "choices",
    "message",
    "delta",
    "tool_calls",
    "function",
    "arguments",
    "name",
    "index",
    "usage",
    "error",
    "input",
    "output",
    "messages",
    "prompt",
    "data",
    "b64_json",
    "embedding",
    "results",
    "categories",
    "audio",
    "image",
    "image_url",
    "thinking",
    "reasoning",
    "reasoning_details",
    "annotations",
    "context",
    "item",
    "output_index",
    "response",
    "status",
    "action",
    "tools",
    "tool_choice",
    "conversation",
    "step_details",
    "required_action",
    "object",
    "x_groq",
    "executed_tools",
    "url",
    "summary",
];

/// Words that choose between readers.
const WORDS: [&str; 20] = [
    "text",
    "output_text",
    "message",
    "function",
    "function_call",
    "mcp_call",
    "reasoning",
    "thinking",
    "image_generation_call",
    "response.output_item.done",
    "response.completed",
    "response.output_text.delta",
    "thread.run",
    "thread.message.delta",
    "completed",
    "image_generation.completed",
    "transcript.text.done",
    "program",
    "shell_call_output",
    "",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(&WORDS[..]).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        let field = proptest::sample::select(&FIELDS[..]).prop_map(str::to_owned);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((field, inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

const PATHS: [&str; 12] = [
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/responses",
    "/v1/responses/compact",
    "/v1/responses/input_tokens",
    "/v1/embeddings",
    "/v1/images/generations",
    "/v1/audio/speech",
    "/v1/audio/transcriptions",
    "/v1/moderations",
    "/v1/threads/thread_1/runs",
    "/v1/batches",
];

/// A body that every path takes for its own, and what was made up over it.
fn request(path: &str, made_up: &Value) -> Vec<u8> {
    let mut body = Map::new();
    for key in [
        "input",
        "prompt",
        "file",
        "assistant_id",
        "input_file_id",
        "endpoint",
        "model",
    ] {
        body.insert(key.into(), "x".into());
    }
    body.extend(made_up.as_object().cloned().unwrap_or_default());
    post("api.openai.com", path, "", &Value::Object(body).to_string())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_fields_are_read_to_the_end(
        path in proptest::sample::select(&PATHS[..]),
        asked in value(),
        said in proptest::collection::vec(value(), 1..5),
    ) {
        let whole = json_response(&said[0].to_string());
        let lines: Vec<_> = said.iter().map(|event| format!("data: {event}")).collect();
        let stream = sse_response(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        for answer in [whole, stream] {
            let events = events(&[Out(request(path, &asked)), In(answer), Close]);
            let requests = of_type(&events, "ai.request").len();
            prop_assert_eq!(requests, of_type(&events, "ai.response").len());
            prop_assert!(requests <= 1);
        }
    }

    #[test]
    fn any_form_is_read_or_refused(
        name in "[a-z\\[\\]\";=]{0,8}",
        more in "[ -~\r\n]{0,40}",
        content in "[ -~\r\n]{0,60}",
        cut in 0usize..40,
    ) {
        let parts = [("file", "; filename=\"a\"", "RIFF"), (name.as_str(), more.as_str(), content.as_str())];
        let request = form("api.openai.com", "/v1/audio/transcriptions", &parts);
        let whole = events(&[Out(request.clone()), In(json_response(&json!({"text": "x"}).to_string())), Close]);
        prop_assert!(of_type(&whole, "ai.request").len() <= 1);
        let kept = request.len().saturating_sub(cut);
        let cut = events(&[Out(request[..kept].to_vec()), Close]);
        prop_assert!(of_type(&cut, "ai.request").len() <= 1);
    }
}
