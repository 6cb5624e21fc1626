//! HTTP/1 as clients and servers really speak it.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use serde_json::Value;
use support::*;

fn texts(events: &[Value]) -> Vec<&str> {
    of_type(events, "ai.response")
        .into_iter()
        .map(|event| {
            event["data"]["choices"][0]["message"]["content"]
                .as_str()
                .unwrap_or("-")
        })
        .collect()
}

#[test]
fn a_call_and_its_answer() {
    let events = events(&[
        Out(chat_request(ASK)),
        In(json_response(&answer("hi"))),
        Close,
    ]);
    let request = one(&events, "ai.request");
    let data = &request["data"];
    assert_eq!(data["model"]["id"], "gpt-4o-mini");
    assert_eq!(data["provider"]["name"], "openai");
    assert_eq!(
        data["provider"]["endpoint"],
        "https://api.openai.com/v1/chat/completions"
    );
    assert_eq!(data["messages"][1]["content"], "héllo 🌍");
    assert_eq!(data["messages"][1]["content_length"], 7);
    assert_eq!(data["has_system_prompt"], true);
    assert_eq!(data["streaming"], false);
    assert_eq!(data["auth"]["key_prefix"], "sk-proj-");
    assert_eq!(request["process"]["pid"], 4242);
    assert_eq!(request["confidence"]["completeness"], "full");
    assert_eq!(request["attrs"]["oisp.side"], "client");
    assert!(!request.to_string().contains("madeup0123456789"));
    let response = one(&events, "ai.response");
    let data = &response["data"];
    assert_eq!(data["request_id"], request["data"]["request_id"]);
    assert_eq!(data["model"]["id"], "gpt-4o-mini-2024-07-18");
    assert_eq!(
        (&data["success"], &data["status_code"]),
        (&Value::Bool(true), &Value::from(200))
    );
    assert_eq!(data["choices"][0]["message"]["content"], "hi");
    assert_eq!(data["finish_reason"], "stop");
    assert_eq!(data["usage"]["prompt_tokens"], 12);
    assert_eq!(data["usage"]["cached_tokens"], 4);
    assert_eq!(data["usage"]["reasoning_tokens"], 1);
    assert_eq!(data["latency_ms"], 1);
    assert_eq!(
        response["related_events"][0]["event_id"],
        request["event_id"]
    );
}

#[test]
fn keep_alive_and_pipelining_pair_by_order() {
    let ask = || chat_request(ASK);
    let reply = |text| json_response(&answer(text));
    let kept = events(&[Out(ask()), In(reply("a")), Out(ask()), In(reply("b"))]);
    assert_eq!(texts(&kept), ["a", "b"]);
    let pipelined = events(&[
        Out([ask(), ask()].concat()),
        In([reply("a"), reply("b")].concat()),
    ]);
    assert_eq!(texts(&pipelined), ["a", "b"]);
    let ids = |kind| {
        of_type(&pipelined, kind)
            .into_iter()
            .map(|event| &event["data"]["request_id"])
            .collect::<Vec<_>>()
    };
    assert_eq!(ids("ai.request"), ids("ai.response"));
}

#[test]
fn bodiless_answers_and_informational_ones_do_not_shift_the_pairs() {
    let steps = [
        out("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"),
        inn("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"),
        out("GET /a HTTP/1.1\r\nHost: x\r\n\r\n"),
        inn("HTTP/1.1 304 Not Modified\r\nContent-Length: 999\r\n\r\n"),
        out("DELETE /a HTTP/1.1\r\nHost: x\r\n\r\n"),
        inn("HTTP/1.1 204 No Content\r\n\r\n"),
        Out(chat_request(ASK)),
        inn("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
        In(json_response(&answer("right"))),
    ];
    assert_eq!(texts(&events(&steps)), ["right"]);
}

#[test]
fn a_body_until_the_close_is_complete_by_the_close() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
    let steps = [
        Out(chat_request(ASK)),
        inn(head),
        inn(&answer("to the end")),
        Close,
    ];
    let events = events(&steps);
    assert_eq!(texts(&events), ["to the end"]);
    assert_eq!(
        one(&events, "ai.response")["confidence"]["completeness"],
        "full"
    );
}

#[test]
fn a_chunked_request_with_extensions_and_trailers() {
    let half = ASK.len() / 2;
    let (first, second) = ASK.as_bytes().split_at(half);
    let mut request = b"POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for part in [first, second] {
        request.extend_from_slice(format!("{:X};ext=\"1\"\r\n", part.len()).as_bytes());
        request.extend_from_slice(part);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\nX-Sum: 1\r\n\r\n");
    let events = events(&[Out(request), In(json_response(&answer("ok")))]);
    assert_eq!(
        one(&events, "ai.request")["data"]["messages"][1]["content"],
        "héllo 🌍"
    );
    assert_eq!(texts(&events), ["ok"]);
}

#[test]
fn a_cut_answer_is_partial_and_says_why() {
    let whole = json_response(&answer("never seen"));
    let steps = [
        Out(chat_request(ASK)),
        In(whole[..whole.len() - 5].to_vec()),
        Close,
    ];
    let events = events(&steps);
    let response = one(&events, "ai.response");
    assert_eq!(response["confidence"]["completeness"], "partial");
    assert_eq!(response["confidence"]["reasons"][0], "connection_closed");
    assert_eq!(response["data"]["model"]["id"], "gpt-4o-mini");
    assert!(response["data"].get("usage").is_none());
}

#[test]
fn no_answer_at_all_is_an_answer_that_lacks_everything() {
    let events = events(&[Out(chat_request(ASK))]);
    let response = one(&events, "ai.response");
    assert_eq!(response["confidence"]["reasons"][0], "capture_ended");
    let missing = response["confidence"]["missing"].as_array().unwrap();
    assert!(missing.contains(&"status_code".into()) && missing.contains(&"choices".into()));
    assert!(response["data"].get("success").is_none());
}

#[test]
fn the_side_that_reads_requests_is_the_server() {
    let events = events(&[In(chat_request(ASK)), Out(json_response(&answer("served")))]);
    assert_eq!(one(&events, "ai.request")["attrs"]["oisp.side"], "server");
    assert_eq!(
        one(&events, "ai.request")["source"]["capture_point"],
        "ssl_read"
    );
    assert_eq!(texts(&events), ["served"]);
}

#[test]
fn traffic_that_is_no_ai_call_makes_no_event() {
    let steps = [
        Out(post("api.example.com", "/v1/items", "", r#"{"name":"x"}"#)),
        In(json_response("{}")),
        out("GET /v1/models HTTP/1.1\r\nHost: api.openai.com\r\n\r\n"),
        In(json_response(r#"{"data":[]}"#)),
        out(
            "POST /v1/messages/count_tokens HTTP/1.1\r\nHost: api.anthropic.com\r\nContent-Length: 0\r\n\r\n",
        ),
        In(json_response(r#"{"input_tokens":3}"#)),
    ];
    assert!(events(&steps).is_empty());
}

#[test]
fn a_gap_inside_a_body_of_known_length_leaves_the_framing() {
    let request = chat_request(ASK);
    let cut = request.len() - 40;
    let steps = [
        Out(request[..cut].to_vec()),
        GapOut(20),
        Out(request[cut + 20..].to_vec()),
        In(json_response(&answer("still right"))),
        Out(chat_request(ASK)),
        In(json_response(&answer("and on"))),
    ];
    let events = events(&steps);
    let first = of_type(&events, "ai.request")[0];
    assert_eq!(first["confidence"]["completeness"], "partial");
    assert_eq!(first["confidence"]["reasons"][0], "bytes_lost");
    assert!(first["data"].get("messages").is_none());
    assert_eq!(texts(&events), ["still right", "and on"]);
}

#[test]
fn after_lost_framing_the_next_call_is_found_and_the_torn_one_is_partial() {
    let torn = sse_response(&[r#"data: {"choices":[{"index":0,"delta":{"content":"abc"}}]}"#]);
    let steps = [
        Out(chat_request(ASK)),
        In(torn[..100].to_vec()),
        GapIn(500),
        inn("}]}\n\n\r\n0\r\n\r\n"),
        Out(chat_request(ASK)),
        In(json_response(&answer("second"))),
    ];
    let events = events(&steps);
    let responses = of_type(&events, "ai.response");
    assert_eq!(responses.len(), 2);
    assert_eq!(responses[0]["confidence"]["completeness"], "partial");
    assert_eq!(
        responses[1]["data"]["choices"][0]["message"]["content"],
        "second"
    );
    assert_eq!(responses[1]["confidence"]["completeness"], "full");
}

#[test]
fn a_connection_joined_midway_is_read_from_its_next_request() {
    let mut late = raw(&[
        GapOut(0),
        inn("the end of an answer"),
        Out(chat_request(ASK)),
        In(json_response(&answer("joined"))),
    ]);
    let oisp_core::RawKind::Tls(tls) = &mut late[0].kind else {
        panic!()
    };
    tls.what = oisp_core::raw::TlsKind::Gap {
        direction: oisp_core::Direction::Outgoing,
        offset: 0,
        len: 0,
        cause: oisp_core::raw::GapCause::LateAttach,
    };
    let events = decode(&late);
    assert_eq!(texts(&events), ["joined"]);
}

#[test]
fn codings_are_undone() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(answer("zipped").as_bytes()).unwrap();
    let body = encoder.finish().unwrap();
    let fields = "Content-Type: application/json\r\nContent-Encoding: gzip\r\n";
    assert_eq!(
        texts(&events(&[
            Out(chat_request(ASK)),
            In(response(fields, &body))
        ])),
        ["zipped"]
    );
}

#[test]
fn an_upgraded_connection_is_left_alone() {
    let steps = [
        out("GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
        inn("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
        Out(chat_request(ASK)),
        In(json_response(&answer("not http"))),
    ];
    assert!(events(&steps).is_empty());
}

#[test]
fn an_unreadable_body_is_a_partial_call() {
    let steps = [
        Out(chat_request(r#"{"model":"gpt-4o","messages":[{"role":"us"#)),
        In(json_response(&answer("x"))),
    ];
    let events = events(&steps);
    let request = one(&events, "ai.request");
    assert_eq!(request["confidence"]["completeness"], "partial");
    assert_eq!(request["confidence"]["missing"][0], "model");
}

#[test]
fn a_gap_of_unknown_length_ends_what_is_under_way() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n";
    let steps = [
        Out(chat_request(ASK)),
        inn(head),
        GapIn(0),
        inn("the rest of something"),
        Out(chat_request(ASK)),
        In(json_response(&answer("found again"))),
    ];
    let events = events(&steps);
    assert_eq!(texts(&events), ["-", "found again"]);
    let torn = of_type(&events, "ai.response")[0];
    assert_eq!(torn["confidence"]["reasons"][0], "bytes_lost");
}

#[test]
fn an_answer_that_is_told_before_its_request_is_known_by_the_times() {
    let [asked, answered] = [Out(chat_request(ASK)), In(json_response(&answer("x")))];
    let mut told = raw(&[asked, answered]);
    told.swap(0, 1);
    let events = decode(&told);
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "x");
    assert_eq!(data["latency_ms"], 1);
}

#[test]
fn an_answer_that_came_before_the_next_request_is_not_taken_for_its_own() {
    let unasked = In(json_response(&answer("of nobody")));
    let [asked, answered] = [Out(chat_request(ASK)), In(json_response(&answer("x")))];
    let events = decode(&raw(&[unasked, asked, answered]));
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "x");
}
