//! Chat completions: a short chat, a request with tools and history, a stream.

use serde_json::{Value, json};

use super::Case;
use super::text::Words;
use super::wire::{Frame, Wire};

pub(super) const HOST: &str = "api.openai.com";
pub(super) const PATH: &str = "/v1/chat/completions";
const FIELDS: &str = "authorization: Bearer sk-proj-made-up-for-the-benchmark-0000\r\nx-stainless-lang: python\r\nx-stainless-package-version: 2.8.0\r\nx-stainless-runtime: CPython\r\n";
const ID: &str = "chatcmpl-CeMadeUp0123456789abcdef";
const MODEL: &str = "gpt-4o-2024-08-06";

/// A question and its answer; a long one where it is compressed.
pub(super) fn chat(name: &'static str, gzip: bool) -> Case {
    let mut words = Words::new(1);
    let text = words.prose(if gzip { 24 << 10 } else { 320 });
    let mut wire = Wire::open(HOST);
    let messages = json!([
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": words.prose(120)},
    ]);
    wire.request(
        HOST,
        PATH,
        FIELDS,
        &json!({"model": "gpt-4o", "messages": messages, "temperature": 0.2}),
    );
    let answer = said(&text);
    match gzip {
        true => wire.gzip_answer(&answer),
        false => wire.answer(&answer),
    }
    wire.close(name, vec![text])
}

/// 20 tools and a history of calls and their results; the answer calls one.
pub(super) fn tools(name: &'static str) -> Case {
    let mut words = Words::new(2);
    let mut messages = vec![json!({"role": "system", "content": words.prose(5 << 10)})];
    for turn in 0..10 {
        messages.push(json!({"role": "user", "content": words.prose(300)}));
        messages.push(
            json!({"role": "assistant", "content": null, "tool_calls": [call(turn, &mut words)]}),
        );
        messages.push(json!({"role": "tool", "tool_call_id": format!("call_{turn}"), "content": words.code(1500)}));
        messages.push(json!({"role": "assistant", "content": words.prose(250)}));
    }
    let tools: Vec<_> = (0..20).map(|n| tool(n, &mut words)).collect();
    let body = json!({"model": "gpt-4o", "messages": messages, "tools": tools, "tool_choice": "auto", "parallel_tool_calls": true, "temperature": 0});
    let mut wire = Wire::open(HOST);
    wire.request(HOST, PATH, FIELDS, &body);
    wire.answer(&answer(
        &json!({"role": "assistant", "content": null, "tool_calls": [call(99, &mut words)]}),
        "tool_calls",
    ));
    wire.close(name, vec![String::new()])
}

/// An answer in so many deltas.
pub(super) fn stream(name: &'static str, chunks: usize) -> Case {
    let mut words = Words::new(3);
    let mut wire = Wire::open(HOST);
    let messages = json!([{"role": "user", "content": words.prose(200)}]);
    let body = json!({"model": "gpt-4o", "messages": messages, "stream": true, "stream_options": {"include_usage": true}});
    wire.request(HOST, PATH, FIELDS, &body);
    let mut text = String::new();
    let mut frames = vec![chunk(
        &json!({"role": "assistant", "content": "", "refusal": null}),
        None,
        None,
    )];
    for _ in 0..chunks {
        let word = format!("{} ", words.word());
        text.push_str(&word);
        frames.push(chunk(&json!({"content": word}), None, None));
    }
    frames.push(chunk(&json!({}), Some("stop"), None));
    frames.push(chunk(&Value::Null, None, Some(usage())));
    frames.push(Frame {
        name: None,
        data: None,
    });
    wire.stream(frames);
    wire.close(name, vec![text])
}

/// 100 texts, and a vector of 1,536 numbers for each.
pub(super) fn embeddings(name: &'static str) -> Case {
    let mut words = Words::new(10);
    let mut wire = Wire::open(HOST);
    let input: Vec<_> = (0..100).map(|_| words.prose(80)).collect();
    let body = json!({"model": "text-embedding-3-small", "input": input});
    wire.request(HOST, "/v1/embeddings", FIELDS, &body);
    let vectors: Vec<_> = (0..100).map(|n| vector(n, &mut words)).collect();
    wire.answer(&json!({
        "object": "list", "data": vectors, "model": "text-embedding-3-small",
        "usage": {"prompt_tokens": 1500, "total_tokens": 1500},
    }));
    wire.close(name, vec![String::new()])
}

fn vector(index: usize, words: &mut Words) -> Value {
    let mut number = || (words.below(200_000_000) as f64 - 1e8) / 1e9;
    let numbers: Vec<_> = (0..1536).map(|_| number()).collect();
    json!({"object": "embedding", "index": index, "embedding": numbers})
}

fn chunk(delta: &Value, finish: Option<&str>, usage: Option<Value>) -> Frame {
    Frame {
        name: None,
        data: Some(chunk_json(delta, finish, usage)),
    }
}

/// A chunk of a stream.
pub(super) fn chunk_json(delta: &Value, finish: Option<&str>, usage: Option<Value>) -> Value {
    let choices = match delta {
        Value::Null => json!([]),
        delta => json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]),
    };
    json!({
        "id": ID, "object": "chat.completion.chunk", "created": 1_760_000_000, "model": MODEL,
        "service_tier": "default", "system_fingerprint": "fp_made_up", "choices": choices, "usage": usage,
        "obfuscation": "aB3dE5gH7j",
    })
}

/// An answer that says `text`.
pub(super) fn said(text: &str) -> Value {
    answer(
        &json!({"role": "assistant", "content": text, "refusal": null, "annotations": []}),
        "stop",
    )
}

fn answer(message: &Value, finish: &str) -> Value {
    json!({
        "id": ID, "object": "chat.completion", "created": 1_760_000_000, "model": MODEL,
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish}],
        "usage": usage(), "service_tier": "default", "system_fingerprint": "fp_made_up",
    })
}

fn usage() -> Value {
    json!({
        "prompt_tokens": 57, "completion_tokens": 120, "total_tokens": 177,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    })
}

fn call(turn: u64, words: &mut Words) -> Value {
    let arguments =
        json!({"path": format!("src/module_{turn}.rs"), "pattern": words.prose(60), "limit": 200})
            .to_string();
    json!({"id": format!("call_{turn}"), "type": "function", "function": {"name": "search_files", "arguments": arguments}})
}

fn tool(n: u64, words: &mut Words) -> Value {
    json!({"type": "function", "function": {
        "name": format!("tool_{n}"), "description": words.prose(350), "strict": false,
        "parameters": {"type": "object", "additionalProperties": false, "required": ["path"], "properties": {
            "path": {"type": "string", "description": words.prose(80)},
            "limit": {"type": "integer", "minimum": 1, "maximum": 2000, "description": words.prose(60)},
            "mode": {"type": "string", "enum": ["read", "write", "append"], "description": words.prose(50)},
        }},
    }})
}
