//! Small made-up recordings for the tests.

use bytes::Bytes;

use super::body::Body;
use super::file::{Fields, Recording};

fn fields(fields: &[(&str, &str)]) -> Fields {
    fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// A POST of JSON and its answer of that type.
pub fn post(id: &str, url: (&str, &str), ask: &str, kind: &str, answer: &str) -> Recording {
    let body = |text: &str| Body::recorded(Bytes::copy_from_slice(text.as_bytes()), None);
    Recording {
        id: id.to_owned(),
        method: String::from("POST"),
        scheme: String::from("https"),
        authority: url.0.to_owned(),
        target: url.1.to_owned(),
        request_fields: fields(&[
            ("content-type", "application/json"),
            ("authorization", "Bearer sk-proj-madeup0123456789"),
        ]),
        request: body(ask),
        status: 200,
        response_fields: fields(&[("content-type", kind)]),
        response: body(answer),
    }
}

const CHAT: (&str, &str) = ("api.openai.com", "/v1/chat/completions");

/// A chat answered at once.
pub fn chat() -> Recording {
    numbered_chat(0)
}

/// A chat that differs from those of other numbers.
pub fn numbered_chat(n: usize) -> Recording {
    let ask = format!(
        r#"{{"model":"gpt-made-up","messages":[{{"role":"user","content":"question {n}"}}]}}"#
    );
    let answer = format!(
        r#"{{"id":"c{n}","object":"chat.completion","model":"gpt-made-up-1","choices":[{{"index":0,"message":{{"role":"assistant","content":"answer {n}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}}}"#
    );
    post(
        &format!("chat#{n}"),
        CHAT,
        &ask,
        "application/json",
        &answer,
    )
}

/// A chat answered as a stream, with a tool call.
pub fn stream() -> Recording {
    let mut answer = String::new();
    for delta in [
        r#"{"role":"assistant","content":"so "}"#,
        r#"{"content":"wärm"}"#,
        r#"{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"look","arguments":"{\"at\":"}}]}"#,
        r#"{"tool_calls":[{"index":0,"function":{"arguments":"7}"}}]}"#,
    ] {
        answer.push_str(&format!(
            "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-made-up-1\",\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n"
        ));
    }
    answer.push_str("data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n");
    let ask = r#"{"model":"gpt-made-up","stream":true,"messages":[{"role":"system","content":"be warm"},{"role":"user","content":"hm?"}],"tools":[{"type":"function","function":{"name":"look","parameters":{}}}]}"#;
    post("stream#0", CHAT, ask, "text/event-stream", &answer)
}

/// An exchange that calls no model.
pub fn telemetry() -> Recording {
    post(
        "telemetry#0",
        ("telemetry.example.test", "/batch/"),
        r#"{"n":1}"#,
        "application/json",
        r#"{"ok":true}"#,
    )
}
