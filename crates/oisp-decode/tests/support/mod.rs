//! What the decoder's tests share: a connection as a list of writes and reads,
//! and the events it makes.

#![allow(dead_code, reason = "each test file uses its part")]

use oisp_core::raw::{GapCause, TlsKind};
use oisp_core::{ConnId, Direction, RawEvent, RawKind, Timestamp, TlsEvent};
use oisp_decode::{Decoder, HashKey};
use serde_json::Value;

pub const CONN: ConnId = ConnId {
    pid: 4242,
    start_time: 7,
    handle: 0xfeed,
    generation: 1,
};

/// One thing that happened on the connection.
#[derive(Clone, Debug)]
pub enum Step {
    Out(Vec<u8>),
    In(Vec<u8>),
    GapOut(u64),
    GapIn(u64),
    Close,
}

pub use Step::{Close, GapIn, GapOut, In, Out};

pub fn out(text: &str) -> Step {
    Out(text.as_bytes().to_vec())
}

pub fn inn(text: &str) -> Step {
    In(text.as_bytes().to_vec())
}

/// The raw events of the steps, a millisecond apart.
pub fn raw(steps: &[Step]) -> Vec<RawEvent> {
    let mut offsets = [0u64; 2];
    steps
        .iter()
        .enumerate()
        .map(|(n, step)| raw_step(n as u64, step, &mut offsets))
        .collect()
}

fn raw_step(n: u64, step: &Step, offsets: &mut [u64; 2]) -> RawEvent {
    let mut at = |way: usize, len: u64| {
        let offset = offsets[way];
        offsets[way] = offsets[way].saturating_add(len);
        offset
    };
    let (outgoing, incoming) = (Direction::Outgoing, Direction::Incoming);
    let cause = GapCause::RingFull;
    let what = match step {
        Out(bytes) => TlsKind::Data {
            direction: outgoing,
            offset: at(0, bytes.len() as u64),
            bytes: bytes.clone().into(),
        },
        In(bytes) => TlsKind::Data {
            direction: incoming,
            offset: at(1, bytes.len() as u64),
            bytes: bytes.clone().into(),
        },
        GapOut(len) => TlsKind::Gap {
            direction: outgoing,
            offset: at(0, *len),
            len: *len,
            cause,
        },
        GapIn(len) => TlsKind::Gap {
            direction: incoming,
            offset: at(1, *len),
            len: *len,
            cause,
        },
        Close => TlsKind::Closed,
    };
    let at = Timestamp::from_nanos(1_700_000_000_000_000_000 + n * 1_000_000);
    RawEvent {
        at,
        pid: CONN.pid,
        tid: CONN.pid,
        kind: RawKind::Tls(TlsEvent { conn: CONN, what }),
    }
}

/// One of several connections of the process, each with its own positions.
pub struct Lane {
    conn: ConnId,
    offsets: [u64; 2],
}

impl Lane {
    pub fn new(handle: u64) -> Self {
        Self {
            conn: ConnId { handle, ..CONN },
            offsets: [0; 2],
        }
    }

    /// The raw events of steps that follow on this connection.
    pub fn steps(&mut self, steps: &[Step]) -> Vec<RawEvent> {
        let mut raw: Vec<_> = steps
            .iter()
            .map(|step| raw_step(0, step, &mut self.offsets))
            .collect();
        for event in &mut raw {
            if let RawKind::Tls(tls) = &mut event.kind {
                tls.conn = self.conn;
            }
        }
        raw
    }
}

/// The events of raw events, without what price lists say that calls cost:
/// lists change, and are not what most tests are about.
pub fn decode(raw: &[RawEvent]) -> Vec<Value> {
    let mut events = decode_priced(raw);
    for event in &mut events {
        if event["attrs"]["oisp.cost.source"] == "provider" {
            continue;
        }
        for part in ["usage", "stats"] {
            if let Some(Value::Object(part)) = event["data"].get_mut(part) {
                part.retain(|name, _| !name.ends_with("_cost_usd"));
            }
        }
    }
    events
}

/// The events of raw events, with what calls cost.
pub fn decode_priced(raw: &[RawEvent]) -> Vec<Value> {
    let mut decoder = Decoder::new(HashKey::new([1; 32]));
    let mut events = Vec::new();
    raw.iter().for_each(|raw| decoder.push(raw, &mut events));
    decoder.finish(&mut events);
    events
        .iter()
        .map(|event| serde_json::to_value(event).unwrap())
        .collect()
}

pub fn events(steps: &[Step]) -> Vec<Value> {
    decode(&raw(steps))
}

pub fn of_type<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events
        .iter()
        .filter(|event| event["event_type"] == kind)
        .collect()
}

pub fn one<'a>(events: &'a [Value], kind: &str) -> &'a Value {
    let found = of_type(events, kind);
    assert_eq!(found.len(), 1, "{kind}: {events:#?}");
    found[0]
}

/// A POST of JSON to an OpenAI-compatible endpoint.
pub fn chat_request(body: &str) -> Vec<u8> {
    post(
        "api.openai.com",
        "/v1/chat/completions",
        "Authorization: Bearer sk-proj-madeup0123456789\r\n",
        body,
    )
}

pub fn post(host: &str, path: &str, fields: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\n{fields}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub fn json_response(body: &str) -> Vec<u8> {
    response("Content-Type: application/json\r\n", body.as_bytes())
}

pub fn response(fields: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 200 OK\r\n{fields}Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// A chunked event stream.
pub fn sse_response(events: &[&str]) -> Vec<u8> {
    let mut bytes =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_vec();
    for event in events {
        let event = format!("{event}\n\n");
        bytes.extend_from_slice(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes());
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

pub const ASK: &str = r#"{"model":"gpt-4o-mini","stream":false,"messages":[{"role":"system","content":"be kind"},{"role":"user","content":"héllo 🌍"}]}"#;

pub fn answer(text: &str) -> String {
    serde_json::json!({
        "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15,
                  "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 1}}
    })
    .to_string()
}

/// Cuts every step into pieces. Each piece keeps its step's time, so that the
/// result must be the same to the last field.
pub fn rechunk(raw: &[RawEvent], sizes: &[usize]) -> Vec<RawEvent> {
    let mut sizes = sizes.iter().cycle();
    let mut pieces = Vec::new();
    for event in raw {
        let RawKind::Tls(TlsEvent {
            conn,
            what:
                TlsKind::Data {
                    direction,
                    offset,
                    bytes,
                },
        }) = &event.kind
        else {
            pieces.push(event.clone());
            continue;
        };
        if bytes.is_empty() {
            pieces.push(event.clone());
        }
        let mut at = 0;
        while at < bytes.len() {
            let end = (at + sizes.next().unwrap()).min(bytes.len());
            let what = TlsKind::Data {
                direction: *direction,
                offset: offset + at as u64,
                bytes: bytes.slice(at..end),
            };
            pieces.push(RawEvent {
                kind: RawKind::Tls(TlsEvent { conn: *conn, what }),
                ..event.clone()
            });
            at = end;
        }
    }
    pieces
}

/// The calls of a session by what they are about.
pub mod calls {
    use super::*;

    /// The text of an answer.
    pub fn said(event: &Value) -> &str {
        let content = &event["data"]["choices"][0]["message"]["content"];
        content.as_str().unwrap_or("-")
    }

    /// What each call asked last, and what was answered.
    pub fn pairs(events: &[Value]) -> Vec<(String, String)> {
        let answers = of_type(events, "ai.response");
        let pair = |request: &&Value| {
            let messages = request["data"]["messages"].as_array().unwrap();
            let asked = messages.last().unwrap()["content"].as_str().unwrap_or("-");
            let id = &request["data"]["request_id"];
            let mut own = answers
                .iter()
                .filter(|event| event["data"]["request_id"] == *id);
            let answer = own.next().unwrap();
            assert!(own.next().is_none());
            (asked.to_owned(), said(answer).to_owned())
        };
        of_type(events, "ai.request").iter().map(pair).collect()
    }

    /// What was asked, and what was answered.
    pub fn pair(asked: &str, said: &str) -> (String, String) {
        (asked.to_owned(), said.to_owned())
    }
}
