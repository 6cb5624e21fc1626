//! Streams of chat completions.

use serde_json::{Value, json};

use crate::support::*;
use crate::wire::{call, parts};

fn wire(chunks: &[Value]) -> Vec<u8> {
    let events: Vec<_> = chunks
        .iter()
        .map(|chunk| format!("data: {chunk}"))
        .collect();
    let mut events: Vec<_> = events.iter().map(String::as_str).collect();
    events.push("data: [DONE]");
    sse_response(&events)
}

/// The answer of a stream, which is the same byte by byte.
fn streamed(chunks: &[Value]) -> Value {
    let wire = wire(chunks);
    let whole = call(chat_request(ASK), wire.clone());
    let mut steps = vec![Out(chat_request(ASK))];
    steps.extend(wire.iter().map(|byte| In(vec![*byte])));
    steps.push(Close);
    let split = events(&steps);
    let response = one(&whole, "ai.response");
    let bytewise = one(&split, "ai.response");
    assert_eq!(response["ext"], bytewise["ext"]);
    for field in ["choices", "tool_calls", "usage", "error", "model"] {
        assert_eq!(response["data"][field], bytewise["data"][field], "{field}");
    }
    response.clone()
}

fn delta(delta: Value, finish: Value) -> Value {
    json!({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
}

#[test]
fn a_stream_of_azure_begins_with_filters_and_a_stream_of_groq_ends_with_its_own_field() {
    let response = streamed(&[
        json!({"choices": [], "id": "", "model": "", "prompt_filter_results": []}),
        json!({"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "a"}, "content_filter_results": {}, "finish_reason": null}],
               "usage": {"prompt_tokens": 1, "completion_tokens": 1}}),
        delta(
            json!({"content": [{"type": "text", "text": "b"}]}),
            json!("stop"),
        ),
        json!({"choices": [], "x_groq": {"id": "req", "usage": {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6, "total_time": 0.5}}}),
    ]);
    assert_eq!(response["data"]["choices"][0]["message"]["content"], "ab");
    assert_eq!(response["data"]["model"]["id"], "m");
    assert_eq!(response["attrs"]["gen_ai.response.id"], "c");
    assert_eq!(
        response["data"]["usage"],
        json!({"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6})
    );

    let response = streamed(&[
        delta(json!({"content": "half"}), Value::Null),
        json!({"choices": [], "x_groq": {"id": "req", "error": "over capacity"}}),
    ]);
    assert_eq!(response["data"]["error"]["message"], "over capacity");
}

#[test]
fn tool_calls_of_a_stream_are_told_apart_however_they_are_numbered() {
    let tool = |id: Value, index: Value, name: &str, arguments: &str| {
        let call = json!({"id": id, "index": index, "type": "function", "function": {"name": name, "arguments": arguments}});
        delta(json!({"tool_calls": [call]}), Value::Null)
    };
    let forms = [
        // Whole, without position.
        vec![
            tool(json!("a"), Value::Null, "f", "{\"x\":1}"),
            tool(json!("b"), Value::Null, "g", "{}"),
        ],
        // The id and the name in every delta, without position.
        vec![
            tool(json!("a"), Value::Null, "f", "{\"x\""),
            tool(json!("a"), Value::Null, "f", ":1}"),
            tool(json!("b"), Value::Null, "g", "{}"),
        ],
        // Every call at the same position.
        vec![
            tool(json!("a"), json!(0), "f", "{\"x\":1}"),
            tool(json!("b"), json!(0), "g", "{}"),
        ],
        // Interleaved.
        vec![
            tool(json!("a"), json!(0), "f", "{\"x\""),
            tool(json!("b"), json!(1), "g", "{}"),
            tool(Value::Null, json!(0), "", ":1}"),
        ],
    ];
    for mut chunks in forms {
        chunks.push(delta(json!({}), json!("stop")));
        let response = streamed(&chunks);
        assert_eq!(
            response["data"]["tool_calls"],
            json!([{"id": "a", "name": "f", "type": "function", "arguments": {"x": 1}},
                   {"id": "b", "name": "g", "type": "function", "arguments": {}}])
        );
        assert_eq!(response["data"]["finish_reason"], "tool_calls");
    }
}

#[test]
fn thinking_audio_and_executed_tools_of_a_stream() {
    let response = streamed(&[
        delta(
            json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "h"}]}]}),
            Value::Null,
        ),
        delta(
            json!({"reasoning": "m", "reasoning_details": [{"type": "reasoning.text", "text": "m"}]}),
            Value::Null,
        ),
        delta(
            json!({"reasoning_details": [{"type": "reasoning.text", "text": "!"}]}),
            Value::Null,
        ),
        delta(
            json!({"executed_tools": [{"index": 0, "type": "search", "arguments": "{\"query\":\"q\"}"}]}),
            Value::Null,
        ),
        delta(
            json!({"executed_tools": [{"index": 0, "type": "search", "arguments": "{\"query\":\"q\"}", "output": "found"}]}),
            Value::Null,
        ),
        delta(
            json!({"audio": {"id": "audio_1", "transcript": "spo"}}),
            Value::Null,
        ),
        delta(json!({"audio": {"data": "AAEC"}}), Value::Null),
        delta(
            json!({"audio": {"data": "Aw==", "transcript": "ken"}}),
            json!("stop"),
        ),
    ]);
    assert_eq!(
        response["data"]["tool_calls"],
        json!([{"name": "search", "type": "search", "arguments": {"query": "q"}}])
    );
    assert_eq!(
        response["data"]["finish_reason"], "stop",
        "the provider ran it"
    );
    let parts = parts(&response);
    assert_eq!(parts[0], json!({"type": "reasoning", "content": "hm!"}));
    assert_eq!(parts[1]["response"], "found");
    assert_eq!(parts[2]["transcript"], "spoken");
    assert_eq!(parts[2]["length"], 4);
}

#[test]
fn audio_and_text_are_never_joined_over_a_hole() {
    let wire = wire(&[
        delta(
            json!({"content": "before", "audio": {"data": "AAEC"}}),
            Value::Null,
        ),
        delta(json!({"content": "lost "}), Value::Null),
        delta(
            json!({"content": "after", "audio": {"data": "AAEC"}}),
            json!("stop"),
        ),
    ]);
    let lost = wire
        .windows(5)
        .position(|window| window == b"lost ")
        .unwrap();
    let events = events(&[
        Out(chat_request(ASK)),
        In(wire[..lost].to_vec()),
        GapIn(5),
        In(wire[lost + 5..].to_vec()),
        Close,
    ]);
    let response = one(&events, "ai.response");
    assert_eq!(
        response["data"]["choices"][0]["message"]["content"],
        "before"
    );
    assert_eq!(response["confidence"]["completeness"], "partial");
    assert!(parts(response)[0].get("length").is_none(), "{response}");
}

#[test]
fn lists_that_a_stream_repeats_are_kept_once() {
    let cited = |text: &str, urls: Value| {
        let mut chunk = delta(json!({"content": text}), Value::Null);
        chunk["citations"] = urls;
        chunk
    };
    let response = streamed(&[
        cited("a", json!(["https://a.example"])),
        cited("b", json!(["https://a.example", "https://b.example"])),
    ]);
    assert_eq!(
        response["ext"]["oisp"]["output_parts"],
        json!([{"type": "citations", "sources": [{"url": "https://a.example"}, {"url": "https://b.example"}]}])
    );
}
