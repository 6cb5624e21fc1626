//! What follows an upgrade or a CONNECT.

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
use support::*;
use websocket::frame;

fn texts(events: &[Value]) -> Vec<&str> {
    of_type(events, "ai.response")
        .into_iter()
        .map(|event| {
            let said = &event["data"]["choices"][0]["message"]["content"];
            said.as_str().unwrap_or("-")
        })
        .collect()
}

fn connect() -> Vec<Step> {
    vec![
        out("CONNECT api.openai.com:443 HTTP/1.1\r\nHost: api.openai.com:443\r\n\r\n"),
        inn("HTTP/1.1 200 Connection established\r\n\r\n"),
    ]
}

fn calls(names: &[&str]) -> Vec<Step> {
    let call = |name: &&str| [Out(chat_request(ASK)), In(json_response(&answer(name)))];
    names.iter().flat_map(call).collect()
}

/// A frame of HTTP/2.
fn h2(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![len[1], len[2], len[3], kind, flags, 0, 0, 0, stream];
    bytes.extend(payload);
    bytes
}

/// Fields as literals that enter no table.
fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend(text.bytes());
        }
    }
    block
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#[test]
fn plain_http_inside_a_connect_is_read() {
    let steps = [connect(), calls(&["eins", "zwei"]), vec![Close]].concat();
    let events = events(&steps);
    assert_eq!(texts(&events), ["eins", "zwei"]);
    let requests = of_type(&events, "ai.request");
    assert_ne!(requests[0]["event_id"], requests[1]["event_id"]);
}

#[test]
fn a_gap_inside_a_tunnel_costs_no_more_than_outside() {
    let steps = [
        connect(),
        calls(&["eins"]),
        vec![GapIn(0)],
        calls(&["zwei"]),
    ]
    .concat();
    assert_eq!(texts(&events(&steps)), ["eins", "zwei"]);
}

#[test]
fn tunnels_inside_tunnels_end_somewhere() {
    let two = [connect(), connect(), calls(&["inside"])].concat();
    assert_eq!(texts(&events(&two)), ["inside"]);
    let three = [connect(), connect(), connect(), calls(&["too deep"])].concat();
    assert!(texts(&events(&three)).is_empty());
}

#[test]
fn what_cannot_be_read_inside_a_tunnel_is_left_alone() {
    let tls = [
        connect(),
        vec![Out(vec![0x16, 3, 1, 2, 0, 1]), In(vec![0x16, 3, 3, 0, 9])],
        calls(&["not http any more"]),
    ];
    assert!(events(&tls.concat()).is_empty());
    // Requests that come from the far end.
    let reversed = [
        connect(),
        vec![In(chat_request(ASK)), Out(json_response(&answer("x")))],
    ];
    assert!(events(&reversed.concat()).is_empty());
}

#[test]
fn a_refused_connect_is_an_answer_like_any_other() {
    let steps = [
        vec![
            out("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n"),
            inn("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"),
        ],
        calls(&["after"]),
    ];
    assert_eq!(texts(&events(&steps.concat())), ["after"]);
}

fn upgrade_to_h2c(body: &str) -> Vec<Step> {
    vec![
        Out(post(
            "localhost:11434",
            "/v1/chat/completions",
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA\r\n",
            body,
        )),
        inn("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
        In(h2(4, 0, 0, &[])),
        Out([PREFACE.to_vec(), h2(4, 0, 0, &[])].concat()),
    ]
}

/// An answer on a stream.
fn h2_answer(stream: u8, text: &str) -> Step {
    let head = fields(&[(":status", "200"), ("content-type", "application/json")]);
    let body = answer(text);
    In([h2(1, 4, stream, &head), h2(0, 1, stream, body.as_bytes())].concat())
}

#[test]
fn an_upgrade_to_http_2_is_answered_on_the_first_stream() {
    let head = fields(&[
        (":method", "POST"),
        (":path", "/v1/chat/completions"),
        (":authority", "localhost:11434"),
        ("content-type", "application/json"),
    ]);
    let second = [h2(1, 4, 3, &head), h2(0, 1, 3, ASK.as_bytes())].concat();
    let steps = [
        upgrade_to_h2c(&ASK.replace("be kind", "first")),
        vec![
            Out(second),
            h2_answer(3, "zwei"),
            h2_answer(1, "eins"),
            Close,
        ],
    ];
    let events = events(&steps.concat());
    let requests = of_type(&events, "ai.request");
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0]["data"]["messages"][0]["content"], "first");
    for (request, text) in requests.iter().zip(["eins", "zwei"]) {
        let answers = of_type(&events, "ai.response");
        let own: Vec<_> = answers
            .iter()
            .filter(|event| event["data"]["request_id"] == request["data"]["request_id"])
            .collect();
        assert_eq!(own.len(), 1);
        assert_eq!(own[0]["data"]["choices"][0]["message"]["content"], text);
    }
}

#[test]
fn an_upgraded_request_without_an_answer_is_partial() {
    let steps = [upgrade_to_h2c(ASK), vec![Close]].concat();
    let events = events(&steps);
    let answer = one(&events, "ai.response");
    assert_eq!(answer["confidence"]["reasons"][0], "connection_closed");
}

#[test]
fn a_websocket_over_http_2_makes_calls() {
    let head = fields(&[
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "https"),
        (":path", "/v1/responses"),
        (":authority", "api.openai.com"),
    ]);
    let ok = fields(&[(":status", "200")]);
    let ask = json!({"type": "response.create", "model": "gpt-5", "input": "hi"}).to_string();
    let told = json!({"type": "response.completed", "response": {"id": "r", "status": "completed",
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "ho"}]}]}})
    .to_string();
    let ask = frame(0x81, Some([1, 2, 3, 4]), ask.as_bytes());
    let (one_half, other_half) = ask.split_at(30);
    let steps = [
        Out([PREFACE.to_vec(), h2(4, 0, 0, &[]), h2(1, 4, 1, &head)].concat()),
        In([h2(4, 0, 0, &[]), h2(1, 4, 1, &ok)].concat()),
        Out(h2(0, 0, 1, one_half)),
        Out(h2(0, 0, 1, other_half)),
        In(h2(0, 1, 1, &frame(0x81, None, told.as_bytes()))),
        Out(h2(0, 1, 1, &[])),
        Close,
    ];
    let events = events(&steps);
    assert_eq!(
        one(&events, "ai.request")["data"]["messages"][0]["content"],
        "hi"
    );
    assert_eq!(texts(&events), ["ho"]);
    assert_eq!(
        one(&events, "ai.response")["confidence"]["completeness"],
        "full"
    );
}

#[test]
fn any_chunking_of_a_tunnel_gives_the_same_events() {
    let steps = [
        connect(),
        upgrade_to_h2c(ASK),
        vec![h2_answer(1, "eins"), Close],
    ]
    .concat();
    let raw = raw(&steps);
    let whole = decode(&raw);
    assert!(!whole.is_empty());
    for size in [1, 2, 7, 30] {
        assert_eq!(decode(&rechunk(&raw, &[size])), whole);
    }
}
