//! A captured connection, with messages of HTTP/1.1, one record for each TLS record.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use oisp_core::raw::{TlsEvent, TlsKind, Transport};
use oisp_core::{ConnId, Direction, RawEvent, RawKind, Remote, Timestamp};
use serde_json::Value;

use super::Case;

/// Longest plaintext of a TLS record (RFC 8446 §5.1).
const RECORD: usize = 16 << 10;

const CONN: ConnId = ConnId {
    pid: 4711,
    start_time: 99,
    handle: 0x7f00_dead_0000,
    generation: 0,
};

/// An exchange while it is put together.
pub(super) struct Wire {
    records: Vec<RawEvent>,
    documents: Vec<Bytes>,
    compressed: Option<Bytes>,
    offsets: [u64; 2],
    at: u64,
}

/// An event of a stream.
pub(super) struct Frame {
    /// Its `event` field.
    pub(super) name: Option<&'static str>,
    /// Its `data` field, save for `[DONE]`, which is no JSON.
    pub(super) data: Option<Value>,
}

/// Plaintext of a record.
pub(super) fn len(raw: &RawEvent) -> usize {
    match &raw.kind {
        RawKind::Tls(TlsEvent {
            what: TlsKind::Data { bytes, .. },
            ..
        }) => bytes.len(),
        _ => 0,
    }
}

impl Wire {
    /// A new connection to a host.
    pub(super) fn open(host: &str) -> Self {
        let mut wire = Self {
            records: Vec::new(),
            documents: Vec::new(),
            compressed: None,
            offsets: [0, 0],
            at: 1_760_000_000_000_000_000,
        };
        let remote = Remote {
            host: host.into(),
            port: Some(443),
        };
        wire.record(TlsKind::Opened {
            remote: Some(remote),
            transport: Transport::Tls,
        });
        wire
    }

    /// A request: head and body.
    pub(super) fn request(&mut self, host: &str, path: &str, fields: &str, body: &Value) {
        let body = self.document(body);
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: example-client/1.0\r\naccept: */*\r\ncontent-type: application/json\r\n{fields}content-length: {}\r\n\r\n",
            body.len()
        );
        self.data(Direction::Outgoing, &[head.as_bytes(), &body].concat());
    }

    /// A whole answer.
    pub(super) fn answer(&mut self, body: &Value) {
        let body = self.document(body);
        let head = format!(
            "{}content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            head(),
            body.len()
        );
        self.data(Direction::Incoming, &[head.as_bytes(), &body].concat());
    }

    /// A whole answer, compressed.
    pub(super) fn gzip_answer(&mut self, body: &Value) {
        let body = gzip(&self.document(body));
        let head = format!(
            "{}content-type: application/json\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n",
            head()
        );
        self.data(Direction::Incoming, head.as_bytes());
        for piece in body.chunks(4 << 10) {
            self.chunk(piece);
        }
        self.chunk(b"");
        self.compressed = Some(body);
    }

    /// A streamed answer, a record for each event.
    pub(super) fn stream(&mut self, frames: Vec<Frame>) {
        let head = format!(
            "{}content-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n",
            head()
        );
        self.data(Direction::Incoming, head.as_bytes());
        for frame in frames {
            let name = frame
                .name
                .map(|name| format!("event: {name}\n"))
                .unwrap_or_default();
            let data = frame.data.map_or_else(
                || Bytes::from_static(b"[DONE]"),
                |data| self.document(&data),
            );
            self.chunk(&[name.as_bytes(), b"data: ", &data, b"\n\n"].concat());
        }
        self.chunk(b"");
    }

    /// The connection ends.
    pub(super) fn close(mut self, name: &'static str, texts: Vec<String>) -> Case {
        self.record(TlsKind::Closed);
        Case {
            name,
            records: self.records,
            documents: self.documents,
            compressed: self.compressed,
            texts,
        }
    }

    /// What was captured, of a connection that goes on.
    pub(super) fn into_records(self) -> Vec<RawEvent> {
        self.records
    }

    /// The text of a document, which is noted as one that is in the bytes.
    pub(super) fn document(&mut self, value: &Value) -> Bytes {
        let bytes = Bytes::from(value.to_string());
        self.documents.push(bytes.clone());
        bytes
    }

    /// A chunk of a body; the empty one is the last.
    pub(super) fn chunk(&mut self, bytes: &[u8]) {
        let size = format!("{:x}\r\n", bytes.len());
        self.data(
            Direction::Incoming,
            &[size.as_bytes(), bytes, b"\r\n"].concat(),
        );
    }

    /// Bytes of one direction.
    pub(super) fn data(&mut self, direction: Direction, bytes: &[u8]) {
        for piece in bytes.chunks(RECORD) {
            let [outgoing, incoming] = &mut self.offsets;
            let next = match direction {
                Direction::Outgoing => outgoing,
                Direction::Incoming => incoming,
            };
            let offset = *next;
            *next += piece.len() as u64;
            self.record(TlsKind::Data {
                direction,
                offset,
                bytes: Bytes::copy_from_slice(piece),
            });
        }
    }

    fn record(&mut self, what: TlsKind) {
        self.at += 1_000_000;
        self.records.push(RawEvent {
            at: Timestamp::from_nanos(self.at),
            pid: CONN.pid,
            tid: CONN.pid,
            kind: RawKind::Tls(TlsEvent { conn: CONN, what }),
        });
    }
}

const fn head() -> &'static str {
    "HTTP/1.1 200 OK\r\ndate: Fri, 21 Nov 2025 15:00:00 GMT\r\nx-request-id: req_made_up_0001\r\nopenai-processing-ms: 412\r\nx-ratelimit-limit-requests: 10000\r\nx-ratelimit-remaining-requests: 9999\r\nstrict-transport-security: max-age=31536000\r\nserver: example\r\n"
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail; were it to, the case would not decode.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default().into()
}
