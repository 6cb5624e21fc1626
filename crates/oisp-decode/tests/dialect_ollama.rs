//! Ollama's own API.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::*;

const HOST: &str = "127.0.0.1:4000";

fn call(path: &str, body: &Value, response: Vec<u8>) -> Vec<Value> {
    let request = post(HOST, path, "", &body.to_string());
    events(&[Out(request), In(response), Close])
}

fn lines(lines: &[Value]) -> Vec<u8> {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    response("Content-Type: application/x-ndjson\r\n", text.as_bytes())
}

fn chat_body() -> Value {
    json!({
        "model": "qwen3:8b", "format": {"type": "object"}, "think": "high", "keep_alive": "5m",
        "options": {"temperature": 0.2, "num_predict": 64, "top_k": 20, "seed": 7, "stop": ["END"], "num_ctx": 4096},
        "tools": [{"type": "function", "function": {"name": "weather", "description": "tells it", "parameters": {}}}],
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "look", "images": ["AAAA"]},
            {"role": "assistant", "content": "", "thinking": "hm", "tool_calls": [{"function": {"name": "weather", "arguments": {"city": "Ulm"}}}]},
            {"role": "tool", "tool_name": "weather", "content": "7 degrees"}
        ]
    })
}

fn chat_lines() -> Vec<Value> {
    let line = |message: Value| json!({"model": "qwen3:8b", "created_at": "2026-01-02T03:04:05Z", "message": message, "done": false});
    vec![
        line(json!({"role": "assistant", "content": "", "thinking": "let me "})),
        line(json!({"role": "assistant", "content": "", "thinking": "see"})),
        line(json!({"role": "assistant", "content": "It is "})),
        line(json!({"role": "assistant", "content": "cold."})),
        line(json!({"role": "assistant", "content": "", "tool_calls": [
            {"id": "call_x", "function": {"index": 0, "name": "weather", "arguments": {"city": "Bonn"}}}]})),
        json!({"model": "qwen3:8b", "message": {"role": "assistant", "content": ""}, "done": true, "done_reason": "stop",
            "total_duration": 3_500_000_000u64, "load_duration": 1_000_000, "prompt_eval_count": 31, "eval_count": 12, "eval_duration": 900_000_000}),
    ]
}

fn is_the_chat(events: &[Value]) {
    let response = one(events, "ai.response");
    let data = &response["data"];
    assert_eq!(data["provider"]["name"], "ollama");
    assert_eq!(data["choices"][0]["message"]["content"], "It is cold.");
    assert_eq!(
        data["tool_calls"][0],
        json!({"id": "call_x", "name": "weather", "type": "function", "arguments": {"city": "Bonn"}})
    );
    assert_eq!(data["finish_reason"], "tool_calls");
    assert_eq!(
        data["usage"],
        json!({"prompt_tokens": 31, "completion_tokens": 12, "total_tokens": 43})
    );
    let attrs = &response["attrs"];
    assert_eq!(attrs["gen_ai.response.finish_reasons"], json!(["stop"]));
    assert_eq!(attrs["oisp.ollama.total_ms"], 3500);
    assert_eq!(
        response["ext"]["oisp"]["output_messages"][0]["parts"][0],
        json!({"type": "reasoning", "content": "let me see"})
    );
    assert_eq!(response["confidence"]["completeness"], "full");
}

#[test]
fn a_chat_streams_unless_it_is_told_not_to() {
    let events = call("/api/chat", &chat_body(), lines(&chat_lines()));
    let request = one(&events, "ai.request");
    let data = &request["data"];
    assert_eq!(data["streaming"], true);
    assert_eq!(data["provider"]["name"], "ollama");
    assert_eq!(request["attrs"]["oisp.dialect"], "ollama.chat");
    let messages = data["messages"].as_array().unwrap();
    let roles: Vec<_> = messages
        .iter()
        .map(|m| m["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool"]);
    assert_eq!(messages[1]["image_count"], 1);
    assert_eq!(messages[3]["name"], "weather");
    assert_eq!(
        data["parameters"],
        json!({"temperature": 0.2, "max_tokens": 64, "stop": ["END"]})
    );
    assert_eq!(data["tools"][0]["name"], "weather");
    let attrs = &request["attrs"];
    assert_eq!(attrs["gen_ai.request.top_k"], 20);
    assert_eq!(attrs["gen_ai.request.seed"], 7);
    assert_eq!(attrs["gen_ai.output.type"], "json");
    assert_eq!(attrs["gen_ai.request.reasoning.level"], "high");
    let parts = &request["ext"]["oisp"]["input_messages"];
    assert_eq!(parts[0]["parts"][0]["length"], 3);
    assert_eq!(parts[1]["parts"][1]["arguments"], json!({"city": "Ulm"}));
    is_the_chat(&events);
    assert!(one(&events, "ai.response")["data"]["time_to_first_token_ms"].is_number());
}

#[test]
fn any_cut_of_the_stream_gives_the_same_answer() {
    let request = post(HOST, "/api/chat", "", &chat_body().to_string());
    let answer = lines(&chat_lines());
    let mut steps = vec![Out(request)];
    steps.extend(answer.iter().map(|byte| In(vec![*byte])));
    steps.push(Close);
    is_the_chat(&events(&steps));
}

#[test]
fn a_hole_is_never_spliced() {
    let request = post(HOST, "/api/chat", "", &chat_body().to_string());
    let answer = lines(&chat_lines());
    let lost = answer.windows(6).position(|at| at == b"It is ").unwrap();
    let steps = [
        Out(request),
        In(answer[..lost].to_vec()),
        GapIn(6),
        In(answer[lost + 6..].to_vec()),
    ];
    let events = events(&steps);
    let response = one(&events, "ai.response");
    assert_eq!(response["confidence"]["completeness"], "partial");
    assert!(!response["data"].to_string().contains("cold."));
    assert_eq!(response["data"]["usage"]["completion_tokens"], 12);
}

#[test]
fn an_error_stands_in_the_stream_or_in_its_place() {
    let half = [
        chat_lines()[2].clone(),
        json!({"error": "model runner stopped"}),
    ];
    let events = call("/api/chat", &chat_body(), lines(&half));
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["success"], false);
    assert_eq!(data["error"]["message"], "model runner stopped");
    assert_eq!(data["choices"][0]["message"]["content"], "It is ");

    let body = r#"{"error":"model 'nope' not found"}"#;
    let failed = format!(
        "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let events = call("/api/chat", &chat_body(), failed.into_bytes());
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["error"]["message"], "model 'nope' not found");
}

#[test]
fn generate_is_a_completion() {
    let body = json!({"model": "llama3", "system": "sys", "prompt": "1, 2,", "suffix": "end", "images": ["AAAA"], "stream": false, "options": {}, "format": ""});
    let answer = json!({"model": "llama3", "response": "3", "thinking": "count", "done": true, "done_reason": "length", "context": [1, 2], "eval_count": 1});
    let events = call("/api/generate", &body, json_response(&answer.to_string()));
    let request = &one(&events, "ai.request")["data"];
    assert_eq!(request["request_type"], "completion");
    assert_eq!(request["streaming"], false);
    assert_eq!(request["messages"][0]["role"], "system");
    assert_eq!(request["messages"][1]["content"], "1, 2,");
    let response = &one(&events, "ai.response")["data"];
    assert_eq!(response["choices"][0]["message"]["content"], "3");
    assert_eq!(response["finish_reason"], "length");
    assert_eq!(response["usage"], json!({"completion_tokens": 1}));
}

#[test]
fn embeddings_are_counted() {
    let vector: Vec<f64> = vec![0.25; 768];
    let body = json!({"model": "all-minilm", "input": ["one", "two"], "dimensions": 768});
    let answer =
        json!({"model": "all-minilm", "embeddings": [vector, vector], "prompt_eval_count": 8});
    let events = call("/api/embed", &body, json_response(&answer.to_string()));
    let data = &one(&events, "ai.embedding")["data"];
    assert_eq!(data["input_count"], 2);
    assert_eq!(data["dimensions"], 768);
    assert_eq!(
        one(&events, "ai.request")["data"]["messages"][1]["content"],
        "two"
    );

    let body = json!({"model": "all-minilm", "prompt": "one", "options": {}});
    let answer = json!({"embedding": [0.5, 0.25]});
    let events = call("/api/embeddings", &body, json_response(&answer.to_string()));
    let data = &one(&events, "ai.embedding")["data"];
    assert_eq!(
        (&data["input_count"], &data["dimensions"]),
        (&json!(1), &json!(2))
    );
}

#[test]
fn what_is_not_a_call_makes_nothing() {
    let no_calls = [
        ("/api/show", json!({"model": "llama3"})),
        ("/api/pull", json!({"model": "llama3", "stream": true})),
        ("/api/generate", json!({"model": "llama3", "keep_alive": 0})),
        // A chat application's own server.
        (
            "/api/chat",
            json!({"id": "x", "model": "gpt-4o", "trigger": "submit-message",
            "messages": [{"id": "m", "role": "user", "parts": [{"type": "text", "text": "hi"}]}]}),
        ),
        ("/api/chat", json!({"room": 7, "text": "hi"})),
        (
            "/api/generate",
            json!({"model": "flux", "prompt": "a cat", "aspect": "1:1"}),
        ),
    ];
    for (path, body) in no_calls {
        let events = call(path, &body, json_response(r#"{"status":"success"}"#));
        assert!(events.is_empty(), "{path} {body}: {events:#?}");
    }
}
