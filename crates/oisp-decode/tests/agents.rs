//! What agents do between calls: results of tools, sessions, traces.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use oisp_core::raw::Usage;
use oisp_core::{Event, ProcessEvent, RawEvent, RawKind, Timestamp};
use oisp_decode::{Decoder, HashKey, SILENCE_MS};
use serde_json::{Value, json};
use support::*;

const TOOLS: &str = r#"[{"type":"function","function":{"name":"read","description":"reads"}}]"#;

fn ask(messages: &Value) -> Vec<u8> {
    chat_request(&format!(
        r#"{{"model":"gpt-4o","tools":{TOOLS},"messages":{messages}}}"#
    ))
}

fn calls_tool(id: &str) -> Vec<u8> {
    json_response(
        &json!({"id": "c", "model": "gpt-4o", "choices": [{"index": 0, "finish_reason": "tool_calls",
            "message": {"role": "assistant", "content": null, "tool_calls": [
                {"id": id, "type": "function", "function": {"name": "read", "arguments": "{\"path\":\"a\"}"}}]}}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9}})
        .to_string(),
    )
}

fn question() -> Value {
    json!([{"role": "user", "content": "go"}])
}

fn with_result(id: &str) -> Value {
    json!([
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": id, "type": "function", "function": {"name": "read", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": id, "content": "the text"}
    ])
}

#[test]
fn a_result_is_tied_to_the_call_that_asked_for_it_and_counts_once() {
    let turn = |messages: &Value, response: Vec<u8>| [Out(ask(messages)), In(response)];
    let steps: Vec<_> = [
        turn(&question(), calls_tool("call_1")),
        turn(&with_result("call_1"), json_response(&answer("done"))),
        turn(&with_result("call_1"), json_response(&answer("again"))),
    ]
    .into_iter()
    .flatten()
    .collect();
    let events = events(&steps);
    let result = one(&events, "agent.tool_result");
    let call = one(&events, "agent.tool_call");
    assert_eq!(
        result["data"],
        json!({"call_id": "call_1", "tool": {"name": "read"}, "result": "the text",
               "result_size_bytes": 8, "duration_ms": 1})
    );
    assert_eq!(
        result["related_events"][0],
        json!({"event_id": call["event_id"], "relationship": "caused_by"})
    );
    let second = of_type(&events, "ai.request")[1];
    assert_eq!(result["related_events"][1]["event_id"], second["event_id"]);
}

#[test]
fn a_failed_tool_is_told_where_the_wire_tells_it() {
    let anthropic = |body: &Value| {
        post(
            "api.anthropic.com",
            "/v1/messages",
            "anthropic-version: 2023-06-01\r\n",
            &body.to_string(),
        )
    };
    let asked =
        json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "go"}]});
    let tool_use =
        json!({"type": "tool_use", "id": "toolu_1", "name": "bash", "input": {"c": "ls"}});
    let answered = json!({"id": "msg", "type": "message", "role": "assistant", "model": "m",
        "content": [tool_use], "stop_reason": "tool_use"});
    let next = json!({"model": "m", "max_tokens": 9, "messages": [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": [tool_use]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": true, "content": "no such file"}]}]});
    let events = events(&[
        Out(anthropic(&asked)),
        In(json_response(&answered.to_string())),
        Out(anthropic(&next)),
        Close,
    ]);
    let result = &one(&events, "agent.tool_result")["data"];
    assert_eq!(result["success"], false);
    assert_eq!(result["error"]["message"], "no such file");
}

fn typed(events: &[Event]) -> Vec<Value> {
    events
        .iter()
        .map(|event| serde_json::to_value(event).unwrap())
        .collect()
}

#[test]
fn a_session_starts_with_its_first_call_and_ends_with_its_process() {
    let mut decoder = Decoder::new(HashKey::new([1; 32]));
    let mut out = Vec::new();
    for raw in raw(&[
        Out(ask(&question())),
        In(calls_tool("c1")),
        Out(ask(&with_result("c1"))),
    ]) {
        decoder.push(&raw, &mut out);
    }
    let at = Timestamp::from_nanos(1_700_000_005_000_000_000);
    let exit = ProcessEvent::Exit {
        code: Some(0),
        signal: None,
        core_dumped: false,
        runtime_ms: None,
        usage: Usage::default(),
    };
    let gone = RawEvent {
        at,
        pid: CONN.pid,
        tid: CONN.pid,
        kind: RawKind::Process(exit),
    };
    decoder.push(&gone, &mut out);
    let events = typed(&out);
    let sessions = of_type(&events, "agent.session");
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0]["data"]["action"], "start");
    let request = of_type(&events, "ai.request")[0];
    assert_eq!(
        sessions[0]["data"]["session_id"],
        request["data"]["conversation_id"]
    );
    assert_eq!(sessions[1]["data"]["action"], "end");
    assert_eq!(sessions[1]["data"]["duration_ms"], 5000);
    assert_eq!(
        sessions[1]["data"]["stats"],
        json!({"llm_calls": 2, "tool_calls": 1, "tokens_used": 9, "estimated_cost_usd": 0.000_052_5})
    );
}

#[test]
fn a_call_without_tools_or_session_key_makes_no_session() {
    let events = events(&[Out(chat_request(ASK)), In(json_response(&answer("hi")))]);
    assert!(of_type(&events, "agent.session").is_empty());
}

#[test]
fn the_turns_of_a_conversation_share_a_trace_and_a_clients_own_is_kept() {
    let events_of = |request: Vec<u8>| events(&[Out(request), In(json_response(&answer("x")))]);
    let own = events_of(post(
        "api.openai.com",
        "/v1/chat/completions",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n",
        ASK,
    ));
    assert_eq!(
        one(&own, "ai.response")["trace_context"],
        json!({"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "trace_flags": 1})
    );
    let turn = [Out(chat_request(ASK)), In(json_response(&answer("x")))];
    let two = events(&[turn.clone(), turn].concat());
    let traces: Vec<_> = two
        .iter()
        .map(|event| &event["trace_context"]["trace_id"])
        .collect();
    assert_eq!(traces.len(), 4);
    assert!(traces.iter().all(|id| *id == traces[0] && id.is_string()));
}

#[test]
fn a_call_that_is_never_answered_comes_out_as_partial() {
    let mut decoder = Decoder::new(HashKey::new([1; 32]));
    let mut out = Vec::new();
    for raw in raw(&[Out(chat_request(ASK))]) {
        decoder.push(&raw, &mut out);
    }
    let minutes = |more: u64| {
        Timestamp::from_nanos(1_700_000_000_000_000_000 + (SILENCE_MS + more) * 1_000_000)
    };
    decoder.tick(minutes(0), &mut out);
    assert!(of_type(&typed(&out), "ai.response").is_empty());
    decoder.tick(minutes(1), &mut out);
    decoder.tick(minutes(2), &mut out);
    let events = typed(&out);
    let response = one(&events, "ai.response");
    assert_eq!(response["confidence"]["completeness"], "partial");
    assert_eq!(response["confidence"]["reasons"], json!(["timed_out"]));
    assert!(response["data"].get("success").is_none());
}
