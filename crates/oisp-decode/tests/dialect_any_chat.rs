//! Calls on paths that nobody knows: requests and answers by their shapes.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::*;

fn call(body: &Value, response: Vec<u8>) -> Vec<Value> {
    let request = post("gateway.example.com", "/llm/call", "", &body.to_string());
    events(&[Out(request), In(response), Close])
}

fn dialect_of(body: &Value) -> Option<String> {
    let events = call(body, json_response("{}"));
    let request = of_type(&events, "ai.request").into_iter().next()?;
    Some(request["attrs"]["oisp.dialect"].as_str()?.to_owned())
}

fn chat() -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]})
}

fn with(mut body: Value, more: Value) -> Value {
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    body
}

#[test]
fn requests_are_known_by_what_only_they_have() {
    let known = [
        (chat(), "openai.chat"),
        (
            with(chat(), json!({"system": "s", "max_tokens": 9})),
            "anthropic.messages",
        ),
        (
            with(
                chat(),
                json!({"tools": [{"name": "ls", "input_schema": {}}]}),
            ),
            "anthropic.messages",
        ),
        (
            json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}]}),
            "anthropic.messages",
        ),
        (
            with(
                chat(),
                json!({"options": {"num_ctx": 1}, "keep_alive": "1m"}),
            ),
            "ollama.chat",
        ),
        (
            json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
            "gemini.generate_content",
        ),
        (
            json!({"model": "m", "input": "hi", "instructions": "be kind"}),
            "openai.responses",
        ),
        (
            json!({"model": "m", "input": [{"role": "user", "content": "x"}], "tools": []}),
            "openai.responses",
        ),
    ];
    for (body, dialect) in known {
        assert_eq!(dialect_of(&body).as_deref(), Some(dialect), "{body}");
    }
}

#[test]
fn records_of_calls_and_other_json_make_nothing() {
    let others = [
        with(chat(), json!({"response": {"content": "ho"}})),
        with(chat(), json!({"output": "ho", "start_time": 1})),
        with(chat(), json!({"run_type": "llm"})),
        with(
            chat(),
            json!({"event": "$ai_generation", "distinct_id": "d"}),
        ),
        json!({"model": "m", "messages": []}),
        json!({"model": "van", "messages": [{"role": "driver", "content": "left"}]}),
        json!({"model": "m", "messages": [{"role": "user", "text": "hi"}]}),
        json!({"model": "m", "input": "text to embed"}),
        json!({"model": "m", "input": [{"id": 1}], "tools": []}),
        json!({"batch": [chat()]}),
        json!({"post": [{"inputs": chat(), "run_type": "llm"}]}),
    ];
    for body in others {
        assert_eq!(dialect_of(&body), None, "{body}");
    }
    let path = "/v1/tokenize";
    let request = post("gateway.example.com", path, "", &chat().to_string());
    let events = events(&[Out(request), In(json_response("{\"count\":3}")), Close]);
    assert!(events.is_empty(), "{events:#?}");
}

#[test]
fn an_answer_is_read_by_its_own_shape() {
    let answers = [
        json!({"id": "1", "choices": [{"index": 0, "message": {"content": "ho"}, "finish_reason": "stop"}]}),
        json!({"id": "1", "type": "message", "role": "assistant", "model": "c", "content": [{"type": "text", "text": "ho"}], "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1}}),
        json!({"model": "l", "message": {"role": "assistant", "content": "ho"}, "done": true, "done_reason": "stop"}),
        json!({"id": "1", "message": {"role": "assistant", "content": [{"type": "text", "text": "ho"}]}, "finish_reason": "COMPLETE"}),
        json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "ho"}]}, "finishReason": "STOP"}]}),
        json!([{"candidates": [{"content": {"parts": [{"text": "h"}]}}]}, {"candidates": [{"content": {"parts": [{"text": "o"}]}, "finishReason": "STOP"}]}]),
        json!({"id": "1", "object": "text_completion", "choices": [{"index": 0, "text": "ho", "finish_reason": "stop"}]}),
        json!({"id": "r", "object": "response", "status": "completed", "output": [{"type": "message", "content": [{"type": "output_text", "text": "ho"}]}]}),
    ];
    for answer in answers {
        let events = call(&chat(), json_response(&answer.to_string()));
        let response = one(&events, "ai.response");
        assert_eq!(
            response["data"]["choices"][0]["message"]["content"], "ho",
            "{answer}"
        );
        assert_eq!(response["data"]["finish_reason"], "stop");
        assert_eq!(response["confidence"]["completeness"], "full");
    }
    let events = call(&chat(), json_response(r#"{"reply":"ho"}"#));
    let response = one(&events, "ai.response");
    assert_eq!(response["confidence"]["reasons"][0], "body_not_readable");
    let events = call(&chat(), json_response(r#"{"error":{"message":"no"}}"#));
    assert_eq!(
        one(&events, "ai.response")["data"]["error"]["message"],
        "no"
    );
}

#[test]
fn a_stream_is_read_by_its_first_event_that_tells() {
    let anthropic = [
        json!({"type": "ping"}),
        json!({"type": "message_start", "message": {"id": "1", "model": "c", "usage": {"input_tokens": 2}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "ho"}}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}}),
    ];
    let openai = [
        json!({"id": "1", "choices": [{"index": 0, "delta": {"content": "ho"}, "finish_reason": "stop"}]}),
    ];
    let cohere = [
        json!({"type": "message-start", "id": "1", "delta": {"message": {"role": "assistant"}}}),
        json!({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "ho"}}}}),
        json!({"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}),
    ];
    for events in [&anthropic[..], &openai, &cohere] {
        let lines: Vec<_> = events
            .iter()
            .map(|event| format!("data: {event}"))
            .collect();
        let answer = sse_response(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        let events = call(&with(chat(), json!({"stream": true})), answer);
        let data = &one(&events, "ai.response")["data"];
        assert_eq!(data["choices"][0]["message"]["content"], "ho");
        assert_eq!(data["finish_reason"], "stop");
    }
    let lines = "{\"message\":{\"content\":\"h\"},\"done\":false}\n{\"message\":{\"content\":\"o\"},\"done\":true,\"done_reason\":\"stop\"}\n";
    let answer = response("Content-Type: application/x-ndjson\r\n", lines.as_bytes());
    let events = call(&chat(), answer);
    assert_eq!(
        one(&events, "ai.response")["data"]["choices"][0]["message"]["content"],
        "ho"
    );
    let named = r#"{"model":"l","created_at":"2026-01-02T03:04:05Z","message":{"content":"ho"},"done":true}"#;
    let events_of = call(&chat(), json_response(named));
    assert_eq!(
        one(&events_of, "ai.request")["data"]["provider"]["name"],
        "other"
    );
    assert_eq!(
        one(&events_of, "ai.response")["data"]["provider"]["name"],
        "ollama"
    );
    let failed = sse_response(&["data: {\"error\":{\"message\":\"no\"}}"]);
    let events = call(&chat(), failed);
    assert_eq!(
        one(&events, "ai.response")["data"]["error"]["message"],
        "no"
    );
}
