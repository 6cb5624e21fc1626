//! Messages: a coding agent in the middle of its work, and a long stream.

use serde_json::{Value, json};

use super::Case;
use super::text::Words;
use super::wire::{Frame, Wire};

const HOST: &str = "api.anthropic.com";
const PATH: &str = "/v1/messages";
const FIELDS: &str = "x-api-key: sk-ant-api03-made-up-for-the-benchmark\r\nanthropic-version: 2023-06-01\r\nanthropic-beta: interleaved-thinking-2025-05-14\r\n";
const MODEL: &str = "claude-sonnet-4-5-20250929";

/// 25 tools, 40 turns of tool use and results, a streamed answer.
pub(super) fn agent(name: &'static str) -> Case {
    let mut words = Words::new(4);
    let cache = json!({"type": "ephemeral"});
    let system = json!([
        {"type": "text", "text": words.prose(400)},
        {"type": "text", "text": words.prose(12 << 10), "cache_control": cache},
    ]);
    let tools: Vec<_> = (0..25).map(|n| tool(n, &mut words)).collect();
    let mut messages = vec![json!({"role": "user", "content": words.prose(800)})];
    for turn in 0..24 {
        let id = format!("toolu_{turn:04}");
        let input =
            json!({"command": words.prose(90), "description": words.prose(40), "timeout": 120_000});
        messages.push(json!({"role": "assistant", "content": [
            {"type": "text", "text": words.prose(180)},
            {"type": "tool_use", "id": id, "name": "Bash", "input": input},
        ]}));
        messages.push(json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": id, "content": [{"type": "text", "text": words.code(1900)}]},
        ]}));
    }
    let body = json!({
        "model": MODEL, "max_tokens": 32_000, "stream": true, "temperature": 1, "system": system,
        "messages": messages, "tools": tools, "metadata": {"user_id": "user_made_up"},
    });
    exchange(name, &body, 120, words)
}

/// An answer in so many deltas.
pub(super) fn stream(name: &'static str, chunks: usize) -> Case {
    let mut words = Words::new(5);
    let messages = json!([{"role": "user", "content": words.prose(200)}]);
    let body = json!({"model": MODEL, "max_tokens": 4096, "stream": true, "messages": messages});
    exchange(name, &body, chunks, words)
}

fn exchange(name: &'static str, body: &Value, chunks: usize, mut words: Words) -> Case {
    let mut wire = Wire::open(HOST);
    wire.request(HOST, PATH, FIELDS, body);
    let mut text = String::new();
    let mut frames = vec![
        start(),
        frame(
            "content_block_start",
            json!({"index": 0, "content_block": {"type": "text", "text": ""}}),
        ),
    ];
    frames.push(frame("ping", json!({})));
    for _ in 0..chunks {
        let word = format!("{} ", words.word());
        text.push_str(&word);
        frames.push(frame(
            "content_block_delta",
            json!({"index": 0, "delta": {"type": "text_delta", "text": word}}),
        ));
    }
    frames.push(frame("content_block_stop", json!({"index": 0})));
    let delta = json!({"stop_reason": "end_turn", "stop_sequence": null});
    frames.push(frame(
        "message_delta",
        json!({"delta": delta, "usage": {"output_tokens": chunks}}),
    ));
    frames.push(frame("message_stop", json!({})));
    wire.stream(frames);
    wire.close(name, vec![text])
}

fn start() -> Frame {
    let usage = json!({"input_tokens": 12, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 24_000, "output_tokens": 1, "service_tier": "standard"});
    let message = json!({
        "id": "msg_made_up_0001", "type": "message", "role": "assistant", "model": MODEL, "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": usage,
    });
    frame("message_start", json!({"message": message}))
}

fn frame(name: &'static str, mut data: Value) -> Frame {
    if let Value::Object(fields) = &mut data {
        fields.insert("type".into(), name.into());
    }
    Frame {
        name: Some(name),
        data: Some(data),
    }
}

fn tool(n: u64, words: &mut Words) -> Value {
    json!({"name": format!("Tool{n}"), "description": words.prose(600), "input_schema": {
        "$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "additionalProperties": false,
        "required": ["command"], "properties": {
            "command": {"type": "string", "description": words.prose(90)},
            "timeout": {"type": "number", "description": words.prose(60)},
            "description": {"type": "string", "description": words.prose(60)},
        },
    }})
}
