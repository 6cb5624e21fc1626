//! Web clients and editors, whose APIs are not public.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::*;

fn sse(events: &[(&str, Value)]) -> Vec<u8> {
    let events: Vec<_> = events
        .iter()
        .map(|(name, data)| match *name {
            "" => format!("data: {data}"),
            name => format!("event: {name}\ndata: {data}"),
        })
        .collect();
    sse_response(&events.iter().map(String::as_str).collect::<Vec<_>>())
}

fn chatgpt(answer: Vec<u8>) -> Vec<Value> {
    let body = json!({"action": "next", "model": "gpt-5", "conversation_id": "cv", "parent_message_id": "p",
        "messages": [{"id": "u", "author": {"role": "user"}, "content": {"content_type": "multimodal_text", "parts": [
            {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-1"}, "what is it?"]}}]});
    let request = post(
        "chatgpt.com",
        "/backend-api/f/conversation",
        "",
        &body.to_string(),
    );
    events(&[Out(request), In(answer), Close])
}

fn message(id: &str, content: Value, status: &str) -> Value {
    json!({"message": {"id": id, "author": {"role": "assistant"}, "recipient": "all", "status": status, "content": content, "metadata": {"model_slug": "gpt-5-thinking"}}, "conversation_id": "cv"})
}

fn text(text: &str) -> Value {
    json!({"content_type": "text", "parts": [text]})
}

fn deltas() -> Vec<(&'static str, Value)> {
    vec![
        ("delta_encoding", json!("v1")),
        (
            "delta",
            json!({"p": "", "o": "add", "v": message("m1", json!({"content_type": "thoughts", "thoughts": [{"summary": "s", "content": "hm"}]}), "in_progress"), "c": 0}),
        ),
        (
            "delta",
            json!({"v": message("m2", text(""), "in_progress"), "c": 1}),
        ),
        (
            "delta",
            json!({"p": "/message/content/parts/0", "o": "append", "v": "A "}),
        ),
        ("delta", json!({"v": "small "})),
        ("", json!({"type": "title_generation", "title": "Cats"})),
        (
            "delta",
            json!({"p": "", "o": "patch", "v": [
            {"p": "/message/content/parts/0", "o": "append", "v": "cat."},
            {"p": "/message/status", "o": "replace", "v": "finished_successfully"},
            {"p": "/message/metadata", "o": "append", "v": {"finish_details": {"type": "stop"}}}]}),
        ),
        (
            "",
            json!({"type": "message_stream_complete", "conversation_id": "cv"}),
        ),
    ]
}

#[test]
fn chatgpt_answers_by_patches() {
    let events = chatgpt(sse(&deltas()));
    let request = one(&events, "ai.request");
    let data = &request["data"];
    assert_eq!(data["messages"][0]["content"], "what is it?");
    assert_eq!(data["messages"][0]["image_count"], 1);
    assert_eq!(request["confidence"]["level"], "low");
    let response = one(&events, "ai.response");
    let data = &response["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "A small cat.");
    assert_eq!(data["model"]["id"], "gpt-5-thinking");
    assert_eq!(data["finish_reason"], "stop");
    assert_eq!(
        response["ext"]["oisp"]["output_messages"][0]["parts"][0]["content"],
        "hm"
    );
    assert_eq!(response["confidence"]["level"], "low");
    assert!(data["time_to_first_token_ms"].is_number());
}

#[test]
fn chatgpt_answers_by_whole_messages() {
    let events = chatgpt(sse(&[
        ("", message("m1", text("A"), "in_progress")),
        ("", message("m1", text("A small"), "in_progress")),
        (
            "",
            message("m1", text("A small cat."), "finished_successfully"),
        ),
    ]));
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "A small cat.");
}

#[test]
fn a_patch_that_was_lost_ends_the_text() {
    let whole = sse(&deltas());
    let lost = whole.windows(6).position(|at| at == b"small ").unwrap();
    let body = json!({"action": "next", "messages": [{"author": {"role": "user"}, "content": {"parts": ["hi"]}}]});
    let request = post(
        "chatgpt.com",
        "/backend-api/conversation",
        "",
        &body.to_string(),
    );
    let steps = [
        Out(request),
        In(whole[..lost].to_vec()),
        GapIn(6),
        In(whole[lost + 6..].to_vec()),
    ];
    let events = events(&steps);
    let response = one(&events, "ai.response");
    assert_eq!(response["confidence"]["completeness"], "partial");
    assert_eq!(response["data"]["choices"][0]["message"]["content"], "A ");
}

fn claude(answer: Vec<u8>) -> Vec<Value> {
    let body = json!({"prompt": "hi", "model": "claude-sonnet-4-5", "attachments": [{"file_name": "a.txt", "extracted_content": "x"}], "files": ["f1"]});
    let path = "/api/organizations/o1/chat_conversations/c1/completion";
    let request = post("claude.ai", path, "", &body.to_string());
    events(&[Out(request), In(answer), Close])
}

#[test]
fn claude_answers_in_both_of_its_forms() {
    let older = sse(&[
        (
            "completion",
            json!({"type": "completion", "id": "x", "completion": " He", "stop_reason": null, "model": "claude-2"}),
        ),
        (
            "completion",
            json!({"type": "completion", "id": "x", "completion": "llo", "stop_reason": "stop_sequence", "model": "claude-2"}),
        ),
    ]);
    let events = claude(older);
    let request = one(&events, "ai.request");
    assert_eq!(request["data"]["messages"][0]["content"], "hi");
    assert_eq!(
        request["ext"]["oisp"]["input_messages"][0]["parts"][1]["file_id"],
        "f1"
    );
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["provider"]["name"], "anthropic");
    assert_eq!(data["choices"][0]["message"]["content"], " Hello");
    assert_eq!(data["finish_reason"], "stop");

    let newer = sse(&[
        (
            "message_start",
            json!({"type": "message_start", "message": {"id": "m", "model": "claude-sonnet-4-5", "content": []}}),
        ),
        (
            "content_block_start",
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        ),
        (
            "content_block_delta",
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}}),
        ),
        (
            "message_delta",
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}),
        ),
        ("message_limit", json!({"type": "message_limit"})),
    ]);
    let events = claude(newer);
    let response = one(&events, "ai.response");
    assert_eq!(
        response["data"]["choices"][0]["message"]["content"],
        "Hello"
    );
    assert_eq!(response["confidence"]["level"], "low");
}

#[test]
fn of_cursor_it_is_told_that_it_called() {
    let fields = "Content-Type: application/connect+proto\r\n";
    let message = [0, 0, 0, 0, 4, 10, 2, b'h', b'i'];
    let mut request = format!(
        "POST /agent.v1.AgentService/Run HTTP/1.1\r\nHost: agentn.api5.cursor.sh\r\n{fields}Content-Length: {}\r\n\r\n",
        message.len()
    )
    .into_bytes();
    request.extend_from_slice(&message);
    let events_of = events(&[Out(request.clone()), In(response(fields, &message)), Close]);
    let request_event = one(&events_of, "ai.request");
    assert_eq!(request_event["attrs"]["oisp.dialect"], "cursor");
    assert_eq!(request_event["confidence"]["level"], "low");
    assert_eq!(
        request_event["confidence"]["missing"],
        json!(["model", "messages"])
    );
    let told = one(&events_of, "ai.response");
    assert_eq!(told["confidence"]["reasons"][0], "body_not_readable");
    assert!(told["data"].get("choices").is_none());

    let end = br#"{"error":{"code":"resource_exhausted","message":"slow down"}}"#;
    let mut failed = vec![2, 0, 0, 0];
    failed.push(u8::try_from(end.len()).unwrap());
    failed.extend_from_slice(end);
    let events_of = events(&[Out(request), In(response(fields, &failed)), Close]);
    let data = &one(&events_of, "ai.response")["data"];
    assert_eq!(
        data["error"],
        json!({"message": "slow down", "code": "resource_exhausted"})
    );

    let other = "POST /shop.v1.Cart/Add HTTP/1.1\r\nHost: shop.example.com\r\nContent-Type: application/connect+proto\r\nContent-Length: 0\r\n\r\n";
    assert!(events(&[out(other), In(response(fields, b"")), Close]).is_empty());
}
