//! What Mistral has beyond chat completions.

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
    let request = post("api.mistral.ai", path, "", &body.to_string());
    events(&[Out(request), In(response), Close])
}

fn stream(events: &[Value]) -> Vec<u8> {
    let events: Vec<_> = events
        .iter()
        .map(|event| format!("event: {}\ndata: {event}", event["type"].as_str().unwrap()))
        .collect();
    sse_response(&events.iter().map(String::as_str).collect::<Vec<_>>())
}

fn conversation() -> Value {
    json!({
        "model": "mistral-medium-latest", "instructions": "be brief", "stream": true,
        "completion_args": {"temperature": 0.1, "max_tokens": 99, "random_seed": 3, "stop": "X", "tool_choice": "auto"},
        "tools": [{"type": "web_search"}, {"type": "function", "function": {"name": "add", "description": "adds"}}, {"type": "code_interpreter"}],
        "inputs": [
            {"type": "message.input", "role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": "data:image/png;base64,AAAA"}, {"type": "text", "text": "b"}]},
            {"type": "function.call", "tool_call_id": "t1", "name": "add", "arguments": "{\"x\":1}"},
            {"type": "function.result", "tool_call_id": "t1", "result": "2"},
            {"role": "user", "content": "and?"}
        ]
    })
}

#[test]
fn a_conversation_has_entries_in_and_out() {
    let answer = json!({
        "object": "conversation.response", "conversation_id": "conv_9",
        "outputs": [
            {"type": "tool.execution", "id": "te", "name": "web_search", "arguments": "{\"query\":\"q\"}", "info": {}},
            {"type": "message.output", "model": "madeup-medium-2508", "content": [
                {"type": "text", "text": "It "}, {"type": "tool_reference", "tool": "web_search", "title": "T", "url": "https://example.com"}, {"type": "text", "text": "is."}]},
            {"type": "function.call", "id": "fc", "tool_call_id": "t2", "name": "add", "arguments": {"x": 2}}
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 40, "connector_tokens": 25}
    });
    let events = call(
        "/v1/conversations",
        &conversation(),
        json_response(&answer.to_string()),
    );
    let request = one(&events, "ai.request");
    let data = &request["data"];
    let said: Vec<_> = data["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| (m["role"].as_str().unwrap(), m["content"].as_str()))
        .collect();
    assert_eq!(
        said,
        [
            ("system", Some("be brief")),
            ("user", Some("a\nb")),
            ("assistant", None),
            ("tool", Some("2")),
            ("user", Some("and?"))
        ]
    );
    assert_eq!(data["messages"][3]["tool_call_id"], "t1");
    assert_eq!(data["tools"][2]["type"], "code_interpreter");
    assert_eq!(
        data["parameters"],
        json!({"temperature": 0.1, "max_tokens": 99, "stop": ["X"]})
    );
    assert_eq!(request["attrs"]["gen_ai.request.seed"], 3);
    let response = one(&events, "ai.response");
    let data = &response["data"];
    assert_eq!(data["model"]["id"], "madeup-medium-2508");
    assert_eq!(data["choices"][0]["message"]["content"], "It is.");
    assert_eq!(data["tool_calls"][0]["type"], "tool.execution");
    assert_eq!(
        data["tool_calls"][1],
        json!({"id": "t2", "name": "add", "type": "function", "arguments": {"x": 2}})
    );
    assert_eq!(data["finish_reason"], "tool_calls");
    assert_eq!(
        data["usage"],
        json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 40})
    );
    assert_eq!(response["attrs"]["oisp.response.conversation_id"], "conv_9");
    assert_eq!(response["attrs"]["oisp.usage.connector_tokens"], 25);
    assert_eq!(of_type(&events, "agent.tool_call").len(), 1);
}

fn conversation_events() -> Vec<Value> {
    vec![
        json!({"type": "conversation.response.started", "conversation_id": "conv_9"}),
        json!({"type": "tool.execution.started", "id": "te", "name": "web_search", "arguments": "{\"query\""}),
        json!({"type": "tool.execution.delta", "id": "te", "name": "web_search", "arguments": ":\"q\"}"}),
        json!({"type": "tool.execution.done", "id": "te", "name": "web_search"}),
        json!({"type": "message.output.delta", "id": "m", "content": "It ", "model": "madeup-medium-2508"}),
        json!({"type": "message.output.delta", "id": "m", "content": {"type": "text", "text": "is."}}),
        json!({"type": "function.call.delta", "id": "fc", "tool_call_id": "t2", "name": "add", "arguments": "{\"x\":"}),
        json!({"type": "function.call.delta", "id": "fc", "tool_call_id": "t2", "name": "add", "arguments": "2}"}),
        json!({"type": "conversation.response.done", "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}),
    ]
}

#[test]
fn a_conversation_streams_in_pieces() {
    let path = "/v1/conversations/conv_9";
    let request = post(
        "api.mistral.ai",
        path,
        "",
        &json!({"inputs": "go on", "stream": true}).to_string(),
    );
    let mut steps = vec![Out(request)];
    steps.extend(
        stream(&conversation_events())
            .iter()
            .map(|byte| In(vec![*byte])),
    );
    let events = events(&steps);
    assert_eq!(
        one(&events, "ai.request")["data"]["messages"][0]["content"],
        "go on"
    );
    let response = one(&events, "ai.response");
    let data = &response["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "It is.");
    assert_eq!(
        data["tool_calls"][0],
        json!({"id": "te", "name": "web_search", "type": "tool.execution", "arguments": {"query": "q"}})
    );
    assert_eq!(data["tool_calls"][1]["arguments"], json!({"x": 2}));
    assert_eq!(data["usage"]["total_tokens"], 15);
    assert_eq!(data["finish_reason"], "tool_calls");
}

#[test]
fn a_conversation_that_fails_or_is_torn_says_so() {
    let mut failed = conversation_events();
    failed.truncate(5);
    failed.push(
        json!({"type": "conversation.response.error", "message": "overloaded", "code": 3505}),
    );
    let events_of = call("/v1/conversations", &conversation(), stream(&failed));
    let data = &one(&events_of, "ai.response")["data"];
    assert_eq!(
        data["error"],
        json!({"message": "overloaded", "code": "3505"})
    );
    assert_eq!(data["choices"][0]["message"]["content"], "It ");

    let whole = stream(&conversation_events());
    let lost = whole.windows(3).position(|at| at == b"It ").unwrap();
    let request = post(
        "api.mistral.ai",
        "/v1/conversations",
        "",
        &conversation().to_string(),
    );
    let steps = [
        Out(request),
        In(whole[..lost].to_vec()),
        GapIn(3),
        In(whole[lost + 3..].to_vec()),
    ];
    let events = events(&steps);
    let response = one(&events, "ai.response");
    assert_eq!(response["confidence"]["completeness"], "partial");
    assert!(!response["data"].to_string().contains("is."));
    let calls = response["data"]["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 1, "only what came before the hole");
    assert_eq!(response["data"]["usage"]["total_tokens"], 15);
}

#[test]
fn other_conversations_are_none_of_its() {
    let body = json!({"metadata": {"topic": "demo"}, "items": [{"type": "message", "role": "user", "content": "x"}]});
    let request = post("api.openai.com", "/v1/conversations", "", &body.to_string());
    let events = events(&[Out(request), In(json_response(r#"{"id":"conv_1"}"#)), Close]);
    assert!(of_type(&events, "ai.request").is_empty(), "{events:#?}");
}

#[test]
fn a_middle_is_filled_in() {
    let body = json!({"model": "codestral-latest", "prompt": "def f(", "suffix": "return x", "max_tokens": 8, "temperature": 0});
    let answer = json!({"id": "f1", "model": "codestral-2508", "choices": [{"index": 0, "message": {"role": "assistant", "content": "x):"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 6, "completion_tokens": 2, "total_tokens": 8}});
    let events = call(
        "/v1/fim/completions",
        &body,
        json_response(&answer.to_string()),
    );
    let request = one(&events, "ai.request");
    assert_eq!(request["data"]["request_type"], "completion");
    assert_eq!(request["data"]["messages"][0]["content"], "def f(");
    assert_eq!(
        request["ext"]["oisp"]["input_messages"][0]["parts"][0],
        json!({"type": "suffix", "content": "return x"})
    );
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "x):");
    assert_eq!(data["finish_reason"], "stop");
}

#[test]
fn an_agent_stands_for_the_model() {
    let body = json!({"agent_id": "ag:1", "random_seed": 5, "messages": [{"role": "user", "content": "hi"}]});
    let answer = json!({"id": "a", "model": "mistral-large-2411", "choices": [{"index": 0, "message": {"content": "ho"}, "finish_reason": "stop"}]});
    let events = call(
        "/v1/agents/completions",
        &body,
        json_response(&answer.to_string()),
    );
    let request = one(&events, "ai.request");
    assert_eq!(request["attrs"]["gen_ai.agent.id"], "ag:1");
    assert!(request["data"].get("model").is_none());
    assert_eq!(
        one(&events, "ai.response")["data"]["model"]["id"],
        "mistral-large-2411"
    );
}

#[test]
fn pages_and_verdicts_are_parts() {
    let body = json!({"model": "mistral-ocr-latest", "document": {"type": "document_url", "document_url": "https://example.com/a.pdf"}});
    let answer = json!({"model": "mistral-ocr-2505", "pages": [{"index": 0, "markdown": "# One", "images": [{"id": "i"}]}, {"index": 1, "markdown": "two", "images": []}],
        "usage_info": {"pages_processed": 2, "doc_size_bytes": 10}});
    let events = call("/v1/ocr", &body, json_response(&answer.to_string()));
    let response = one(&events, "ai.response");
    assert_eq!(response["confidence"]["completeness"], "full");
    assert_eq!(
        response["ext"]["oisp"]["output_parts"][0],
        json!({"type": "page", "index": 0, "content": "# One", "images": 1})
    );
    assert_eq!(response["attrs"]["oisp.usage.pages"], 2);
    assert_eq!(
        one(&events, "ai.request")["ext"]["oisp"]["input_messages"][0]["parts"][0]["uri"],
        "https://example.com/a.pdf"
    );

    let body = json!({"model": "mistral-moderation-latest", "input": [[{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]]});
    let answer = json!({"id": "m", "model": "mistral-moderation-2411", "results": [{"categories": {"health": true, "law": false}, "category_scores": {"health": 0.9, "law": 0.0}}]});
    let events = call(
        "/v1/chat/moderations",
        &body,
        json_response(&answer.to_string()),
    );
    let request = &one(&events, "ai.request")["data"];
    assert_eq!(request["request_type"], "moderation");
    assert_eq!(request["messages"][1]["role"], "assistant");
    let response = one(&events, "ai.response");
    assert_eq!(
        response["ext"]["oisp"]["output_parts"][0],
        json!({"type": "moderation", "flagged": ["health"]})
    );
}
