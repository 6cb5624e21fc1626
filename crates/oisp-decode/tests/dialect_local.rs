//! Local servers with APIs of their own: llama.cpp, LM Studio.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::*;

fn call(path: &str, body: &Value, response: Vec<u8>) -> Vec<Value> {
    let request = post("127.0.0.1:8080", path, "", &body.to_string());
    events(&[Out(request), In(response), Close])
}

fn last(content: &str) -> Value {
    json!({"index": 0, "content": content, "stop": true, "stop_type": "limit", "model": "qwen.gguf", "tokens_predicted": 4, "tokens_evaluated": 6,
        "timings": {"cache_n": 2, "prompt_ms": 1.5, "predicted_ms": 9.25}})
}

fn is_the_completion(events: &[Value]) {
    let response = one(events, "ai.response");
    let data = &response["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "hello");
    assert_eq!(data["model"]["id"], "qwen.gguf");
    assert_eq!(data["finish_reason"], "length");
    assert_eq!(
        data["usage"],
        json!({"prompt_tokens": 6, "completion_tokens": 4, "total_tokens": 10, "cached_tokens": 2})
    );
    assert_eq!(response["attrs"]["oisp.llama_cpp.predicted_ms"], 9.25);
}

#[test]
fn llama_cpp_completes_whole_and_streamed() {
    let body = json!({"prompt": "hi", "n_predict": 4, "temperature": 0.7, "top_k": 40, "stop": ["\n"], "json_schema": {"type": "object"}});
    let events = call(
        "/completion",
        &body,
        json_response(&last("hello").to_string()),
    );
    let request = one(&events, "ai.request");
    assert_eq!(
        request["data"]["parameters"],
        json!({"temperature": 0.7, "max_tokens": 4, "stop": ["\n"]})
    );
    assert_eq!(request["data"]["messages"][0]["content"], "hi");
    assert_eq!(request["attrs"]["gen_ai.output.type"], "json");
    is_the_completion(&events);

    let pieces = [
        json!({"index": 0, "content": "hel", "stop": false}),
        json!({"index": 0, "content": "lo", "stop": false}),
        last(""),
    ];
    let pieces: Vec<_> = pieces
        .iter()
        .map(|piece| format!("data: {piece}"))
        .collect();
    let answer = sse_response(&pieces.iter().map(String::as_str).collect::<Vec<_>>());
    let mut body = body;
    body["stream"] = true.into();
    is_the_completion(&call("/completion", &body, answer.clone()));

    let lost = answer.windows(3).position(|at| at == b"hel").unwrap();
    let steps = [
        Out(post("127.0.0.1:8080", "/completion", "", &body.to_string())),
        In(answer[..lost].to_vec()),
        GapIn(3),
        In(answer[lost + 3..].to_vec()),
    ];
    let torn = support::events(&steps);
    let response = one(&torn, "ai.response");
    assert_eq!(response["confidence"]["completeness"], "partial");
    assert!(!response["data"].to_string().contains("\"lo\""));
}

#[test]
fn llama_cpp_fills_in_embeds_and_fails() {
    let body =
        json!({"input_prefix": "def f(", "input_suffix": "return x", "prompt": "", "n_predict": 4});
    let events = call("/infill", &body, json_response(&last("x):").to_string()));
    let parts = &one(&events, "ai.request")["ext"]["oisp"]["input_messages"][0]["parts"];
    assert_eq!(parts[1], json!({"type": "suffix", "content": "return x"}));
    assert_eq!(
        one(&events, "ai.response")["data"]["choices"][0]["message"]["content"],
        "x):"
    );

    let vector: Vec<f64> = vec![0.5; 384];
    let answers = [
        json!([{"index": 0, "embedding": [vector]}]),
        json!({"embedding": vector}),
    ];
    for answer in answers {
        let events = call(
            "/embedding",
            &json!({"content": "hi"}),
            json_response(&answer.to_string()),
        );
        let data = &one(&events, "ai.embedding")["data"];
        assert_eq!(
            (&data["input_count"], &data["dimensions"]),
            (&json!(1), &json!(384))
        );
    }

    let failed = sse_response(&[
        "data: {\"error\":{\"code\":500,\"message\":\"context full\",\"type\":\"server_error\"}}",
    ]);
    let events = call(
        "/completion",
        &json!({"prompt": "hi", "stream": true}),
        failed,
    );
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(
        data["error"],
        json!({"type": "server_error", "message": "context full", "code": "500"})
    );
}

#[test]
fn lm_studio_is_named_by_its_path() {
    let mut whole: Value = serde_json::from_str(&answer("ho")).unwrap();
    whole["stats"] =
        json!({"tokens_per_second": 51.5, "time_to_first_token": 0.1, "stop_reason": "eosFound"});
    let events = call(
        "/api/v0/chat/completions",
        &serde_json::from_str(ASK).unwrap(),
        json_response(&whole.to_string()),
    );
    let response = one(&events, "ai.response");
    assert_eq!(response["data"]["provider"]["name"], "lmstudio");
    assert_eq!(response["data"]["choices"][0]["message"]["content"], "ho");
    assert_eq!(response["attrs"]["oisp.lmstudio.tokens_per_second"], 51.5);
}

#[test]
fn lm_studio_completes_and_embeds() {
    let answer = json!({"id": "1", "choices": [{"index": 0, "text": "3", "finish_reason": "stop"}], "stats": {"tokens_per_second": 9.5}});
    let body = json!({"model": "m", "prompt": "1, 2,"});
    let events = call(
        "/api/v0/completions",
        &body,
        json_response(&answer.to_string()),
    );
    let response = one(&events, "ai.response");
    assert_eq!(response["data"]["provider"]["name"], "lmstudio");
    assert_eq!(response["data"]["choices"][0]["message"]["content"], "3");
    assert_eq!(response["attrs"]["oisp.lmstudio.tokens_per_second"], 9.5);

    let answer = json!({"model": "m", "data": [{"index": 0, "embedding": [0.5, 0.25]}]});
    let body = json!({"model": "m", "input": "hi"});
    let events = call(
        "/api/v0/embeddings",
        &body,
        json_response(&answer.to_string()),
    );
    assert_eq!(one(&events, "ai.embedding")["data"]["dimensions"], 2);
}

#[test]
fn lm_studio_has_a_chat_of_its_own() {
    let body = json!({"model": "qwen/qwen3-8b", "system_prompt": "s", "input": "hi", "integrations": ["mcp/files", {"type": "ephemeral_mcp", "server_label": "hub", "server_url": "https://example.com/mcp"}],
        "max_output_tokens": 9, "top_k": 4, "reasoning": "low", "stream": true});
    let whole = json!({"model_instance_id": "qwen/qwen3-8b:2", "response_id": "resp_1",
        "output": [{"type": "reasoning", "content": "hm"}, {"type": "tool_call", "tool": "search", "arguments": {"q": 1}, "output": "x"}, {"type": "message", "content": "ho"}],
        "stats": {"input_tokens": 3, "total_output_tokens": 4, "reasoning_output_tokens": 1, "tokens_per_second": 40.5}});
    let begin = [
        json!({"type": "chat.start", "model_instance_id": "qwen/qwen3-8b:2"}),
        json!({"type": "reasoning.delta", "content": "hm"}),
        json!({"type": "tool_call.arguments", "tool": "search", "arguments": {"q": 1}}),
        json!({"type": "message.delta", "content": "h"}),
        json!({"type": "message.delta", "content": "o"}),
    ];
    let end = json!({"type": "chat.end", "result": whole});
    let stream = |events: &[Value]| {
        let lines: Vec<_> = events
            .iter()
            .map(|event| format!("event: {}\ndata: {event}", event["type"].as_str().unwrap()))
            .collect();
        sse_response(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let streamed: Vec<_> = begin.iter().cloned().chain([end]).collect();
    for answer in [json_response(&whole.to_string()), stream(&streamed)] {
        let events = call("/api/v1/chat", &body, answer);
        let request = one(&events, "ai.request");
        assert_eq!(request["data"]["provider"]["name"], "lmstudio");
        assert_eq!(request["data"]["messages"][1]["content"], "hi");
        assert_eq!(request["data"]["tools"][1]["name"], "hub");
        assert_eq!(request["data"]["parameters"]["max_tokens"], 9);
        let response = one(&events, "ai.response");
        let data = &response["data"];
        assert_eq!(data["model"]["id"], "qwen/qwen3-8b:2");
        assert_eq!(data["choices"][0]["message"]["content"], "ho");
        assert_eq!(
            data["tool_calls"],
            json!([{"name": "search", "type": "tool_call", "arguments": {"q": 1}}])
        );
        assert_eq!(
            data["usage"],
            json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7, "reasoning_tokens": 1})
        );
    }
    let mut failed = begin.to_vec();
    failed.push(json!({"type": "error", "error": {"type": "internal_error", "message": "broke"}}));
    let events = call("/api/v1/chat", &body, stream(&failed));
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(
        data["error"],
        json!({"type": "internal_error", "message": "broke"})
    );
    assert_eq!(data["choices"][0]["message"]["content"], "ho");

    let other = json!({"model": "m", "input": "x", "room": 7});
    assert!(call("/api/v1/chat", &other, json_response("{}")).is_empty());
}
