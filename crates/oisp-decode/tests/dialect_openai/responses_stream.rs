//! Streams of the Responses API.

use serde_json::{Value, json};

use crate::support::*;
use crate::wire::{answered_responses as answered, named_stream as stream, text_of};

fn text_item(text: &str) -> Value {
    json!({"type": "message", "id": "msg", "role": "assistant", "content": [{"type": "output_text", "text": text, "annotations": []}]})
}

fn delta(index: u64, text: &str) -> Value {
    json!({"type": "response.output_text.delta", "output_index": index, "content_index": 0, "delta": text})
}

fn done(index: u64, item: Value) -> Value {
    json!({"type": "response.output_item.done", "output_index": index, "item": item})
}

#[test]
fn a_stream_whose_last_event_has_no_items_is_its_items() {
    let call =
        json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{\"a\":1}"});
    let wire = stream(&[
        json!({"type": "response.created", "response": {"id": "r", "model": "m-1", "status": "in_progress", "output": []}}),
        delta(0, "say"),
        done(0, text_item("say")),
        done(1, call),
        json!({"type": "response.completed", "response": {"id": "r", "status": "completed", "output": [], "usage": {"input_tokens": 1, "output_tokens": 2}}}),
    ]);
    let response = answered(wire);
    assert_eq!(text_of(&response), "say");
    assert_eq!(response["data"]["model"]["id"], "m-1");
    assert_eq!(
        response["data"]["tool_calls"][0]["arguments"],
        json!({"a": 1})
    );
    assert_eq!(response["data"]["finish_reason"], "tool_calls");
    assert_eq!(response["data"]["usage"]["total_tokens"], 3);
}

/// Bytes of the first `lost` are missing, and of the end.
fn with_holes(wire: &[u8], lost: &str, end: usize) -> Value {
    let at = wire
        .windows(lost.len())
        .position(|window| window == lost.as_bytes())
        .unwrap();
    let request = post(
        "api.openai.com",
        "/v1/responses",
        "",
        r#"{"model":"m","input":"hi"}"#,
    );
    let after = at + lost.len();
    let steps = [
        Out(request),
        In(wire[..at].to_vec()),
        GapIn(lost.len() as u64),
        In(wire[after..wire.len() - end].to_vec()),
        Close,
    ];
    one(&events(&steps), "ai.response").clone()
}

#[test]
fn a_hole_is_closed_by_what_is_whole_and_never_joined() {
    let last = json!({"type": "response.completed", "response": {"id": "r", "status": "completed", "output": [text_item("one lost two")]}});
    let head = [delta(0, "one "), delta(0, "lost "), delta(0, "two")];
    let whole: Vec<_> = head
        .iter()
        .cloned()
        .chain([done(0, text_item("one lost two")), last])
        .collect();
    assert_eq!(
        text_of(&with_holes(&stream(&whole), "lost ", 0)),
        "one lost two"
    );

    let items: Vec<_> = head
        .iter()
        .cloned()
        .chain([done(0, text_item("one lost two"))])
        .collect();
    let response = with_holes(&stream(&items), "lost ", 7);
    assert_eq!(text_of(&response), "one lost two", "the item came whole");
    assert_eq!(response["confidence"]["completeness"], "partial");

    let later: Vec<_> = head
        .iter()
        .cloned()
        .chain([done(1, text_item("three"))])
        .collect();
    let response = with_holes(&stream(&later), "lost ", 7);
    assert_eq!(
        text_of(&response),
        "one ",
        "the first item never came whole"
    );

    let behind = [delta(0, "lost "), done(1, text_item("three"))];
    let response = with_holes(&stream(&behind), "lost ", 7);
    assert!(
        text_of(&response).is_null(),
        "what was said first is not known"
    );
}

#[test]
fn a_stream_that_fails_says_why() {
    let failed = json!({"type": "response.failed", "response": {"id": "r", "status": "failed", "output": [], "error": {"code": "server_error", "message": "broke"}}});
    let response = answered(stream(&[delta(0, "half"), failed]));
    assert_eq!(
        response["data"]["error"],
        json!({"message": "broke", "code": "server_error"})
    );
    assert_eq!(
        (&response["data"]["success"], text_of(&response)),
        (&json!(false), &json!("half"))
    );

    let nested = json!({"type": "error", "error": {"type": "t", "code": "c", "message": "nested"}});
    let response = answered(stream(&[nested]));
    assert_eq!(
        response["data"]["error"],
        json!({"type": "t", "message": "nested", "code": "c"})
    );
}
