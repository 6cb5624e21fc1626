//! What Google's Interactions API says, in both versions of its streams.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::*;

fn request(body: &Value) -> Vec<u8> {
    let fields = "x-goog-api-key: AIzaMadeUp\r\n";
    post(
        "generativelanguage.googleapis.com",
        "/v1beta/interactions",
        fields,
        &body.to_string(),
    )
}

fn call(body: &Value, response: Vec<u8>) -> Vec<Value> {
    events(&[Out(request(body)), In(response), Close])
}

fn ask() -> Value {
    json!({"model": "gemini-3.5-flash", "input": "hi", "stream": true})
}

fn stream(events: &[Value]) -> Vec<u8> {
    let mut events: Vec<_> = events
        .iter()
        .map(|event| {
            format!(
                "event: {}\ndata: {event}",
                event["event_type"].as_str().unwrap()
            )
        })
        .collect();
    events.push("event: done\ndata: [DONE]".to_owned());
    sse_response(&events.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_request_tells_every_kind_of_step() {
    let body = json!({
        "model": "gemini-3.5-flash", "system_instruction": "be kind", "previous_interaction_id": "v1_0", "service_tier": "flex",
        "response_format": [{"type": "text", "mime_type": "application/json", "schema": {}}],
        "generation_config": {"temperature": 0.5, "max_output_tokens": 50, "seed": 7, "thinking_level": "low", "tool_choice": "any"},
        "tools": [{"type": "function", "name": "read"}, {"type": "google_search"}, {"type": "mcp_server", "name": "wiki", "url": "https://example.com"}],
        "input": [
            {"type": "text", "text": "one"}, {"type": "text", "text": "two"},
            {"type": "image", "mime_type": "image/png", "data": "AAAA"}, {"type": "document", "uri": "https://example.com/a.pdf"},
            {"type": "thought", "signature": "c2ln", "summary": [{"type": "text", "text": "hm"}]},
            {"type": "google_search_call", "id": "g", "arguments": {"queries": ["q"]}},
            {"type": "google_search_result", "call_id": "g", "result": [{"url": "https://example.com"}]},
            {"type": "model_output", "content": [{"type": "text", "text": "let me"}]},
            {"type": "function_call", "id": "c", "name": "read", "arguments": {"path": "a"}},
            {"type": "function_result", "call_id": "c", "name": "read", "result": [{"type": "text", "text": "text of a"}]},
            {"type": "user_input", "content": [{"type": "text", "text": "and now?"}]}]
    });
    let events = call(&body, json_response(&whole().to_string()));
    let request = one(&events, "ai.request");
    let data = &request["data"];
    let said = data["messages"].as_array().unwrap().iter();
    let said: Vec<_> = said
        .map(|message| json!([message["role"], message["content"]]))
        .collect();
    assert_eq!(
        json!(said),
        json!([
            ["system", "be kind"],
            ["user", "one\ntwo"],
            ["assistant", null],
            ["assistant", null],
            ["assistant", null],
            ["assistant", "let me"],
            ["assistant", null],
            ["tool", "text of a"],
            ["user", "and now?"]
        ])
    );
    assert_eq!(
        json!([
            data["messages"][7]["tool_call_id"],
            data["messages"][7]["name"]
        ]),
        json!(["c", "read"])
    );
    assert_eq!(
        (&data["image_count"], &data["tool_choice"]),
        (&json!(1), &json!("required"))
    );
    assert_eq!(
        data["parameters"],
        json!({"temperature": 0.5, "max_tokens": 50})
    );
    let tools = data["tools"].as_array().unwrap().iter();
    let tools: Vec<_> = tools
        .map(|tool| json!([tool["name"], tool["type"]]))
        .collect();
    assert_eq!(
        json!(tools),
        json!([
            ["read", "function"],
            ["google_search", "other"],
            ["wiki", "other"]
        ])
    );
    for (key, value) in [
        ("gen_ai.request.previous_response.id", json!("v1_0")),
        ("gen_ai.request.reasoning.level", json!("low")),
        ("gen_ai.request.seed", json!(7)),
        ("gen_ai.output.type", json!("json")),
        ("openai.request.service_tier", json!("flex")),
    ] {
        assert_eq!(request["attrs"][key], value, "{key}");
    }
    let parts = request["ext"]["oisp"]["input_messages"]
        .as_array()
        .unwrap()
        .iter();
    let types: Vec<_> = parts
        .flat_map(|of| of["parts"].as_array().unwrap())
        .map(|part| part["type"].clone())
        .collect();
    assert_eq!(
        json!(types),
        json!([
            "blob",
            "uri",
            "reasoning",
            "server_tool_call",
            "server_tool_call_response",
            "tool_call"
        ])
    );
}

#[test]
fn turns_and_agents_of_the_first_version_are_read() {
    let body = json!({"agent": "deep-research", "background": true, "input": [
        {"role": "user", "content": "hi"},
        {"role": "model", "content": [{"type": "text", "text": "hello"}, {"type": "function_call", "id": "c", "name": "f", "arguments": {}}]},
        {"role": "user", "content": [{"type": "function_result", "call_id": "c", "result": {"a": 1}}, {"type": "text", "text": "so?"}]}]});
    let answer = json!({"id": "v1_1", "agent": "deep-research", "status": "in_progress", "object": "interaction"});
    let events = call(&body, json_response(&answer.to_string()));
    let request = one(&events, "ai.request");
    let said = request["data"]["messages"].as_array().unwrap().iter();
    let said: Vec<_> = said
        .map(|message| json!([message["role"], message["content"]]))
        .collect();
    assert_eq!(
        json!(said),
        json!([
            ["user", "hi"],
            ["assistant", "hello"],
            ["tool", "{\"a\":1}"],
            ["user", "so?"]
        ])
    );
    assert_eq!(request["attrs"]["gen_ai.agent.name"], "deep-research");
    let data = &one(&events, "ai.response")["data"];
    assert!(
        data.get("finish_reason").is_none(),
        "it goes on in the background"
    );
}

fn usage() -> Value {
    json!({"total_input_tokens": 11, "total_output_tokens": 90, "total_thought_tokens": 245, "total_cached_tokens": 0,
           "total_tool_use_tokens": 4, "total_tokens": 350})
}

fn whole() -> Value {
    json!({"id": "v1_1", "model": "gemini-3.5-flash", "status": "requires_action", "service_tier": "standard", "usage": usage(), "steps": [
        {"type": "thought", "signature": "c2ln", "summary": [{"type": "text", "text": "hm"}]},
        {"type": "google_search_call", "id": "g", "arguments": {"queries": ["q"]}},
        {"type": "google_search_result", "call_id": "g", "result": [{"url": "https://example.com"}]},
        {"type": "model_output", "content": [{"type": "text", "text": "one "}, {"type": "text", "text": "two",
            "annotations": [{"type": "url_citation", "url": "https://example.com"}]}]},
        {"type": "function_call", "id": "c", "name": "read", "arguments": {"path": "a"}}]})
}

fn is_the_answer(response: &Value) {
    let data = &response["data"];
    assert_eq!(data["model"]["id"], "gemini-3.5-flash");
    assert_eq!(data["choices"][0]["message"]["content"], "one two");
    assert_eq!(
        data["tool_calls"],
        json!([
        {"id": "g", "name": "google_search", "type": "google_search_call", "arguments": {"queries": ["q"]}},
        {"id": "c", "name": "read", "type": "function", "arguments": {"path": "a"}}])
    );
    assert_eq!(data["finish_reason"], "tool_calls");
    assert_eq!(
        data["usage"],
        json!({"prompt_tokens": 15, "completion_tokens": 335, "total_tokens": 350, "cached_tokens": 0, "reasoning_tokens": 245})
    );
    assert_eq!(
        response["attrs"]["gen_ai.response.finish_reasons"],
        json!(["requires_action"])
    );
    let parts = response["ext"]["oisp"]["output_messages"][0]["parts"]
        .as_array()
        .unwrap();
    let types: Vec<_> = parts
        .iter()
        .map(|part| part["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        ["reasoning", "server_tool_call_response", "citation"]
    );
    assert_eq!(
        json!([
            parts[0]["content"],
            parts[1]["id"],
            parts[1]["response"][0]["url"]
        ]),
        json!(["hm", "g", "https://example.com"])
    );
    assert_eq!(response["confidence"]["completeness"], "full");
}

#[test]
fn an_answer_is_its_steps() {
    is_the_answer(one(
        &call(&ask(), json_response(&whole().to_string())),
        "ai.response",
    ));
    let mut outputs = whole();
    outputs["outputs"] = outputs["steps"].take();
    is_the_answer(one(
        &call(&ask(), json_response(&outputs.to_string())),
        "ai.response",
    ));
}

/// The stream of the same answer.
fn steps() -> Vec<Value> {
    let start =
        |index: u64, step: Value| json!({"event_type": "step.start", "index": index, "step": step});
    let delta = |index: u64, delta: Value| json!({"event_type": "step.delta", "index": index, "delta": delta});
    let stop = |index: u64| json!({"event_type": "step.stop", "index": index});
    vec![
        json!({"event_type": "interaction.created", "interaction": {"id": "v1_1", "status": "in_progress", "model": "gemini-3.5-flash"}}),
        start(0, json!({"type": "thought"})),
        delta(
            0,
            json!({"type": "thought_summary", "content": {"type": "text", "text": "hm"}}),
        ),
        delta(0, json!({"type": "thought_signature", "signature": "c2ln"})),
        stop(0),
        start(
            1,
            json!({"type": "google_search_call", "id": "g", "arguments": {}}),
        ),
        delta(
            1,
            json!({"type": "google_search_call", "arguments": {"queries": ["q"]}}),
        ),
        stop(1),
        start(2, json!({"type": "google_search_result", "call_id": "g"})),
        delta(
            2,
            json!({"type": "google_search_result", "result": [{"url": "https://example.com"}]}),
        ),
        stop(2),
        start(3, json!({"type": "model_output"})),
        delta(3, json!({"type": "text", "text": "one "})),
        delta(3, json!({"type": "text", "text": "two"})),
        delta(
            3,
            json!({"type": "text_annotation_delta", "annotations": [{"type": "url_citation", "url": "https://example.com"}]}),
        ),
        stop(3),
        start(
            4,
            json!({"type": "function_call", "id": "c", "name": "read", "arguments": {}}),
        ),
        delta(
            4,
            json!({"type": "arguments_delta", "arguments": "{\"path\":"}),
        ),
        delta(
            4,
            json!({"type": "arguments_delta", "arguments": " \"a\"}"}),
        ),
        stop(4),
        json!({"event_type": "interaction.completed", "interaction": {"id": "v1_1", "status": "requires_action", "usage": usage()}}),
    ]
}

#[test]
fn a_stream_tells_the_same_however_it_is_cut() {
    let answer = stream(&steps());
    is_the_answer(one(&call(&ask(), answer.clone()), "ai.response"));
    let mut one_by_one = vec![Out(request(&ask()))];
    one_by_one.extend(answer.iter().map(|byte| In(vec![*byte])));
    is_the_answer(one(&events(&one_by_one), "ai.response"));
}

#[test]
fn a_stream_of_the_first_version_is_read() {
    let delta = |index: u64, delta: Value| json!({"event_type": "content.delta", "index": index, "delta": delta});
    let answer = stream(&[
        json!({"event_type": "interaction.start", "interaction": {"id": "v1_1", "status": "in_progress", "model": "gemini-2.5-flash"}}),
        json!({"event_type": "content.start", "index": 0, "content": {"type": "text"}}),
        delta(0, json!({"type": "text", "text": "look"})),
        json!({"event_type": "content.stop", "index": 0}),
        delta(
            1,
            json!({"type": "function_call", "id": "c", "name": "read", "arguments": {"path": "a"}}),
        ),
        json!({"event_type": "interaction.complete", "interaction": {"id": "v1_1", "status": "completed", "usage": usage()}}),
    ]);
    let events = call(&ask(), answer);
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "look");
    assert_eq!(data["tool_calls"][0]["arguments"], json!({"path": "a"}));
    assert_eq!(data["finish_reason"], "tool_calls");
}

#[test]
fn a_stream_with_a_hole_or_an_error_tells_what_came() {
    let whole = stream(&steps());
    let lost = b"one ";
    let hole = whole
        .windows(lost.len())
        .position(|window| window == lost)
        .unwrap();
    let torn = events(&[
        Out(request(&ask())),
        In(whole[..hole].to_vec()),
        GapIn(lost.len() as u64),
        In(whole[hole + lost.len()..].to_vec()),
    ]);
    let response = one(&torn, "ai.response");
    assert_eq!(
        response["data"]["choices"][0]["message"]["content"],
        Value::Null
    );
    assert_eq!(response["data"]["tool_calls_count"], 1);
    assert_eq!(response["data"]["usage"]["total_tokens"], 350);
    assert_eq!(response["confidence"]["completeness"], "partial");

    let mut failed: Vec<_> = steps()[..13].to_vec();
    failed.push(json!({"event_type": "error", "error": {"code": "gateway_timeout", "message": "Deadline expired"}}));
    let failed = call(&ask(), stream(&failed));
    let data = &one(&failed, "ai.response")["data"];
    assert_eq!(
        data["error"],
        json!({"code": "gateway_timeout", "message": "Deadline expired"})
    );
    assert_eq!(data["success"], false);
    assert_eq!(data["choices"][0]["message"]["content"], "one ");
    assert!(data.get("usage").is_none());
}
