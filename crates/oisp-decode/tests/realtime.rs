//! Sessions of OpenAI Realtime.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;
#[path = "support/websocket.rs"]
mod websocket;

use base64::Engine as _;
use serde_json::{Value, json};
use support::calls::{pair, pairs, said};
use support::*;
use websocket::*;

fn session() -> Vec<Step> {
    let mut steps = upgrade("api.openai.com", "/v1/realtime?model=gpt-realtime", "");
    steps.push(tell(&[json!({"type": "session.created", "session": {"type": "realtime", "instructions": "the server's own"}})]));
    steps.push(ask(&json!({"type": "session.update", "session": {
        "type": "realtime", "instructions": "speak softly", "tool_choice": "auto", "max_output_tokens": "inf",
        "tools": [{"type": "function", "name": "weather", "description": "tells it"}]}})));
    steps
}

fn user(text: &str) -> Value {
    json!({"type": "conversation.item.create", "item": {"type": "message", "role": "user",
           "content": [{"type": "input_text", "text": text}]}})
}

fn create() -> Value {
    json!({"type": "response.create"})
}

fn audio(bytes: &[u8]) -> Value {
    let base64 = base64::engine::general_purpose::STANDARD.encode(bytes);
    json!({"type": "input_audio_buffer.append", "audio": base64})
}

fn created(id: &str) -> Value {
    json!({"type": "response.created", "response": {"id": id, "status": "in_progress"}})
}

fn done(id: &str, output: Value) -> Value {
    json!({"type": "response.done", "response": {"id": id, "status": "completed", "output": output,
        "usage": {"total_tokens": 30, "input_tokens": 20, "output_tokens": 10,
            "input_token_details": {"cached_tokens": 5, "text_tokens": 12, "audio_tokens": 8},
            "output_token_details": {"text_tokens": 4, "audio_tokens": 6}}}})
}

fn spoken(text: &str) -> Value {
    json!([{"id": "item_x", "type": "message", "role": "assistant",
            "content": [{"type": "output_audio", "transcript": text}]}])
}

fn answer_of(id: &str, text: &str) -> Vec<Value> {
    vec![
        created(id),
        json!({"type": "response.output_audio_transcript.delta", "response_id": id, "output_index": 0, "delta": text}),
        json!({"type": "response.output_audio.delta", "response_id": id, "output_index": 0, "delta": "AAEC"}),
        json!({"type": "response.output_audio.delta", "response_id": id, "output_index": 0, "delta": "Aw=="}),
        done(id, spoken(text)),
    ]
}

#[test]
fn a_call_is_made_of_the_sessions_state_so_far() {
    let mut steps = session();
    steps.extend([ask(&user("hello")), ask(&create())]);
    steps.extend(
        answer_of("resp_1", "hi there")
            .iter()
            .map(|event| tell(std::slice::from_ref(event))),
    );
    steps.extend([
        ask(&user("and you?")),
        ask(&create()),
        tell(&answer_of("resp_2", "fine")),
        Close,
    ]);
    let events = events(&steps);
    assert_eq!(
        pairs(&events),
        [pair("hello", "hi there"), pair("and you?", "fine")]
    );
    let requests = of_type(&events, "ai.request");
    let first = &requests[0]["data"];
    assert_eq!(requests[0]["attrs"]["oisp.dialect"], "openai.realtime");
    assert_eq!(first["model"]["id"], "gpt-realtime");
    assert_eq!(
        first["messages"][0],
        json!({"role": "system", "content": "speak softly", "content_length": 12})
    );
    assert_eq!(first["tools"][0]["name"], "weather");
    assert_eq!(first["messages"].as_array().unwrap().len(), 2);
    let roles: Vec<_> = requests[1]["data"]["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| {
            (
                message["role"].as_str().unwrap(),
                message["content"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        roles,
        [
            ("system", "speak softly"),
            ("user", "hello"),
            ("assistant", "hi there"),
            ("user", "and you?")
        ]
    );
    let answer = &of_type(&events, "ai.response")[0];
    assert_eq!(answer["data"]["usage"]["prompt_tokens"], 20);
    assert_eq!(answer["data"]["usage"]["cached_tokens"], 5);
    assert_eq!(answer["data"]["finish_reason"], "stop");
    assert_eq!(answer["data"]["time_to_first_token_ms"], 2);
    assert_eq!(answer["data"]["latency_ms"], 5);
    assert_eq!(answer["confidence"]["completeness"], "full");
    assert!(answer.to_string().contains("blob"));
}

#[test]
fn audio_is_told_by_length_and_hash() {
    let heard = b"sound of a voice";
    let mut steps = session();
    steps.extend([
        ask(&audio(&heard[..7])),
        ask(&audio(&heard[7..])),
        ask(&json!({"type": "input_audio_buffer.commit"})),
        ask(&create()),
        tell(&[json!({"type": "input_audio_buffer.committed", "item_id": "item_1"})]),
        tell(&[json!({"type": "conversation.item.added", "item": {"id": "item_1", "type": "message", "role": "user", "content": [{"type": "input_audio", "transcript": null}]}})]),
        tell(&[json!({"type": "conversation.item.input_audio_transcription.completed", "item_id": "item_1", "transcript": "what I said"})]),
        tell(&answer_of("resp_1", "answer")),
        ask(&create()),
        tell(&answer_of("resp_2", "again")),
        Close,
    ]);
    let events = events(&steps);
    assert_eq!(
        pairs(&events),
        [pair("-", "answer"), pair("answer", "again")]
    );
    let requests = of_type(&events, "ai.request");
    let parts = &requests[0]["ext"]["oisp"]["input_messages"][0]["parts"][0];
    assert_eq!(parts["length"], heard.len());
    assert_eq!(requests[1]["data"]["messages"][1]["content"], "what I said");
    assert_eq!(requests[1]["data"]["messages_count"], 3);
    // 0, 1, 2, 3: in two deltas.
    let answer = of_type(&events, "ai.response")[0].to_string();
    assert!(answer.contains("\"length\":4"), "{answer}");
    assert!(
        answer.contains("sha256:054edec1d0211f624fed0cbca9d4f9400b0e491c43742af2c5b0abebf0c990d8")
    );
    assert!(
        !events
            .iter()
            .any(|event| event.to_string().contains("AAEC"))
    );
}

#[test]
fn the_server_begins_an_answer_when_the_user_stops_speaking() {
    let mut steps = session();
    steps.extend([
        ask(&audio(b"voice")),
        tell(&[json!({"type": "input_audio_buffer.committed", "item_id": "item_1"})]),
        tell(&answer_of("resp_1", "I heard you")),
        Close,
    ]);
    let events = events(&steps);
    assert_eq!(pairs(&events), [pair("-", "I heard you")]);
    assert_eq!(
        one(&events, "ai.request")["data"]["messages"][0]["content"],
        "speak softly"
    );
    assert_eq!(one(&events, "ai.response")["data"]["latency_ms"], 1);
}

#[test]
fn calls_of_functions_and_their_output() {
    let call = json!([{"id": "item_2", "type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{\"city\":\"Bern\"}"}]);
    let mut steps = session();
    steps.extend([
        ask(&user("how is it?")),
        ask(&create()),
        tell(&[created("resp_1"), done("resp_1", call)]),
        ask(&json!({"type": "conversation.item.create", "item": {"type": "function_call_output", "call_id": "call_1", "output": "rain"}})),
        ask(&create()),
        tell(&answer_of("resp_2", "it rains")),
        Close,
    ]);
    let events = events(&steps);
    assert_eq!(
        pairs(&events),
        [pair("how is it?", "-"), pair("rain", "it rains")]
    );
    assert_eq!(
        one(&events, "agent.tool_call")["data"]["arguments"],
        json!({"city": "Bern"})
    );
    assert_eq!(
        of_type(&events, "ai.response")[0]["data"]["finish_reason"],
        "tool_calls"
    );
    let result = one(&events, "agent.tool_result");
    assert!(result.to_string().contains("rain"));
}

#[test]
fn answers_outside_the_conversation_run_beside_the_others() {
    let aside = json!({"type": "response.create", "response": {"conversation": "none", "instructions": "classify",
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "aside"}]}]}});
    let mut outside = done("resp_2", spoken("class A"));
    outside["response"]["conversation_id"] = Value::Null;
    let mut steps = session();
    steps.extend([
        ask(&user("hello")),
        ask(&create()),
        ask(&aside),
        tell(&[created("resp_1"), created("resp_2"), outside]),
        tell(&answer_of("resp_1", "hi")[1..]),
        ask(&create()),
        tell(&answer_of("resp_3", "more")),
        Close,
    ]);
    let events = events(&steps);
    assert_eq!(
        pairs(&events),
        [
            pair("hello", "hi"),
            pair("aside", "class A"),
            pair("hi", "more")
        ]
    );
    let aside = of_type(&events, "ai.request")[1];
    assert_eq!(aside["data"]["messages"][0]["content"], "classify");
    assert_eq!(aside["data"]["messages_count"], 2);
}

#[test]
fn refusals_errors_and_interruptions() {
    let mut steps = session();
    let mut asked = create();
    asked["event_id"] = "event_9".into();
    steps.extend([
        ask(&user("one")),
        ask(&asked),
        tell(&[json!({"type": "error", "error": {"type": "invalid_request_error", "message": "about something else", "event_id": "event_8"}})]),
        tell(&[json!({"type": "error", "error": {"type": "invalid_request_error", "code": "bad", "message": "not so", "event_id": "event_9"}})]),
        ask(&create()),
        tell(&[created("r2"), json!({"type": "response.done", "response": {"id": "r2", "status": "failed", "output": [],
            "status_details": {"type": "failed", "error": {"type": "server_error", "message": "it broke"}}}})]),
        ask(&create()),
        tell(&[created("r3"), json!({"type": "response.done", "response": {"id": "r3", "status": "cancelled", "output": spoken("I was say"),
            "status_details": {"type": "cancelled", "reason": "turn_detected"}}})]),
        ask(&create()),
        tell(&[created("r4"), json!({"type": "response.done", "response": {"id": "r4", "status": "incomplete", "output": spoken("too lo"),
            "status_details": {"type": "incomplete", "reason": "max_output_tokens"}}})]),
        Close,
    ]);
    let events = events(&steps);
    let answers: Vec<_> = of_type(&events, "ai.response")
        .into_iter()
        .map(|event| &event["data"])
        .collect();
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[0]["error"]["message"], "not so");
    assert_eq!(answers[0]["success"], false);
    assert_eq!(answers[1]["error"]["message"], "it broke");
    assert_eq!(answers[1]["finish_reason"], "error");
    assert_eq!(answers[2]["finish_reason"], "other");
    assert_eq!(answers[2]["choices"][0]["message"]["content"], "I was say");
    assert_eq!(answers[3]["finish_reason"], "length");
}

#[test]
fn a_session_that_is_cut_gives_a_partial_answer() {
    let mut steps = session();
    steps.extend([
        ask(&user("one")),
        ask(&create()),
        tell(&answer_of("r", "half")[..3]),
        Close,
    ]);
    let events = events(&steps);
    let answer = one(&events, "ai.response");
    assert_eq!(said(answer), "half");
    assert_eq!(answer["confidence"]["reasons"][0], "connection_closed");
    assert_eq!(answer["confidence"]["completeness"], "partial");
}

/// A message of the server with a hole near its start.
fn torn(message: &Value) -> Vec<Step> {
    let bytes = frame(0x81, None, message.to_string().as_bytes());
    let (head, tail) = bytes.split_at(4);
    vec![In(head.to_vec()), GapIn(10), In(tail[10..].to_vec())]
}

#[test]
fn where_the_begin_of_an_answer_is_missing_no_other_call_gets_it() {
    let mut steps = session();
    steps.extend([ask(&user("one")), ask(&create())]);
    steps.extend(torn(&created("r1")));
    steps.push(tell(&answer_of("r1", "eins")[1..]));
    steps.extend([
        ask(&user("two")),
        ask(&create()),
        tell(&answer_of("r2", "zwei")),
        Close,
    ]);
    let events = events(&steps);
    assert_eq!(pairs(&events), [pair("one", "-"), pair("two", "zwei")]);
    assert_eq!(
        of_type(&events, "ai.response")[0]["confidence"]["completeness"],
        "partial"
    );
}

#[test]
fn a_hole_in_what_the_client_said_is_on_every_call_that_refers_to_it() {
    let item = user("0123456789 a long message that is told in part").to_string();
    let bytes = frame(0x81, Some([1, 2, 3, 4]), item.as_bytes());
    let (head, tail) = bytes.split_at(bytes.len() - 30);
    let mut steps = session();
    steps.extend([
        Out(head.to_vec()),
        GapOut(10),
        Out(tail[10..].to_vec()),
        ask(&user("whole")),
        ask(&create()),
        tell(&answer_of("r1", "eins")),
        Close,
    ]);
    let events = events(&steps);
    assert_eq!(said(one(&events, "ai.response")), "-");
    let request = one(&events, "ai.request");
    assert_eq!(request["confidence"]["completeness"], "partial");
    assert_eq!(request["confidence"]["reasons"][0], "bytes_lost");
    // Its type stands at its end: it might have asked.
    assert_eq!(
        of_type(&events, "ai.response")[0]["confidence"]["completeness"],
        "partial"
    );
}

#[test]
fn azure_names_a_deployment() {
    let mut steps = upgrade(
        "my.openai.azure.com",
        "/openai/realtime?api-version=2024-10-01-preview&deployment=my%2Drealtime",
        "",
    );
    steps.extend([
        ask(&user("one")),
        ask(&create()),
        tell(&[
            created("r"),
            json!({"type": "response.text.delta", "response_id": "r", "delta": "hi"}),
            done("r", json!([{"type": "message", "role": "assistant", "content": [{"type": "text", "text": "hi"}]}])),
        ]),
        Close,
    ]);
    let events = events(&steps);
    assert_eq!(pairs(&events), [pair("one", "hi")]);
    let request = one(&events, "ai.request");
    assert_eq!(request["data"]["model"]["id"], "my-realtime");
    assert_eq!(request["data"]["provider"]["name"], "azure_openai");
}
