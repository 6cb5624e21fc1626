//! Streams that mean harm, and the most memory that the decoder has while it
//! reads them. The bounds are those that the crate's documentation states.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

#[path = "bounds/peak.rs"]
mod peak;
#[path = "bounds/wire.rs"]
mod wire;

use std::io::Write;

use peak::peak;
use wire::{RECORD, Wire};

const MIB: usize = 1 << 20;
const JSON: &str = "Content-Type: application/json\r\n";
const CHAT: &str = "/v1/chat/completions";

/// What work on one decoder needs at most, in MiB.
fn needs_at_most(mib: usize, work: impl FnOnce(&mut Wire)) {
    let mut wire = Wire::new();
    let needed = peak(|| work(&mut wire));
    let shown = needed as f64 / MIB as f64;
    // Seen with --nocapture.
    let _ = writeln!(std::io::stderr(), "needs {shown:.1} of {mib} MiB");
    assert!(needed <= mib * MIB, "{shown:.1} MiB, bound {mib} MiB");
}

#[test]
fn a_head_without_end() {
    for start in ["POST /", "POST / HTTP/1.1\r\n", "POST / HTTP/1.1\r\nx: "] {
        needs_at_most(1, |wire| {
            wire.out(1, start.as_bytes());
            (0..1000).for_each(|_| wire.out(1, &[b'x'; RECORD]));
        });
    }
    needs_at_most(1, |wire| {
        wire.answering(1, CHAT, "");
        wire.out(2, b"POST / HTTP/1.1\r\n");
        (0..1000).for_each(|_| wire.out(2, &b"x: y\r\n".repeat(2000)));
    });
}

#[test]
fn heads_without_end_on_1000_connections() {
    needs_at_most(160, |wire| {
        for _ in 0..16 {
            for conn in 0..1000 {
                wire.out(conn, &b"GET / HTTP/1.1\r\nx: ".repeat(800));
            }
        }
        assert!(wire.counter("decode.connections_evicted") > 0);
    });
}

/// The capture of a long head in small records, after which nothing of it is
/// needed.
#[test]
fn long_heads_are_forgotten_once_they_are_read() {
    needs_at_most(8, |wire| {
        for conn in 0..2000 {
            wire.out(conn, b"GET / HTTP/1.1\r\nx: ");
            (0..8).for_each(|_| wire.out(conn, &[b'x'; 8000]));
            wire.out(conn, b"\r\n\r\n");
            wire.inn(conn, b"HTTP/1.1 204 No Content\r\n\r\n");
        }
        assert_eq!(wire.counter("decode.connections_evicted"), 0);
    });
}

#[test]
fn half_requests_on_10000_connections() {
    needs_at_most(160, |wire| {
        let fields = format!("User-Agent: {}\r\n", "x".repeat(12_000));
        for conn in 0..10_000 {
            wire.asking(conn, &fields);
            wire.out(conn, b"{\"messages\":[{\"role\":\"user\",\"content\":\"");
        }
        assert!(wire.counter("decode.connections_evicted") > 0);
    });
}

#[test]
fn half_requests_that_are_short_are_all_kept() {
    needs_at_most(48, |wire| {
        (0..10_000).for_each(|conn| wire.asking(conn, "User-Agent: x\r\n"));
        assert_eq!(wire.counter("decode.connections_evicted"), 0);
    });
}

#[test]
fn lines_without_end() {
    for kind in ["text/event-stream", "application/x-ndjson"] {
        needs_at_most(100, |wire| {
            wire.answering(1, CHAT, &format!("Content-Type: {kind}\r\n"));
            wire.inn(1, b"data: ");
            wire.inn_until(1, b"x", 64 * MIB);
            wire.close(1);
            assert_eq!(wire.events, 2);
        });
    }
}

#[test]
fn documents_without_end() {
    for piece in [" ", "x", "["] {
        needs_at_most(100, |wire| {
            wire.answering(1, CHAT, JSON);
            wire.inn_until(1, piece.as_bytes(), 64 * MIB);
            wire.close(1);
        });
    }
}

#[test]
fn long_bodies_on_many_connections() {
    needs_at_most(640, |wire| {
        for conn in 0..64 {
            wire.asking(conn, "");
            (0..10 * MIB / RECORD).for_each(|_| wire.out(conn, &[b'x'; RECORD]));
        }
    });
}

/// A list of millions of values that each take a few bytes of text.
#[test]
fn tiny_values() {
    let around = [
        ("[", "0,", "0]"),
        ("{\"choices\":[", "{},", "{}]}"),
        (
            "{\"choices\":[{\"message\":{\"tool_calls\":[",
            "0,",
            "0]}}]}",
        ),
        (
            "{\"choices\":[{\"message\":{\"content\":[",
            "{\"\":0},",
            "0]}}]}",
        ),
    ];
    for (start, piece, end) in around {
        needs_at_most(256, |wire| {
            let times = (20 * MIB / piece.len()).min(10_000_000);
            let len = start.len() + times * piece.len() + end.len();
            wire.answering(1, CHAT, &format!("{JSON}Content-Length: {len}\r\n"));
            wire.inn(1, start.as_bytes());
            let record = piece.repeat(1000);
            (0..times / 1000).for_each(|_| wire.inn(1, record.as_bytes()));
            wire.inn(1, piece.repeat(times % 1000).as_bytes());
            wire.inn(1, end.as_bytes());
            assert_eq!(wire.events, 2, "{start}");
        });
    }
}

/// Each call of a tool is an event: an answer of many makes no flood of them.
#[test]
fn calls_of_many_tools() {
    needs_at_most(64, |wire| {
        let calls = "{\"function\":{}},".repeat(60_000);
        let body = format!("{{\"choices\":[{{\"message\":{{\"tool_calls\":[{calls}{{}}]}}}}]}}");
        let fields = format!("{JSON}Content-Length: {}\r\n", body.len());
        wire.answering(1, CHAT, &fields);
        wire.inn(1, body.as_bytes());
        assert_eq!(wire.events, 2 + 1024);
    });
}

/// Each event names a call, for which a place is looked for among the others.
#[test]
fn calls_of_a_stream_without_end() {
    needs_at_most(32, |wire| {
        wire.answering(1, CHAT, "Content-Type: text/event-stream\r\n");
        for n in 0..8_000 {
            let call = format!("{{\"index\":{n},\"id\":\"a\",\"function\":{{\"name\":\"b\"}}}}");
            let event = format!("{{\"choices\":[{{\"delta\":{{\"tool_calls\":[{call}]}}}}]}}");
            wire.inn(1, format!("data: {event}\n\n").as_bytes());
        }
        wire.close(1);
        assert_eq!(wire.events, 2 + 1024);
    });
}

#[test]
fn bombs_in_answers_and_requests() {
    let zeros = vec![0; 64 * MIB];
    let gzip = gzip(&zeros);
    let bombs = [
        ("gzip", gzip.clone()),
        ("br", brotli(&zeros)),
        ("zstd", zstd::stream::encode_all(&*zeros, 3).unwrap()),
        ("gzip, gzip", self::gzip(&gzip)),
        ("gzip, gzip, br", brotli(&self::gzip(&gzip))),
    ];
    drop(zeros);
    for (coding, bomb) in bombs {
        let fields = format!("{JSON}Content-Encoding: {coding}\r\n");
        needs_at_most(128, |wire| {
            wire.answering(1, CHAT, &fields);
            wire.inn(1, &bomb);
            wire.close(1);
            assert_eq!(wire.events, 2);
        });
        needs_at_most(128, |wire| {
            wire.asking(1, &format!("Content-Encoding: {coding}\r\n"));
            wire.out(1, &bomb);
            wire.close(1);
        });
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 1 << 16, 5, 24);
    encoder.write_all(bytes).unwrap();
    encoder.into_inner()
}

#[test]
fn a_message_of_an_eventstream_that_says_it_has_4_gib() {
    needs_at_most(1, |wire| {
        let kind = "Content-Type: application/vnd.amazon.eventstream\r\n";
        wire.answering(1, CHAT, kind);
        wire.inn(1, &[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
        wire.inn_until(1, b"x", 64 * MIB);
        wire.close(1);
    });
}

#[test]
fn a_frame_of_a_websocket_that_says_it_has_2_to_the_63_bytes() {
    let head = "GET /v1/realtime?model=m HTTP/1.1\r\nHost: api.openai.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let agreed =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    needs_at_most(100, |wire| {
        wire.out(1, head.as_bytes());
        wire.inn(1, agreed.as_bytes());
        wire.inn(
            1,
            &[0x81, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        );
        wire.inn_until(1, b"x", 64 * MIB);
        wire.close(1);
    });
}

#[test]
fn lines_of_json_rpc_without_end() {
    needs_at_most(160, |wire| {
        for conn in 0..100 {
            wire.out(
                conn,
                b"{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1}\n",
            );
            wire.out(conn, b"{\"jsonrpc\":\"2.0\",\"method\":\"");
            (0..200).for_each(|_| wire.out(conn, &[b'x'; RECORD]));
        }
    });
}

/// Frames of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [len[1], len[2], len[3], kind, flags];
    [&head, &stream.to_be_bytes()[..], payload].concat()
}

const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A field that is not to be indexed, its name and value as they are.
fn literal(name: &str, value: &str) -> Vec<u8> {
    [&[0][..], &text(name), &text(value)].concat()
}

fn text(text: &str) -> Vec<u8> {
    let len = text.len();
    assert!(len < 127 + 128 * 128);
    let prefix = match len {
        0..127 => vec![u8::try_from(len).unwrap()],
        _ => {
            let rest = len - 127;
            let low = u8::try_from(rest % 128).unwrap();
            vec![127, low | 128, u8::try_from(rest / 128).unwrap()]
        }
    };
    [&prefix, text.as_bytes()].concat()
}

/// `POST`, a path and a long field.
fn long_head() -> Vec<u8> {
    let path = literal(":path", CHAT);
    [
        &[0x83][..],
        &path,
        &literal("user-agent", &"x".repeat(15_000)),
    ]
    .concat()
}

#[test]
fn streams_of_http2_that_are_opened_without_end() {
    needs_at_most(32, |wire| {
        wire.out(1, PREFACE);
        wire.out(1, &frame(4, 0, 0, &[]));
        for n in 0..10_000 {
            wire.out(1, &frame(HEADERS, END_HEADERS, n * 2 + 1, &long_head()));
        }
    });
}

#[test]
fn streams_of_http2_on_many_connections() {
    needs_at_most(160, |wire| {
        for conn in 0..50 {
            wire.out(conn, PREFACE);
            wire.out(conn, &frame(4, 0, 0, &[]));
            for n in 0..500 {
                wire.out(conn, &frame(HEADERS, END_HEADERS, n * 2 + 1, &long_head()));
            }
        }
        assert!(wire.counter("decode.connections_evicted") > 0);
    });
}

#[test]
fn floods_of_header_compression() {
    let grows = [0x3f, 0xe1, 0xff, 0x03].repeat(4000);
    let inserts = [&[0x40][..], &text("x"), &text(&"y".repeat(3000))].concat();
    let names_it = [0xbe].repeat(16_000);
    let flood = [
        frame(HEADERS, END_HEADERS, 1, &grows),
        frame(HEADERS, END_HEADERS, 3, &inserts),
        frame(HEADERS, END_HEADERS, 5, &names_it),
    ];
    needs_at_most(160, |wire| {
        wire.out(1, PREFACE);
        wire.out(1, &frame(4, 0, 0, &[]));
        for n in 0..1000 {
            for (kind, mut bytes) in flood.iter().cloned().enumerate() {
                let id = n * 6 + u32::try_from(kind).unwrap() * 2 + 1;
                bytes[5..9].copy_from_slice(&id.to_be_bytes());
                wire.out(1, &bytes);
            }
        }
    });
}

#[test]
fn a_block_that_is_continued_without_end() {
    needs_at_most(2, |wire| {
        wire.out(1, PREFACE);
        wire.out(1, &frame(4, 0, 0, &[]));
        wire.out(1, &frame(HEADERS, 0, 1, &long_head()));
        let more = literal("x", &"y".repeat(15_000));
        (0..2000).for_each(|_| wire.out(1, &frame(CONTINUATION, 0, 1, &more)));
        (0..2000).for_each(|_| wire.out(1, &frame(CONTINUATION, 0, 1, &[])));
    });
}
