//! The parsers, for the fuzz targets: each takes any bytes, must not panic, and
//! must give the same however the bytes are cut.

#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a fuzz target states what must hold by panicking; its name says what it feeds"
)]

mod sockets;

use bytes::Bytes;
use oisp_core::raw::{GapCause, TlsKind};
use oisp_core::{ConnId, Direction, Event, RawEvent, RawKind, Timestamp, TlsEvent};

use crate::framing::envelope::Envelope;
use crate::framing::eventstream::EventStream;
use crate::framing::json_array::JsonArray;
use crate::framing::ndjson::Ndjson;
use crate::framing::sse::Sse;
use crate::framing::{Framing, StreamEvent};
use crate::http::{Ending, Half, HttpEvent, Part, Protocol, coding, h1, h2};
use crate::mcp::Lines;
use crate::{Decoder, HashKey, json, protobuf};

pub use sockets::{session, websocket};

/// Most that a body may decode to here.
const ROOM: usize = 1 << 20;

pub fn sse(data: &[u8]) {
    framing(data, Sse::default);
}

pub fn ndjson(data: &[u8]) {
    framing(data, Ndjson::default);
}

pub fn json_array(data: &[u8]) {
    framing(data, JsonArray::default);
}

pub fn eventstream(data: &[u8]) {
    framing(data, EventStream::default);
}

pub fn envelope(data: &[u8]) {
    for (kind, coding) in [
        ("application/connect+proto", None),
        ("application/connect+json", None),
        ("application/grpc", Some("gzip")),
    ] {
        if Envelope::new(kind, coding).is_some() {
            framing(data, || {
                Envelope::new(kind, coding).unwrap_or_else(|| panic!("{kind} was known"))
            });
        }
    }
}

pub fn protocol_buffers(data: &[u8]) {
    if let Some(text) = protobuf::to_json(data) {
        assert!(json::parse(text.as_bytes()).is_some() || text.len() > ROOM);
    }
}

/// What the bounded reader takes, the library reads alike, save for the name by
/// which the library passes raw text to itself.
pub fn json_tree(data: &[u8]) {
    let is_private = memchr::memmem::find(data, b"$serde_json::private").is_some();
    if let (Some(tree), false) = (json::parse(data), is_private) {
        assert_eq!(Some(tree), serde_json::from_slice(data).ok());
    }
    json::parse_vectors(data);
}

/// The first byte chooses the coding, the rest is coded.
pub fn content_coding(data: &[u8]) {
    const CODINGS: [&str; 6] = ["gzip", "deflate", "br", "zstd", "gzip, br", "zstd, deflate"];
    let Some((choice, coded)) = data.split_first() else {
        return;
    };
    let name = CODINGS[usize::from(*choice) % CODINGS.len()];
    if let Ok(mut decoder) = coding::Decoder::new(Some(name)) {
        let mut out = Vec::new();
        let _ = decoder.push(coded, ROOM, &mut out);
        assert!(out.len() <= ROOM);
    }
}

pub fn http1(data: &[u8]) {
    protocol(data, || h1::Connection::new(2));
}

pub fn http1_midway(data: &[u8]) {
    protocol(data, || h1::Connection::joined_midway(2));
}

pub fn lines(data: &[u8]) {
    protocol(data, Lines::default);
}

/// Here the cut may matter: after what is no frame, that a call is one frame is
/// what a frame is found by.
pub fn http2(data: &[u8]) {
    let (requests, responses) = halves(data);
    let cut = usize::from(data.first().copied().unwrap_or_default()) % (responses.len() + 1);
    let (one, two) = responses.split_at(cut);
    exchange(h2::Connection::default(), &[requests], &[one, two]);
}

/// A whole connection: records of data and gaps in both directions.
pub fn connection(data: &[u8]) {
    let mut decoder = Decoder::new(HashKey::new([1; 32]));
    decoder.stream_chunks(true);
    let mut events = Vec::new();
    for raw in records(data) {
        decoder.push(&raw, &mut events);
    }
    decoder.tick(Timestamp::from_nanos(u64::MAX), &mut events);
    decoder.finish(&mut events);
    check(&events);
}

/// A request and an answer of any form on the paths of all dialects: the first
/// two bytes choose path and content type, a zero byte parts the bodies.
pub fn dialect(data: &[u8]) {
    let [path, kind, bodies @ ..] = data else {
        return;
    };
    let path = PATHS[usize::from(*path) % PATHS.len()];
    let kind = KINDS[usize::from(*kind) % KINDS.len()];
    let cut = memchr::memchr(0, bodies).unwrap_or(bodies.len());
    let (asked, answered) = bodies.split_at(cut);
    let answered = answered.get(1..).unwrap_or_default();
    let request = message(
        &format!("POST {path} HTTP/1.1\r\nhost: x"),
        "application/json",
        asked,
    );
    let response = message("HTTP/1.1 200 OK", kind, answered);
    let mut decoder = Decoder::new(HashKey::new([1; 32]));
    decoder.stream_chunks(true);
    let mut events = Vec::new();
    for (direction, bytes) in [
        (Direction::Outgoing, request),
        (Direction::Incoming, response),
    ] {
        let what = TlsKind::Data {
            direction,
            offset: 0,
            bytes: bytes.into(),
        };
        decoder.push(&record(1, what), &mut events);
    }
    decoder.finish(&mut events);
    check(&events);
}

const PATHS: [&str; 38] = [
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/responses",
    "/v1/embeddings",
    "/v1/images/generations",
    "/v1/audio/speech",
    "/v1/moderations",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/complete",
    "/v1beta/models/m:generateContent",
    "/v1beta/models/m:streamGenerateContent",
    "/v1beta/models/m:embedContent",
    "/v1beta/interactions",
    "/model/anthropic.claude-3/invoke",
    "/model/anthropic.claude-3/invoke-with-response-stream",
    "/model/amazon.nova-lite-v1:0/converse",
    "/model/amazon.nova-lite-v1:0/converse-stream",
    "/v2/chat",
    "/v1/chat",
    "/v2/rerank",
    "/api/chat",
    "/api/generate",
    "/api/embed",
    "/v1/conversations",
    "/v1/ocr",
    "/v1/models/o/n/predictions",
    "/generate_stream",
    "/ml/v1/text/generation_stream",
    "/ai/run/@cf/o/m",
    "/api/v1/services/aigc/text-generation/generation",
    "/serving-endpoints/e/invocations",
    "/completion",
    "/api/v1/chat",
    "/backend-api/f/conversation",
    "/api/organizations/o/chat_conversations/c/completion",
    "/agent.v1.AgentService/Run",
    "/unknown",
];

const KINDS: [&str; 6] = [
    "application/json",
    "text/event-stream",
    "application/x-ndjson",
    "application/vnd.amazon.eventstream",
    "application/connect+proto",
    "text/plain",
];

fn message(start: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("{start}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// Every event can be written down.
fn check(events: &[Event]) {
    for event in events {
        assert!(serde_json::to_string(event).is_ok());
    }
}

/// Bytes as records: one that says what follows, two for its length, then so
/// many bytes of data.
fn records(mut data: &[u8]) -> Vec<RawEvent> {
    let mut offsets = [0u64; 2];
    let mut records = Vec::new();
    while let [what, high, low, rest @ ..] = data {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        let way = usize::from(what & 1);
        let direction = [Direction::Outgoing, Direction::Incoming][way];
        let offset = offsets[way];
        offsets[way] = offset.saturating_add(len as u64);
        let kind = if what & 0xf0 == 0xf0 {
            data = rest;
            TlsKind::Gap {
                direction,
                offset,
                len: len as u64,
                cause: GapCause::RingFull,
            }
        } else {
            let (bytes, rest) = rest.split_at(len.min(rest.len()));
            data = rest;
            TlsKind::Data {
                direction,
                offset,
                bytes: Bytes::copy_from_slice(bytes),
            }
        };
        records.push(record(records.len() as u64, kind));
    }
    records
}

fn record(at: u64, what: TlsKind) -> RawEvent {
    let conn = ConnId {
        pid: 1,
        start_time: 1,
        handle: 1,
        generation: 0,
    };
    RawEvent {
        at: Timestamp::from_nanos(at),
        pid: 1,
        tid: 1,
        kind: RawKind::Tls(TlsEvent { conn, what }),
    }
}

fn framing<F: Framing>(data: &[u8], new: impl Fn() -> F) {
    let whole = split(new(), &[data]);
    let cut = data.first().map_or(0, |byte| usize::from(*byte)) % (data.len() + 1);
    let (one, other) = data.split_at(cut);
    assert_eq!(split(new(), &[one, other]), whole);
    let mut torn = new();
    torn.push(one, &mut |_| {});
    torn.gap();
    torn.push(other, &mut |_| {});
    torn.finish(&mut |_| {});
}

fn split(mut framing: impl Framing, pieces: &[&[u8]]) -> Vec<StreamEvent> {
    let mut events = Vec::new();
    let mut keep = |event: &StreamEvent| events.push(event.clone());
    for piece in pieces {
        framing.push(piece, &mut keep);
    }
    framing.finish(&mut keep);
    events
}

/// Requests up to the first 0xff byte, answers after it.
fn halves(data: &[u8]) -> (&[u8], &[u8]) {
    let middle = memchr::memchr(0xff, data).unwrap_or(data.len());
    let (requests, responses) = data.split_at(middle);
    (requests, responses.get(1..).unwrap_or_default())
}

fn protocol<P: Protocol>(data: &[u8], new: impl Fn() -> P) {
    let (requests, responses) = halves(data);
    let whole = exchange(new(), &[requests], &[responses]);
    let cut = |bytes: &[u8]| data.first().map_or(0, |byte| usize::from(*byte)) % (bytes.len() + 1);
    let (one, two) = requests.split_at(cut(requests));
    let (three, four) = responses.split_at(cut(responses));
    assert_eq!(exchange(new(), &[one, two], &[three, four]), whole);
}

/// The parts, bodies that follow each other joined.
fn exchange(mut protocol: impl Protocol, requests: &[&[u8]], responses: &[&[u8]]) -> Vec<String> {
    let at = Timestamp::default();
    let mut out = Vec::new();
    for (half, pieces) in [(Half::Request, requests), (Half::Response, responses)] {
        for piece in pieces {
            protocol.push(half, at, Bytes::copy_from_slice(piece), &mut out);
        }
    }
    protocol.close(at, Ending::ConnectionClosed, &mut out);
    joined(out)
}

fn joined(parts: Vec<HttpEvent>) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    let mut body: Option<(u64, Half, Vec<u8>)> = None;
    for event in parts {
        match (event.part, &mut body) {
            (Part::Body(more), Some((exchange, half, bytes)))
                if (*exchange, *half) == (event.exchange, event.half) =>
            {
                bytes.extend_from_slice(&more)
            }
            (Part::Body(more), _) => {
                told.extend(body.take().map(|body| format!("{body:?}")));
                body = Some((event.exchange, event.half, more.to_vec()));
            }
            (part, _) => {
                told.extend(body.take().map(|body| format!("{body:?}")));
                told.push(format!("{} {:?} {part:?}", event.exchange, event.half));
            }
        }
    }
    told.extend(body.map(|body| format!("{body:?}")));
    told
}
