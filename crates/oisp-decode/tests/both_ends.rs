//! A client and a server on one machine, both captured: two tell one call.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use std::net::SocketAddr;

use oisp_core::raw::{GapCause, TlsKind};
use oisp_core::{ConnId, Direction, RawEvent, RawKind, Timestamp, TlsEvent};
use serde_json::{Value, json};
use support::*;

const SERVER_PID: u32 = 4300;

/// Which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Client,
    Server,
}
use At::{Client, Server};

/// The two ends of one connection, and what is told of them.
struct Wire {
    raw: Vec<RawEvent>,
    offsets: [[u64; 2]; 2],
    port: u16,
}

fn conn(at: At, port: u16) -> ConnId {
    ConnId {
        pid: if at == Client { CONN.pid } else { SERVER_PID },
        handle: u64::from(port),
        ..CONN
    }
}

impl Wire {
    fn new(port: u16) -> Self {
        Self {
            raw: Vec::new(),
            offsets: [[0; 2]; 2],
            port,
        }
    }

    fn with_sockets(port: u16) -> Self {
        let mut wire = Self::new(port);
        wire.socket(Client);
        wire.socket(Server);
        wire
    }

    fn push(&mut self, at: At, what: TlsKind) {
        let millis = 1_700_000_000_000 + self.raw.len() as u64;
        let conn = conn(at, self.port);
        self.raw.push(RawEvent {
            at: Timestamp::from_nanos(millis * 1_000_000),
            pid: conn.pid,
            tid: conn.pid,
            kind: RawKind::Tls(TlsEvent { conn, what }),
        });
    }

    fn socket(&mut self, at: At) {
        let client = SocketAddr::from(([127, 0, 0, 1], self.port));
        let server: SocketAddr = "127.0.0.1:11434".parse().unwrap();
        // A server that listens on both kinds of addresses sees it so.
        let seen: SocketAddr = format!("[::ffff:127.0.0.1]:{}", self.port).parse().unwrap();
        let (local, remote) = match at {
            Client => (client, server),
            Server => (server, seen),
        };
        self.push(at, TlsKind::Socket { local, remote });
    }

    /// An end writes or reads bytes of a request or of an answer.
    fn bytes(&mut self, at: At, is_request: bool, bytes: &[u8]) {
        let is_out = (at == Client) == is_request;
        let offset = &mut self.offsets[usize::from(at == Server)][usize::from(is_out)];
        let what = TlsKind::Data {
            direction: if is_out {
                Direction::Outgoing
            } else {
                Direction::Incoming
            },
            offset: *offset,
            bytes: bytes.to_vec().into(),
        };
        *offset += bytes.len() as u64;
        self.push(at, what);
    }

    fn asks(&mut self, order: [At; 2], request: &[u8]) {
        order.iter().for_each(|at| self.bytes(*at, true, request));
    }

    fn answers(&mut self, order: [At; 2], answer: &[u8]) {
        order.iter().for_each(|at| self.bytes(*at, false, answer));
    }

    fn events(&self) -> Vec<Value> {
        decode(&self.raw)
    }
}

fn ask(question: &str) -> Vec<u8> {
    let body = json!({"model": "llama3.2", "messages": [{"role": "user", "content": question}]});
    post(
        "127.0.0.1:11434",
        "/v1/chat/completions",
        "",
        &body.to_string(),
    )
}

fn said(text: &str) -> Vec<u8> {
    json_response(&answer(text))
}

fn of_end<'a>(events: &'a [Value], kind: &str, side: &str) -> Vec<&'a Value> {
    let events = of_type(events, kind).into_iter();
    events
        .filter(|event| event["attrs"]["oisp.side"] == side)
        .collect()
}

/// For each call of the server, the place of the client's call that it names.
fn named(events: &[Value]) -> Vec<Option<usize>> {
    let clients = of_end(events, "ai.request", "client");
    let place_of = |event: &Value| {
        let ties = event["related_events"].as_array();
        ties.into_iter().flatten().find_map(|tie| {
            let is_it = |client: &&Value| client["event_id"] == tie["event_id"];
            let place = clients.iter().position(is_it)?;
            assert_eq!(tie["relationship"], "related");
            Some(place)
        })
    };
    let servers = of_end(events, "ai.response", "server").into_iter();
    servers.map(place_of).collect()
}

#[test]
fn the_servers_events_name_the_clients() {
    let mut wire = Wire::with_sockets(40_000);
    wire.asks([Client, Server], &ask("why"));
    wire.answers([Server, Client], &said("because"));
    let events = wire.events();
    let client = of_end(&events, "ai.request", "client")[0];
    let server = of_end(&events, "ai.request", "server")[0];
    let tie = json!([{"event_id": client["event_id"], "relationship": "related"}]);
    assert_eq!(server["related_events"], tie);
    assert_eq!(named(&events), [Some(0)]);
    assert!(client.get("related_events").is_none());
}

#[test]
fn a_server_that_is_told_first_names_the_client_with_its_answer() {
    let mut wire = Wire::with_sockets(40_000);
    wire.asks([Server, Client], &ask("why"));
    wire.answers([Server, Client], &said("because"));
    let events = wire.events();
    let server = of_end(&events, "ai.request", "server")[0];
    let client = of_end(&events, "ai.request", "client")[0];
    assert!(server.get("related_events").is_none());
    assert_eq!(
        client["related_events"][0]["event_id"], server["event_id"],
        "until the answer comes, the client names the server"
    );
    assert_eq!(named(&events), [Some(0)]);
}

#[test]
fn calls_on_a_connection_that_stays_open_are_told_apart_by_their_order() {
    let mut wire = Wire::with_sockets(40_000);
    // The same question again and again.
    for text in ["one", "two", "three"] {
        wire.asks([Client, Server], &ask("again"));
        wire.answers([Server, Client], &said(text));
    }
    // Two at once.
    wire.asks([Client, Server], &[ask("a"), ask("b")].concat());
    wire.answers([Server, Client], &[said("a"), said("b")].concat());
    let expected: Vec<_> = (0..5).map(Some).collect();
    assert_eq!(named(&wire.events()), expected);
}

#[test]
fn sockets_may_become_known_late() {
    let mut wire = Wire::new(40_000);
    wire.asks([Client, Server], &ask("why"));
    wire.socket(Server);
    wire.socket(Client);
    wire.answers([Server, Client], &said("because"));
    assert_eq!(named(&wire.events()), [Some(0)]);
}

#[test]
fn a_server_alone_names_nobody() {
    let mut wire = Wire::new(40_000);
    wire.socket(Server);
    wire.bytes(Server, true, &ask("why"));
    wire.bytes(Server, false, &said("because"));
    let events = wire.events();
    assert_eq!(named(&events), [None]);
    assert_eq!(
        of_end(&events, "ai.response", "server")[0]["data"]["usage"]["total_tokens"],
        15
    );
}

#[test]
fn another_clients_call_is_not_named() {
    let mut other = Wire::new(50_000);
    other.socket(Client);
    other.bytes(Client, true, &ask("why"));
    let mut wire = Wire::new(40_000);
    wire.socket(Server);
    wire.bytes(Server, true, &ask("why"));
    wire.bytes(Server, false, &said("because"));
    let raw = [other.raw, wire.raw].concat();
    assert_eq!(named(&decode(&raw)), [None]);
}

#[test]
fn a_client_that_joined_late_is_named_by_what_it_says_only() {
    let mut wire = Wire::new(40_000);
    let gap = TlsKind::Gap {
        direction: Direction::Outgoing,
        offset: 0,
        len: 0,
        cause: GapCause::LateAttach,
    };
    wire.push(Client, gap);
    wire.socket(Client);
    wire.socket(Server);
    wire.bytes(Server, true, &ask("before"));
    wire.bytes(Server, false, &said("before"));
    wire.asks([Client, Server], &ask("once"));
    wire.answers([Server, Client], &said("once"));
    for text in ["again", "and again"] {
        wire.asks([Client, Server], &ask("the same"));
        wire.answers([Server, Client], &said(text));
    }
    let events = wire.events();
    let once = of_end(&events, "ai.request", "client");
    assert_eq!(once.len(), 3, "{events:#?}");
    // The first of two that say the same is tied before the other is known.
    assert_eq!(named(&events), [None, Some(0), Some(1), None]);
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

#[test]
fn calls_on_streams_are_told_apart_by_the_stream() {
    let head = fields(&[
        (":method", "POST"),
        (":path", "/v1/chat/completions"),
        (":authority", "localhost:11434"),
        ("content-type", "application/json"),
    ]);
    let ok = fields(&[(":status", "200"), ("content-type", "application/json")]);
    let asks = |stream| [h2(1, 4, stream, &head), h2(0, 1, stream, ASK.as_bytes())].concat();
    let answers = |stream, text: &str| {
        let body = answer(text);
        [h2(1, 4, stream, &ok), h2(0, 1, stream, body.as_bytes())].concat()
    };
    let mut wire = Wire::with_sockets(40_000);
    let preface = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &h2(4, 0, 0, &[])].concat();
    wire.asks([Client, Server], &preface);
    wire.answers([Server, Client], &h2(4, 0, 0, &[]));
    for stream in [1, 3, 5] {
        wire.asks([Client, Server], &asks(stream));
    }
    for (stream, text) in [(5, "five"), (1, "one"), (3, "three")] {
        wire.answers([Server, Client], &answers(stream, text));
    }
    assert_eq!(named(&wire.events()), [Some(2), Some(0), Some(1)]);
}

#[test]
fn a_session_counts_a_call_once() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}],
                      "tools": [{"type": "function", "function": {"name": "read"}}]});
    let fields = "X-Session-Id: one\r\n";
    let ask = post(
        "127.0.0.1:11434",
        "/v1/chat/completions",
        fields,
        &body.to_string(),
    );
    let mut wire = Wire::with_sockets(40_000);
    wire.asks([Client, Server], &ask);
    wire.answers([Server, Client], &said("done"));
    wire.push(Client, TlsKind::Closed);
    let exit = RawKind::Process(oisp_core::ProcessEvent::Exit {
        code: Some(0),
        signal: None,
        core_dumped: false,
        runtime_ms: None,
        usage: oisp_core::raw::Usage::default(),
    });
    let mut raw = wire.raw.clone();
    raw.push(RawEvent {
        at: raw.last().unwrap().at,
        pid: CONN.pid,
        tid: CONN.pid,
        kind: exit,
    });
    let events = decode(&raw);
    let sessions = of_type(&events, "agent.session");
    assert_eq!(sessions.len(), 2, "{events:#?}");
    let stats = &sessions[1]["data"]["stats"];
    assert_eq!(
        *stats,
        json!({"llm_calls": 1, "tool_calls": 0, "tokens_used": 15})
    );
}
