//! Responses: a streamed answer, whose last event repeats it whole.

use serde_json::{Value, json};

use super::Case;
use super::text::Words;
use super::wire::{Frame, Wire};

const HOST: &str = "api.openai.com";
const PATH: &str = "/v1/responses";
const FIELDS: &str = "authorization: Bearer sk-proj-made-up-for-the-benchmark-0000\r\n";
const ID: &str = "resp_made_up_0001";
const ITEM: &str = "msg_made_up_0001";

/// An answer in so many deltas.
pub(super) fn stream(name: &'static str, chunks: usize) -> Case {
    let mut words = Words::new(6);
    let mut wire = Wire::open(HOST);
    let input = json!([{"role": "user", "content": words.prose(200)}]);
    let body = json!({"model": "gpt-5", "input": input, "stream": true});
    wire.request(HOST, PATH, FIELDS, &body);
    let mut text = String::new();
    let mut deltas = Vec::new();
    for _ in 0..chunks {
        let word = format!("{} ", words.word());
        text.push_str(&word);
        deltas.push(json!({
            "item_id": ITEM, "output_index": 0, "content_index": 0, "delta": word, "logprobs": [],
            "obfuscation": "aB3dE5gH7j",
        }));
    }
    let place = json!({"item_id": ITEM, "output_index": 0, "content_index": 0, "part": {"type": "output_text", "text": "", "annotations": []}});
    let mut events = vec![
        (
            "response.created",
            json!({"response": response("in_progress", &[])}),
        ),
        (
            "response.output_item.added",
            json!({"output_index": 0, "item": item("in_progress", "")}),
        ),
        ("response.content_part.added", place),
    ];
    events.extend(
        deltas
            .into_iter()
            .map(|delta| ("response.output_text.delta", delta)),
    );
    let done = item("completed", &text);
    events.push((
        "response.output_item.done",
        json!({"output_index": 0, "item": done}),
    ));
    let whole = response("completed", &[done]);
    events.push(("response.completed", json!({"response": whole})));
    wire.stream((0..).zip(events).map(frame).collect());
    wire.close(name, vec![text])
}

fn frame((number, (name, mut data)): (u64, (&'static str, Value))) -> Frame {
    if let Value::Object(fields) = &mut data {
        fields.insert("type".into(), name.into());
        fields.insert("sequence_number".into(), number.into());
    }
    Frame {
        name: Some(name),
        data: Some(data),
    }
}

fn item(status: &str, text: &str) -> Value {
    let content = match status {
        "completed" => json!([{"type": "output_text", "text": text, "annotations": []}]),
        _ => json!([]),
    };
    json!({"id": ITEM, "type": "message", "status": status, "role": "assistant", "content": content})
}

fn response(status: &str, output: &[Value]) -> Value {
    let usage = json!({
        "input_tokens": 57, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 120,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 177,
    });
    json!({
        "id": ID, "object": "response", "created_at": 1_760_000_000, "status": status, "error": null,
        "model": "gpt-5-2025-08-07", "output": output, "parallel_tool_calls": true,
        "usage": if status == "completed" { usage } else { Value::Null },
    })
}
