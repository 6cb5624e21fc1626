//! The Model Context Protocol as lines on a byte stream, seen from both ends,
//! and what holds for any bytes.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use oisp_core::raw::{Remote, TlsKind, Transport};
use oisp_core::{RawEvent, RawKind, TlsEvent};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::*;

/// A line in the member order of SDKs that put the version last.
fn request(id: &Value, method: &str, params: &Value) -> String {
    format!("{{\"method\":\"{method}\",\"params\":{params},\"jsonrpc\":\"2.0\",\"id\":{id}}}\n")
}

fn call(id: u64, tool: &str) -> String {
    request(
        &id.into(),
        "tools/call",
        &json!({"name": tool, "arguments": {"n": id}}),
    )
}

fn result(id: &Value, result: &Value) -> String {
    format!(
        "{}\n",
        json!({"jsonrpc": "2.0", "id": id, "result": result})
    )
}

fn said(id: u64, text: &str) -> String {
    result(
        &id.into(),
        &json!({"content": [{"type": "text", "text": text}]}),
    )
}

fn handshake() -> [Step; 3] {
    let initialize = request(
        &0.into(),
        "initialize",
        &json!({"protocolVersion": "2025-11-25", "clientInfo": {"name": "made-up-agent"}}),
    );
    let answer = result(
        &0.into(),
        &json!({"protocolVersion": "2025-11-25", "serverInfo": {"name": "git"}}),
    );
    [
        out(&initialize),
        inn(&answer),
        out("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n"),
    ]
}

fn conversation() -> Vec<Step> {
    let sample = request(
        &"s".into(),
        "sampling/createMessage",
        &json!({"maxTokens": 9, "messages": [{"role": "user", "content": {"type": "text", "text": "wörd 🌊"}}]}),
    );
    let sampled = result(
        &"s".into(),
        &json!({"role": "assistant", "model": "m", "stopReason": "toolUse",
                "content": [{"type": "tool_use", "id": "u", "name": "look", "input": {"a": 1}}]}),
    );
    let mut steps = handshake().to_vec();
    steps.extend([
        out(&call(1, "log")),
        inn("this is no message\n"),
        inn(&sample),
        out(&sampled),
        inn(&said(1, "commit")),
        out(&[call(2, "diff"), call(3, "blame")].concat()),
        inn(&[said(3, "me"), said(2, "+1")].concat()),
        Close,
    ]);
    steps
}

fn mirrored(steps: Vec<Step>) -> Vec<Step> {
    let mirror = |step| match step {
        Out(bytes) => In(bytes),
        In(bytes) => Out(bytes),
        GapIn(len) => GapOut(len),
        GapOut(len) => GapIn(len),
        Close => Close,
    };
    steps.into_iter().map(mirror).collect()
}

/// Tool and result of each call that was answered.
fn outcomes(events: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    of_type(events, "agent.tool_result")
        .iter()
        .map(|event| {
            (
                text(&event["data"]["tool"]["name"]),
                text(&event["data"]["result"]),
            )
        })
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = expected.iter();
    owned
        .map(|(tool, said)| ((*tool).to_owned(), (*said).to_owned()))
        .collect()
}

#[test]
fn a_client_and_its_server_say_the_same() {
    for (steps, side, other, point) in [
        (conversation(), "client", "server", "write"),
        (mirrored(conversation()), "server", "client", "read"),
    ] {
        let events = events(&steps);
        assert_eq!(
            outcomes(&events),
            pairs(&[("log", "commit"), ("blame", "me"), ("diff", "+1")])
        );
        let called = of_type(&events, "agent.tool_call")[0];
        assert_eq!(called["data"]["tool"]["server"], "git");
        assert_eq!(called["data"]["agent"]["name"], "made-up-agent");
        assert_eq!(called["attrs"]["oisp.side"], side);
        assert_eq!(called["attrs"]["network.transport"], "pipe");
        assert_eq!(called["attrs"]["mcp.protocol.version"], "2025-11-25");
        assert_eq!(called["source"]["capture_point"], point);
        assert_eq!(called["source"].get("capture_method"), None);
        assert_eq!(called["confidence"]["content_source"], "plaintext_capture");
        let (asked, answered) = (one(&events, "ai.request"), one(&events, "ai.response"));
        assert_eq!(asked["attrs"]["oisp.side"], other);
        assert_eq!(asked["data"]["messages"][0]["content"], "wörd 🌊");
        assert_eq!(answered["data"]["finish_reason"], "tool_calls");
        assert_eq!(answered["data"]["success"], true);
        // What the model wants run is a call of its own.
        assert_eq!(
            of_type(&events, "agent.tool_call")
                .iter()
                .filter(|event| event["data"]["tool"]["name"] == "look")
                .count(),
            1
        );
    }
}

#[test]
fn a_peer_with_an_address_is_no_pipe() {
    let mut raw = raw(&[out(&call(1, "log")), inn(&said(1, "x")), Close]);
    let opened = TlsKind::Opened {
        remote: Some(Remote {
            host: "tools.example.test".into(),
            port: Some(9000),
        }),
        transport: Transport::Tcp,
    };
    let conn = CONN;
    raw.insert(
        0,
        RawEvent {
            kind: RawKind::Tls(TlsEvent { conn, what: opened }),
            ..raw[0].clone()
        },
    );
    let events = decode(&raw);
    let called = one(&events, "agent.tool_call");
    assert_eq!(called["attrs"]["network.transport"], "tcp");
    assert_eq!(called["source"]["capture_point"], "write");
    assert!(called["source"].get("capture_method").is_none());
}

#[test]
fn a_call_without_tls_that_is_never_answered_says_how_it_was_captured() {
    let opened = TlsKind::Opened {
        remote: None,
        transport: Transport::Tcp,
    };
    let ask = post("127.0.0.1:9000", "/mcp", "", &call(1, "log"));
    let mut steps = raw(&[Out(ask)]);
    steps.insert(
        0,
        RawEvent {
            kind: RawKind::Tls(TlsEvent {
                conn: CONN,
                what: opened,
            }),
            ..steps[0].clone()
        },
    );
    let events = decode(&steps);
    for kind in ["agent.tool_call", "agent.tool_result"] {
        let event = one(&events, kind);
        assert!(event["source"].get("capture_method").is_none(), "{event:#}");
        assert_eq!(event["confidence"]["content_source"], "plaintext_capture");
    }
}

#[test]
fn after_a_gap_the_next_lines_are_read_and_the_lost_answer_is_missed() {
    let lost = said(1, &"x".repeat(100));
    let mut steps = handshake().to_vec();
    steps.extend([
        out(&call(1, "log")),
        inn(&lost[..40]),
        GapIn(50),
        inn(&lost[90..]),
        out(&call(2, "diff")),
        inn(&said(2, "+1")),
        Close,
    ]);
    let events = events(&steps);
    assert_eq!(outcomes(&events), pairs(&[("diff", "+1"), ("log", "?")]));
    let missed = of_type(&events, "agent.tool_result")[1];
    assert_eq!(
        missed["confidence"]["reasons"],
        json!(["connection_closed"])
    );
    assert_eq!(missed["data"].get("success"), None);
}

#[test]
fn lines_that_are_joined_midway_are_found_at_a_whole_message() {
    let torn = call(1, "early");
    for gap in [GapOut(7), GapIn(7)] {
        let events = events(&[
            gap,
            out(&torn[20..]),
            inn(&said(1, "early")),
            out(&call(2, "diff")),
            inn(&said(2, "+1")),
            Close,
        ]);
        assert_eq!(outcomes(&events), pairs(&[("diff", "+1")]));
    }
}

#[test]
fn an_id_that_is_used_again_ends_the_call_before() {
    let events = events(&[
        out(&call(1, "first")),
        out(&call(1, "second")),
        inn(&said(1, "x")),
        Close,
    ]);
    assert_eq!(outcomes(&events), pairs(&[("first", "?"), ("second", "x")]));
    assert_eq!(
        of_type(&events, "agent.tool_result")[0]["confidence"]["reasons"],
        json!(["id_reused"])
    );
}

#[test]
fn both_ends_count_their_own_requests() {
    // The server's request 1 is not what the client's answer 1 is for.
    let events = events(&[
        out(&call(1, "log")),
        inn(&request(&1.into(), "roots/list", &json!({}))),
        out(&result(&1.into(), &json!({"roots": []}))),
        inn(&said(1, "commit")),
        Close,
    ]);
    assert_eq!(outcomes(&events), pairs(&[("log", "commit")]));
}

#[test]
fn json_lines_of_others_make_nothing() {
    let events = events(&[
        out("{\"level\":\"info\",\"msg\":\"hi\"}\n"),
        out(&call(1, "log")),
        Close,
    ]);
    assert!(events.is_empty(), "{events:#?}");
}

#[test]
fn many_calls_that_nobody_answers_are_bounded_and_each_is_told_once() {
    let mut steps: Vec<_> = (0..5000).map(|id| out(&call(id, "flood"))).collect();
    steps.push(Close);
    let events = events(&steps);
    let results = of_type(&events, "agent.tool_result");
    assert_eq!(results.len(), 5000);
    let given_up = results
        .iter()
        .filter(|event| event["confidence"]["reasons"] == json!(["too_many_open"]))
        .count();
    assert_eq!(given_up, 5000 - 4096);
    let mut ids: Vec<_> = events
        .iter()
        .map(|event| event["event_id"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), events.len());
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60).prop_map(In),
        Just(out(&call(1, "log"))),
        Just(inn(&said(1, "x"))),
        Just(out(&result(&1.into(), &json!({"roots": []})))),
        "(\\{\"jsonrpc\":\"2.0\"|,\"id\":1|,\"method\":\"tools/call\"|,\"result\":\\{\\}|,\"params\":\\{\"name\":\"x\"\\}|\\}|\n|\\[|é){0,12}"
            .prop_map(|text| Out(text.into_bytes())),
        (0u64..90).prop_map(GapIn),
        (0u64..90).prop_map(GapOut),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunking_gives_the_same_events(sizes in prop::collection::vec(1usize..90, 1..20)) {
        prop_assert_eq!(decode(&rechunk(&raw(&conversation()), &sizes)), events(&conversation()));
    }

    #[test]
    fn garbage_is_read_alike_however_it_is_cut(rest in prop::collection::vec(any_step(), 0..12), sizes in prop::collection::vec(1usize..40, 1..8)) {
        let steps = [vec![out(&call(0, "begin"))], rest].concat();
        let events = decode(&raw(&steps));
        prop_assert_eq!(&decode(&rechunk(&raw(&steps), &sizes)), &events);
        // Each call has one result, whatever became of it.
        let mut calls: Vec<_> = of_type(&events, "agent.tool_call").iter().map(|event| event["event_id"].clone()).collect();
        let mut ends: Vec<_> = of_type(&events, "agent.tool_result").iter().map(|event| event["related_events"][0]["event_id"].clone()).collect();
        calls.sort_unstable_by_key(Value::to_string);
        ends.sort_unstable_by_key(Value::to_string);
        prop_assert_eq!(calls, ends);
    }

    #[test]
    fn a_gap_anywhere_never_gives_a_call_the_answer_of_another(at in 0usize..900, len in 1usize..200) {
        let mut wire = Vec::new();
        let mut steps = handshake().to_vec();
        for id in 1..9 {
            steps.push(out(&call(id, &format!("tool{id}"))));
            wire.extend(said(id, &format!("tool{id}")).into_bytes());
        }
        let from = at.min(wire.len());
        let to = (at + len).min(wire.len());
        steps.extend([In(wire[..from].to_vec()), GapIn((to - from) as u64), In(wire[to..].to_vec()), Close]);
        let events = events(&steps);
        let outcomes = outcomes(&events);
        prop_assert_eq!(outcomes.len(), 8);
        for (tool, said) in outcomes {
            prop_assert!(said == "?" || said == tool, "{} got {}", tool, said);
        }
    }
}
