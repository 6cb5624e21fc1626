//! Calls over WebSocket sessions.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;
#[path = "support/websocket.rs"]
mod websocket;

use proptest::prelude::*;
use serde_json::{Value, json};
use support::*;
use websocket::*;

const DEFLATE: &str = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

fn responses(extensions: &str) -> Vec<Step> {
    upgrade("api.openai.com", "/v1/responses", extensions)
}

fn create(text: &str) -> Value {
    json!({"type": "response.create", "model": "gpt-5", "instructions": "be brief",
           "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}]})
}

/// The events of one answer, by the id of it.
fn answer_events(id: &str, text: &str) -> Vec<Value> {
    let whole = json!({"id": id, "model": "gpt-5-2025", "status": "completed",
        "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}],
        "usage": {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9, "input_tokens_details": {"cached_tokens": 3}}});
    vec![
        json!({"type": "response.created", "response": {"id": id, "model": "gpt-5-2025", "status": "in_progress"}}),
        json!({"type": "response.output_text.delta", "output_index": 0, "delta": text}),
        json!({"type": "response.completed", "response": whole}),
    ]
}

fn said(event: &Value) -> &str {
    event["data"]["choices"][0]["message"]["content"]
        .as_str()
        .unwrap_or("-")
}

fn of<'a>(events: &'a [Value], request: &Value) -> &'a Value {
    let responses = of_type(events, "ai.response");
    let mut own = responses
        .into_iter()
        .filter(|event| event["data"]["request_id"] == request["data"]["request_id"]);
    let response = own.next().unwrap();
    assert!(own.next().is_none());
    response
}

#[test]
fn each_call_of_a_session_has_its_request_and_its_answer() {
    let mut steps = responses("");
    steps.push(ask(&create("one")));
    steps.push(tell(&[json!({"type": "codex.rate_limits", "plan": "x"})]));
    let events_of_one = answer_events("resp_1", "eins");
    for event in &events_of_one {
        steps.push(tell(std::slice::from_ref(event)));
    }
    let mut second = create("two");
    second["previous_response_id"] = "resp_1".into();
    steps.push(ask(&json!({"type": "response.create", "response": second})));
    steps.push(tell(&answer_events("resp_2", "zwei")));
    steps.push(Close);
    let events = events(&steps);
    let requests = of_type(&events, "ai.request");
    assert_eq!(requests.len(), 2);
    assert_eq!(of_type(&events, "ai.response").len(), 2);
    let first = &requests[0]["data"];
    assert_eq!(first["provider"]["name"], "openai");
    assert_eq!(first["model"]["id"], "gpt-5");
    assert_eq!(first["streaming"], true);
    assert_eq!(first["messages"][0]["content"], "be brief");
    assert_eq!(first["messages"][1]["content"], "one");
    assert_eq!(requests[0]["attrs"]["oisp.dialect"], "openai.responses");
    let answer = of(&events, requests[0]);
    assert_eq!(said(answer), "eins");
    assert_eq!(answer["data"]["usage"]["cached_tokens"], 3);
    assert_eq!(answer["data"]["finish_reason"], "stop");
    assert_eq!(answer["data"]["success"], true);
    // The steps are a millisecond apart: created, delta, completed after the
    // message about limits.
    assert_eq!(answer["data"]["time_to_first_token_ms"], 3);
    assert_eq!(answer["data"]["latency_ms"], 4);
    assert_eq!(answer["confidence"]["completeness"], "full");
    assert_eq!(said(of(&events, requests[1])), "zwei");
    assert_eq!(
        requests[1]["attrs"]["gen_ai.request.previous_response.id"],
        "resp_1"
    );
    assert_eq!(
        events
            .iter()
            .filter(|event| event["event_type"] == "ai.streaming_chunk")
            .count(),
        0
    );
}

#[test]
fn codex_logged_in_by_chatgpt_speaks_the_same() {
    let mut steps = upgrade("chatgpt.com", "/backend-api/codex/responses", "");
    steps.extend([
        ask(&create("one")),
        tell(&answer_events("r", "eins")),
        Close,
    ]);
    assert_eq!(said(one(&events(&steps), "ai.response")), "eins");
}

#[test]
fn calls_of_tools_are_told_once() {
    let item = json!({"type": "function_call", "call_id": "call_1", "name": "shell", "arguments": "{\"command\":\"ls\"}"});
    let whole = json!({"id": "r", "status": "completed", "output": [item]});
    let steps = [
        responses(""),
        vec![
            ask(&create("look")),
            tell(&[
                json!({"type": "response.created", "response": {"id": "r"}}),
                json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
                json!({"type": "response.completed", "response": whole}),
            ]),
            Close,
        ],
    ]
    .concat();
    let events = events(&steps);
    assert_eq!(
        one(&events, "ai.response")["data"]["finish_reason"],
        "tool_calls"
    );
    assert_eq!(
        one(&events, "agent.tool_call")["data"]["arguments"],
        json!({"command": "ls"})
    );
}

/// Two calls as messages: true for those of the client.
fn two_calls() -> Vec<(bool, Value)> {
    let mut messages = vec![(true, create("one"))];
    messages.extend(
        answer_events("resp_1", "eins 🌊")
            .into_iter()
            .map(|event| (false, event)),
    );
    messages.push((true, create("two")));
    messages.extend(
        answer_events("resp_2", "zwei")
            .into_iter()
            .map(|event| (false, event)),
    );
    messages
}

fn two_calls_deflated() -> Vec<Step> {
    [responses(DEFLATE), deflated(&two_calls()), vec![Close]].concat()
}

#[test]
fn deflated_messages_in_fragments_give_the_same_events() {
    let plain = two_calls()
        .into_iter()
        .map(|(is_out, message)| match is_out {
            true => ask(&message),
            false => tell(&[message]),
        });
    let plain = [responses(""), plain.collect(), vec![Close]].concat();
    let plain = events(&plain);
    assert_eq!(of_type(&plain, "ai.response").len(), 2);
    assert_eq!(events(&two_calls_deflated()), plain);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunking_gives_the_same_events(sizes in prop::collection::vec(1usize..40, 1..12)) {
        let raw = raw(&two_calls_deflated());
        prop_assert_eq!(decode(&rechunk(&raw, &sizes)), decode(&raw));
    }
}

#[test]
fn one_byte_at_a_time_gives_the_same_events() {
    let raw = raw(&two_calls_deflated());
    assert_eq!(decode(&rechunk(&raw, &[1])), decode(&raw));
}

#[test]
fn a_connection_that_is_cut_gives_a_partial_answer() {
    let events_of_one = answer_events("resp_1", "half an answer");
    for (heard, text) in [(2, "half an answer"), (0, "-")] {
        let steps = [
            responses(""),
            vec![ask(&create("one")), tell(&events_of_one[..heard]), Close],
        ]
        .concat();
        let events = events(&steps);
        let answer = one(&events, "ai.response");
        assert_eq!(said(answer), text);
        assert_eq!(answer["confidence"]["completeness"], "partial");
        assert_eq!(answer["confidence"]["reasons"][0], "connection_closed");
    }
}

#[test]
fn the_server_may_close_the_session_in_the_middle() {
    let mut bytes = frame(
        0x81,
        None,
        answer_events("r", "x")[0].to_string().as_bytes(),
    );
    bytes.extend(frame(0x88, None, &[0x03, 0xf3]));
    let steps = [responses(""), vec![ask(&create("one")), In(bytes)]].concat();
    let events = events(&steps);
    assert_eq!(
        one(&events, "ai.response")["confidence"]["reasons"][0],
        "connection_closed"
    );
}

#[test]
fn errors_end_their_call_and_the_next_goes_on() {
    let error = json!({"type": "error", "status": 400, "error": {"type": "invalid_request_error", "code": "previous_response_not_found", "message": "no such response"}});
    let failed = json!({"type": "response.failed", "response": {"id": "resp_2", "status": "failed", "error": {"code": "server_error", "message": "it broke"}, "output": []}});
    let steps = [
        responses(""),
        vec![
            ask(&create("one")),
            tell(&[error]),
            ask(&create("two")),
            tell(&[
                answer_events("resp_2", "x")[0].clone(),
                json!({"type": "error", "message": "it broke"}),
                failed,
            ]),
            ask(&create("three")),
            tell(&answer_events("resp_3", "drei")),
            Close,
        ],
    ]
    .concat();
    let events = events(&steps);
    let requests = of_type(&events, "ai.request");
    let first = of(&events, requests[0]);
    assert_eq!(first["data"]["error"]["message"], "no such response");
    assert_eq!(first["data"]["success"], false);
    assert_eq!(
        of(&events, requests[1])["data"]["error"]["message"],
        "it broke"
    );
    assert_eq!(said(of(&events, requests[2])), "drei");
}

/// A frame of the server of which bytes inside the payload are missing.
fn torn(message: &Value) -> Vec<Step> {
    let bytes = frame(0x81, None, message.to_string().as_bytes());
    let (head, tail) = bytes.split_at(20);
    vec![In(head.to_vec()), GapIn(10), In(tail[10..].to_vec())]
}

#[test]
fn a_lost_delta_is_told_and_the_next_call_is_whole() {
    let one_events = answer_events("resp_1", "eins");
    let steps = [
        responses(""),
        vec![ask(&create("one")), tell(&one_events[..2])],
        torn(&one_events[2]),
        vec![
            ask(&create("two")),
            tell(&answer_events("resp_2", "zwei")),
            Close,
        ],
    ]
    .concat();
    let events = events(&steps);
    let requests = of_type(&events, "ai.request");
    let first = of(&events, requests[0]);
    assert_eq!(said(first), "eins");
    assert_eq!(first["confidence"]["completeness"], "partial");
    assert!(
        first["confidence"]["reasons"]
            .as_array()
            .unwrap()
            .contains(&json!("bytes_lost"))
    );
    let second = of(&events, requests[1]);
    assert_eq!(
        (said(second), &second["confidence"]["completeness"]),
        ("zwei", &json!("full"))
    );
}

#[test]
fn a_lost_question_is_told_and_takes_no_other_answer() {
    let rest = create("one")
        .to_string()
        .replace(",\"type\":\"response.create\"", "");
    let text = rest.replacen('{', "{\"type\":\"response.create\",", 1);
    let question = frame(0x81, Some([1, 2, 3, 4]), text.as_bytes());
    let (head, tail) = question.split_at(60);
    // The question whose type is known still, and one of which nothing is.
    for (kept, requests) in [(60, 2), (8, 1)] {
        let lost = 60 - kept + 10;
        let steps = [
            responses(""),
            vec![
                Out(head[..kept].to_vec()),
                GapOut(lost as u64),
                Out(tail[10..].to_vec()),
                tell(&answer_events("resp_1", "eins")),
                ask(&create("two")),
                tell(&answer_events("resp_2", "zwei")),
                Close,
            ],
        ]
        .concat();
        let events = events(&steps);
        let asked = of_type(&events, "ai.request");
        assert_eq!(asked.len(), requests);
        let last = asked[requests - 1];
        assert_eq!(said(of(&events, last)), "zwei");
        assert_eq!(last["data"]["messages"][1]["content"], "two");
        if requests == 2 {
            assert_eq!(asked[0]["confidence"]["reasons"][0], "bytes_lost");
            assert_eq!(said(of(&events, asked[0])), "eins");
        }
    }
}

#[test]
fn when_the_servers_framing_is_lost_so_are_the_answers() {
    let steps = [
        responses(""),
        vec![
            ask(&create("one")),
            tell(&answer_events("resp_1", "x")[..1]),
            GapIn(0),
            tell(&answer_events("resp_1", "x")[1..]),
            ask(&create("two")),
            tell(&answer_events("resp_2", "zwei")),
            Close,
        ],
    ]
    .concat();
    let events = events(&steps);
    let requests = of_type(&events, "ai.request");
    assert_eq!(requests.len(), 2);
    for request in requests {
        let answer = of(&events, request);
        assert_eq!(said(answer), "-");
        assert_eq!(answer["confidence"]["reasons"][0], "bytes_lost");
    }
}

#[test]
fn an_upgrade_that_is_refused_or_not_for_ai_makes_no_calls() {
    let refused = vec![
        responses("")[0].clone(),
        inn("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}"),
        Out(chat_request(ASK)),
        In(json_response(&answer("after"))),
    ];
    assert_eq!(said(one(&events(&refused), "ai.response")), "after");
    let chat = [
        upgrade("chat.example", "/socket", ""),
        vec![ask(&create("one")), tell(&answer_events("r", "x")), Close],
    ];
    assert!(events(&chat.concat()).is_empty());
}

#[test]
fn a_gateway_that_reads_the_session_is_its_server() {
    let steps = [
        responses(""),
        vec![
            ask(&create("one")),
            tell(&answer_events("r", "eins")),
            Close,
        ],
    ]
    .concat();
    let mirrored: Vec<_> = steps
        .into_iter()
        .map(|step| match step {
            Out(bytes) => In(bytes),
            In(bytes) => Out(bytes),
            other => other,
        })
        .collect();
    let events = events(&mirrored);
    assert_eq!(one(&events, "ai.request")["attrs"]["oisp.side"], "server");
    assert_eq!(said(one(&events, "ai.response")), "eins");
}

#[test]
fn the_pieces_of_an_answer_are_told_to_who_asks() {
    let mut first = answer_events("resp_1", "eins ");
    first.insert(
        2,
        json!({"type": "response.output_text.delta", "output_index": 0, "delta": "zwei"}),
    );
    let steps = [
        responses(""),
        vec![ask(&create("one")), tell(&first), Close],
    ]
    .concat();
    let mut decoder = oisp_decode::Decoder::new(oisp_decode::HashKey::new([9; 32]));
    decoder.stream_chunks(true);
    let mut events = Vec::new();
    raw(&steps)
        .iter()
        .for_each(|raw| decoder.push(raw, &mut events));
    let events: Vec<_> = events
        .iter()
        .map(|event| serde_json::to_value(event).unwrap())
        .collect();
    let chunks = of_type(&events, "ai.streaming_chunk");
    let texts: Vec<_> = chunks
        .iter()
        .map(|chunk| &chunk["data"]["delta"]["content"])
        .collect();
    assert_eq!(texts[..2], [&json!("eins "), &json!("zwei")]);
    assert_ne!(chunks[0]["event_id"], chunks[1]["event_id"]);
}

#[test]
fn silence_ends_a_call_and_leaves_the_session() {
    let mut steps = responses("");
    steps.push(ask(&create("one")));
    steps.push(tell(&answer_events("resp_1", "eins")[..1]));
    let before = steps.len();
    steps.extend([
        ask(&create("two")),
        tell(&answer_events("resp_2", "zwei")),
        Close,
    ]);
    let raw = raw(&steps);
    let mut decoder = oisp_decode::Decoder::new(oisp_decode::HashKey::new([9; 32]));
    let mut events = Vec::new();
    raw[..before]
        .iter()
        .for_each(|raw| decoder.push(raw, &mut events));
    let later =
        |ms: u64| oisp_core::Timestamp::from_nanos(raw[before].at.as_nanos() + ms * 1_000_000);
    decoder.tick(later(oisp_decode::SILENCE_MS + 10), &mut events);
    let told = events.len();
    decoder.tick(later(3 * oisp_decode::SILENCE_MS), &mut events);
    assert_eq!(
        events
            .iter()
            .filter(|event| matches!(event.data, oisp_core::event::Data::AiResponse(_)))
            .count(),
        1
    );
    assert!(told >= 2);
    raw[before..]
        .iter()
        .for_each(|raw| decoder.push(raw, &mut events));
    let events: Vec<_> = events
        .iter()
        .map(|event| serde_json::to_value(event).unwrap())
        .collect();
    let requests = of_type(&events, "ai.request");
    assert_eq!(
        of(&events, requests[0])["confidence"]["reasons"][0],
        "timed_out"
    );
    assert_eq!(said(of(&events, requests[1])), "zwei");
}

#[test]
fn an_answer_that_is_too_long_is_cut_and_told() {
    let mut steps = responses("");
    steps.push(ask(&create("one")));
    let whole = answer_events("resp_1", "short");
    steps.push(tell(&whole[..1]));
    let long = "x".repeat(16 << 20);
    for _ in 0..3 {
        steps.push(tell(&[
            json!({"type": "response.output_text.delta", "delta": long}),
        ]));
    }
    steps.push(tell(&whole[1..2]));
    steps.push(Close);
    let events = events(&steps);
    let answer = one(&events, "ai.response");
    assert_eq!(said(answer).len(), 2 * long.len());
    let reasons = answer["confidence"]["reasons"].as_array().unwrap();
    assert!(reasons.contains(&json!("body_over_limit")), "{reasons:?}");
}
