//! A decoder, and the records of many connections that it is given. Each
//! record has memory of its own, as in a capture: keeping a part of it keeps it
//! all.

use oisp_core::raw::TlsKind;
use oisp_core::{ConnId, Direction, Event, RawEvent, RawKind, Timestamp, TlsEvent};
use oisp_decode::{Decoder, HashKey};
use std::collections::HashMap;

/// Plaintext of a TLS record.
pub const RECORD: usize = 16 << 10;

/// Requests of a chat, the head of the answer still to come.
pub const ASK: &str = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"x"}]}"#;

pub struct Wire {
    decoder: Decoder,
    offsets: HashMap<(u64, Direction), u64>,
    at: u64,
    /// Events that were made.
    pub events: usize,
}

impl Wire {
    pub fn new() -> Self {
        Self {
            decoder: Decoder::new(HashKey::new([1; 32])),
            offsets: HashMap::new(),
            at: 1_700_000_000_000_000_000,
            events: 0,
        }
    }

    pub fn out(&mut self, conn: u64, bytes: &[u8]) {
        self.push(conn, Direction::Outgoing, bytes);
    }

    pub fn inn(&mut self, conn: u64, bytes: &[u8]) {
        self.push(conn, Direction::Incoming, bytes);
    }

    pub fn close(&mut self, conn: u64) {
        self.raw(conn, TlsKind::Closed);
    }

    /// The same piece until so many bytes are there.
    pub fn inn_until(&mut self, conn: u64, piece: &[u8], bytes: usize) {
        let record = piece.repeat(RECORD / piece.len());
        for _ in 0..bytes / record.len() {
            self.inn(conn, &record);
        }
    }

    /// A call of that path, and the head of its answer.
    pub fn answering(&mut self, conn: u64, path: &str, fields: &str) {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: made.up.example\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{ASK}",
            ASK.len()
        );
        self.out(conn, request.as_bytes());
        self.inn(conn, format!("HTTP/1.1 200 OK\r\n{fields}\r\n").as_bytes());
    }

    /// A request whose body is to come.
    pub fn asking(&mut self, conn: u64, fields: &str) {
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: made.up.example\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n{fields}\r\n"
        );
        self.out(conn, head.as_bytes());
    }

    pub fn counter(&self, name: &str) -> u64 {
        self.decoder.counters()[name]
    }

    fn push(&mut self, conn: u64, direction: Direction, bytes: &[u8]) {
        for bytes in bytes.chunks(RECORD) {
            let next = self.offsets.entry((conn, direction)).or_default();
            let offset = *next;
            *next += bytes.len() as u64;
            let what = TlsKind::Data {
                direction,
                offset,
                bytes: bytes.to_vec().into(),
            };
            self.raw(conn, what);
        }
    }

    fn raw(&mut self, handle: u64, what: TlsKind) {
        let conn = ConnId {
            pid: 7,
            start_time: 1,
            handle,
            generation: 0,
        };
        self.at += 1000;
        let raw = RawEvent {
            at: Timestamp::from_nanos(self.at),
            pid: 7,
            tid: 7,
            kind: RawKind::Tls(TlsEvent { conn, what }),
        };
        let mut out: Vec<Event> = Vec::new();
        self.decoder.push(&raw, &mut out);
        self.events += out.len();
    }
}
