//! Sessions of Gemini Live.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;
#[path = "support/websocket.rs"]
mod websocket;

use serde_json::{Value, json};
use support::calls::{pair, pairs, said};
use support::*;
use websocket::*;

const PATH: &str =
    "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=AIzaMadeUp";

fn session() -> Vec<Step> {
    let mut steps = upgrade("generativelanguage.googleapis.com", PATH, "");
    steps.push(ask(&json!({"setup": {
        "model": "models/gemini-live-2.5", "systemInstruction": {"parts": [{"text": "be brief"}]},
        "generationConfig": {"temperature": 0.5, "responseModalities": ["AUDIO"]},
        "tools": [{"functionDeclarations": [{"name": "weather", "description": "tells it"}]}]}})));
    // Google's servers send their text as bytes.
    steps.push(In(frame(0x82, None, b"{\"setupComplete\": {}}")));
    steps
}

fn turn(text: &str) -> Value {
    json!({"clientContent": {"turns": [{"role": "user", "parts": [{"text": text}]}], "turnComplete": true}})
}

fn voice(data: &str) -> Value {
    json!({"realtimeInput": {"audio": {"mimeType": "audio/pcm;rate=16000", "data": data}}})
}

fn model(parts: Value) -> Value {
    json!({"serverContent": {"modelTurn": {"parts": parts}}})
}

fn end() -> Value {
    json!({"serverContent": {"turnComplete": true},
        "usageMetadata": {"promptTokenCount": 20, "responseTokenCount": 9, "thoughtsTokenCount": 2, "totalTokenCount": 29,
            "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 7}]}})
}

fn answer_of(text: &str) -> Vec<Value> {
    vec![
        model(json!([{"text": "hmm", "thought": true}])),
        model(json!([{"text": text}])),
        json!({"serverContent": {"generationComplete": true}}),
        end(),
    ]
}

fn play(more: Vec<Step>) -> Vec<Value> {
    events(&[session(), more, vec![Close]].concat())
}

#[test]
fn each_turn_is_a_call_of_all_that_was_said() {
    let first = answer_of("hi there");
    let mut steps = vec![ask(&turn("hello"))];
    steps.extend(
        first
            .iter()
            .map(|message| tell(std::slice::from_ref(message))),
    );
    steps.extend([ask(&turn("and you?")), tell(&answer_of("fine"))]);
    let events = play(steps);
    assert_eq!(
        pairs(&events),
        [pair("hello", "hi there"), pair("and you?", "fine")]
    );
    let requests = of_type(&events, "ai.request");
    let request = &requests[1]["data"];
    assert_eq!(request["provider"]["name"], "google");
    assert_eq!(request["model"]["id"], "gemini-live-2.5");
    assert_eq!(request["tools"][0]["name"], "weather");
    assert_eq!(request["parameters"]["temperature"], 0.5);
    assert_eq!(requests[1]["attrs"]["oisp.dialect"], "gemini.live");
    let texts: Vec<_> = request["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["be brief", "hello", "hi there", "and you?"]);
    let answer = of_type(&events, "ai.response")[0];
    assert_eq!(answer["data"]["finish_reason"], "stop");
    assert_eq!(
        answer["attrs"]["gen_ai.response.finish_reasons"][0],
        "turnComplete"
    );
    let usage = &answer["data"]["usage"];
    assert_eq!(usage["prompt_tokens"], 20);
    assert_eq!(usage["completion_tokens"], 9);
    assert_eq!(usage["reasoning_tokens"], 2);
    assert_eq!(usage["total_tokens"], 29);
    assert_eq!(answer["data"]["time_to_first_token_ms"], 1);
    assert_eq!(answer["data"]["latency_ms"], 4);
    assert_eq!(answer["confidence"]["completeness"], "full");
    assert!(
        !events
            .iter()
            .any(|event| event.to_string().contains("AIzaMadeUp"))
    );
}

#[test]
fn voices_are_told_by_length_hash_and_transcript() {
    let events = play(vec![
        ask(&voice("AAEC")),
        ask(&voice("Aw==")),
        tell(&[json!({"serverContent": {"inputTranscription": {"text": "what I said"}}})]),
        tell(&[
            model(json!([{"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": "AAE="}}])),
            json!({"serverContent": {"outputTranscription": {"text": "what it "}}}),
            model(json!([{"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": "AgM="}}])),
            json!({"serverContent": {"outputTranscription": {"text": "said"}}}),
            end(),
        ]),
    ]);
    assert_eq!(pairs(&events), [pair("what I said", "what it said")]);
    // 0, 1, 2, 3 both times.
    let hash = "sha256:054edec1d0211f624fed0cbca9d4f9400b0e491c43742af2c5b0abebf0c990d8";
    let request = one(&events, "ai.request");
    let heard = &request["ext"]["oisp"]["input_messages"][0]["parts"][0];
    let want = json!({"type": "blob", "modality": "audio", "mime_type": "audio/pcm;rate=16000", "length": 4, "hash": hash});
    assert_eq!(*heard, want);
    let answer = one(&events, "ai.response").to_string();
    assert!(
        answer.contains(hash) && answer.contains("rate=24000"),
        "{answer}"
    );
    assert!(!answer.contains("AgM="));
}

#[test]
fn functions_end_a_call_and_their_results_begin_one() {
    let call = |id: &str| json!({"id": id, "name": "weather", "args": {"city": id}});
    let result = |id: &str| json!({"toolResponse": {"functionResponses": [{"id": id, "name": "weather", "response": {"sky": "clear"}}]}});
    let events = play(vec![
        ask(&turn("how is it?")),
        tell(&[json!({"toolCall": {"functionCalls": [call("a"), call("b")]}})]),
        ask(&result("a")),
        ask(&result("b")),
        tell(&answer_of("clear")),
    ]);
    let requests = of_type(&events, "ai.request");
    assert_eq!(requests.len(), 2);
    assert_eq!(of_type(&events, "agent.tool_call").len(), 2);
    assert_eq!(of_type(&events, "agent.tool_result").len(), 2);
    assert_eq!(
        of_type(&events, "ai.response")[0]["data"]["finish_reason"],
        "tool_calls"
    );
    assert_eq!(said(of_type(&events, "ai.response")[1]), "clear");
}

#[test]
fn an_interrupted_answer_ends_where_the_next_begins() {
    let interrupted = json!({"serverContent": {"interrupted": true}});
    let events = play(vec![
        ask(&turn("tell a story")),
        tell(&[model(json!([{"text": "once upon"}]))]),
        ask(&turn("stop")),
        tell(&[model(json!([{"text": " a time"}])), interrupted]),
        tell(&answer_of("all right")),
    ]);
    assert_eq!(
        pairs(&events),
        [
            pair("tell a story", "once upon a time"),
            pair("stop", "all right")
        ]
    );
    let answers = of_type(&events, "ai.response");
    assert_eq!(answers[0]["data"]["finish_reason"], "other");
    assert_eq!(
        answers[0]["attrs"]["gen_ai.response.finish_reasons"][0],
        "interrupted"
    );
}

#[test]
fn a_turn_before_anything_was_answered_takes_the_answer() {
    let events = play(vec![
        ask(&turn("one")),
        ask(&turn("two")),
        tell(&answer_of("both")),
    ]);
    assert_eq!(pairs(&events), [pair("one", "-"), pair("two", "both")]);
    assert_eq!(
        of_type(&events, "ai.response")[0]["confidence"]["completeness"],
        "partial"
    );
}

#[test]
fn a_session_that_is_cut_gives_a_partial_answer() {
    let events = play(vec![
        ask(&turn("one")),
        tell(&[model(json!([{"text": "half"}]))]),
    ]);
    assert_eq!(pairs(&events), [pair("one", "half")]);
    let answer = one(&events, "ai.response");
    assert_eq!(answer["confidence"]["reasons"][0], "connection_closed");
}

#[test]
fn after_a_hole_the_rest_of_the_answer_is_nobodys() {
    let bytes = frame(
        0x81,
        None,
        model(json!([{"text": "lost words"}]))
            .to_string()
            .as_bytes(),
    );
    let (head, tail) = bytes.split_at(30);
    let events = play(vec![
        ask(&turn("one")),
        tell(&[model(json!([{"text": "eins"}]))]),
        In(head.to_vec()),
        GapIn(10),
        In(tail[10..].to_vec()),
        tell(&answer_of(" more")),
        ask(&turn("two")),
        tell(&answer_of("zwei")),
    ]);
    assert_eq!(pairs(&events), [pair("one", "eins"), pair("two", "zwei")]);
    let answers = of_type(&events, "ai.response");
    assert_eq!(answers[0]["confidence"]["completeness"], "partial");
    assert_eq!(answers[1]["confidence"]["completeness"], "full");
}

#[test]
fn names_in_snake_case_are_read_alike() {
    let mut steps = upgrade(
        "us-central1-aiplatform.googleapis.com",
        "/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent",
        "",
    );
    steps.extend([
        ask(&json!({"setup": {"model": "projects/p/locations/l/publishers/google/models/gemini-live", "generation_config": {"temperature": 1}}})),
        ask(&json!({"client_content": {"turns": [{"role": "user", "parts": [{"text": "one"}]}], "turn_complete": true}})),
        tell(&[json!({"server_content": {"model_turn": {"parts": [{"text": "eins"}]}}}), json!({"server_content": {"turn_complete": true}})]),
        Close,
    ]);
    let events = events(&steps);
    assert_eq!(pairs(&events), [pair("one", "eins")]);
    assert_eq!(one(&events, "ai.response")["data"]["finish_reason"], "stop");
}
