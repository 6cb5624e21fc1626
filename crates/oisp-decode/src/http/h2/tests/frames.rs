//! What each frame does, by hand-written frames.

use super::*;
use crate::http::sniff::H2_PREFACE;
use crate::http::{Headers, RequestHead};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const PUSH_PROMISE: u8 = 5;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

/// `:method: POST`, `:scheme: https`, `:path: /`, `:authority: api.test`, the
/// last one for the table.
const POST: &[u8] = b"\x83\x87\x84\x41\x08api.test";
/// `:status: 200`.
const OK: &[u8] = b"\x88";

/// A connection whose prefaces went by, with the requests 1, 3 .. `streams`
/// under way.
fn with_requests(streams: u32) -> Connection {
    let mut connection = Connection::default();
    let settings = frame(4, 0, 0, &[]);
    push(
        &mut connection,
        Half::Request,
        &[H2_PREFACE, &settings].concat(),
    );
    push(&mut connection, Half::Response, &settings);
    for stream in (1..=streams).step_by(2) {
        let parts = push(
            &mut connection,
            Half::Request,
            &frame(HEADERS, END_HEADERS, stream, POST),
        );
        assert_eq!(parts.len(), 1);
    }
    connection
}

fn parts(events: Vec<HttpEvent>) -> Vec<(u64, Half, Part)> {
    events
        .into_iter()
        .map(|event| (event.exchange, event.half, event.part))
        .collect()
}

fn response(connection: &mut Connection, bytes: &[u8]) -> Vec<(u64, Half, Part)> {
    parts(push(connection, Half::Response, bytes))
}

fn status(part: &Part) -> Option<u16> {
    match part {
        Part::Response(head) => head.status,
        other => panic!("{other:?}"),
    }
}

fn body(bytes: &'static [u8]) -> Part {
    Part::Body(Bytes::from_static(bytes))
}

const fn end(stream: u64, half: Half, ending: Ending) -> (u64, Half, Part) {
    (stream, half, Part::End(ending))
}

#[test]
fn a_request_has_its_head_and_the_time_of_its_first_byte() {
    let mut connection = with_requests(0);
    let bytes = frame(HEADERS, END_HEADERS | END_STREAM, 1, POST);
    let mut out = Vec::new();
    let (first, rest) = bytes.split_at(3);
    connection.push(
        Half::Request,
        Timestamp::from_nanos(5),
        Bytes::copy_from_slice(first),
        &mut out,
    );
    connection.push(
        Half::Request,
        Timestamp::from_nanos(9),
        Bytes::copy_from_slice(rest),
        &mut out,
    );
    let head = RequestHead {
        began: Timestamp::from_nanos(5),
        method: Some(String::from("POST")),
        authority: Some(String::from("api.test")),
        path: Some(String::from("/")),
        headers: Headers::default(),
    };
    assert_eq!(
        out.iter()
            .map(|event| event.at.as_nanos())
            .collect::<Vec<_>>(),
        [9, 9]
    );
    assert_eq!(
        parts(out),
        [
            (1, Half::Request, Part::Request(head)),
            end(1, Half::Request, Ending::Complete)
        ]
    );
}

#[test]
fn data_goes_out_before_its_frame_is_complete_and_without_padding() {
    let mut connection = with_requests(1);
    let bytes = frame(DATA, PADDED | END_STREAM, 1, b"\x03hello\0\0\0");
    let send =
        |connection: &mut Connection, bytes: &[u8]| parts(push(connection, Half::Request, bytes));
    assert_eq!(
        send(&mut connection, &bytes[..12]),
        [(1, Half::Request, body(b"he"))]
    );
    assert_eq!(
        send(&mut connection, &bytes[12..16]),
        [(1, Half::Request, body(b"llo"))]
    );
    assert_eq!(
        send(&mut connection, &bytes[16..]),
        [end(1, Half::Request, Ending::Complete)]
    );
}

#[test]
fn a_head_may_be_padded_prioritised_and_spread_over_continuations() {
    let mut connection = with_requests(0);
    let (start, rest) = POST.split_at(4);
    let first = [b"\x02\0\0\0\0\x10".as_slice(), start, b"\0\0"].concat();
    let bytes = [
        frame(HEADERS, PADDED | 0x20 | END_STREAM, 1, &first),
        frame(CONTINUATION, 0, 1, &rest[..3]),
        frame(CONTINUATION, END_HEADERS, 1, &rest[3..]),
    ]
    .concat();
    let parts = parts(push(&mut connection, Half::Request, &bytes));
    let Some((1, Half::Request, Part::Request(head))) = parts.first() else {
        panic!("{parts:?}")
    };
    assert_eq!(head.authority.as_deref(), Some("api.test"));
    assert_eq!(parts[1..], [end(1, Half::Request, Ending::Complete)]);
}

#[test]
fn informational_heads_are_left_out_and_trailers_are_not_heads() {
    let mut connection = with_requests(1);
    let early = frame(HEADERS, END_HEADERS, 1, b"\x08\x03103");
    assert_eq!(response(&mut connection, &early), []);
    let answer = [
        frame(HEADERS, END_HEADERS, 1, OK),
        frame(DATA, 0, 1, b"hi"),
        frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\0\x01a\x01b"),
    ];
    let parts = response(&mut connection, &answer.concat());
    assert_eq!(status(&parts[0].2), Some(200));
    assert_eq!(parts[1].2, body(b"hi"));
    let Part::Trailers(trailers) = &parts[2].2 else {
        panic!("{parts:?}")
    };
    assert_eq!(trailers.get("a"), Some("b"));
    assert_eq!(parts[3..], [end(1, Half::Response, Ending::Complete)]);
}

#[test]
fn a_head_of_unknown_status_waits_until_it_is_clear_that_it_was_the_final_one() {
    let mut connection = with_requests(3);
    // `:status` by an entry from before, and a field of its own.
    let unknown = |stream| frame(HEADERS, END_HEADERS, stream, b"\xbe\0\x01a\x01b");
    assert_eq!(
        response(&mut connection, &[unknown(1), unknown(3)].concat()),
        []
    );
    let parts = response(&mut connection, &frame(HEADERS, END_HEADERS, 1, OK));
    assert_eq!((parts.len(), status(&parts[0].2)), (1, Some(200)));
    let parts = response(&mut connection, &frame(DATA, END_STREAM, 3, b"hi"));
    let Part::Response(head) = &parts[0].2 else {
        panic!("{parts:?}")
    };
    assert_eq!((head.status, head.headers.get("a")), (None, Some("b")));
    assert_eq!(
        parts[1..],
        [
            (3, Half::Response, body(b"hi")),
            end(3, Half::Response, Ending::Complete)
        ]
    );
}

#[test]
fn a_reset_ends_both_halves_and_what_is_still_under_way_is_nobodys() {
    let mut connection = with_requests(1);
    response(&mut connection, &frame(HEADERS, END_HEADERS, 1, OK));
    let parts = parts(push(
        &mut connection,
        Half::Request,
        &frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]),
    ));
    assert_eq!(
        parts,
        [
            end(1, Half::Request, Ending::Reset),
            end(1, Half::Response, Ending::Reset)
        ]
    );
    let late = [
        frame(DATA, 0, 1, b"late"),
        frame(HEADERS, END_HEADERS | END_STREAM, 1, OK),
    ]
    .concat();
    assert_eq!(response(&mut connection, &late), []);
}

#[test]
fn a_server_that_has_answered_and_wants_no_more_ends_the_request_only() {
    let mut connection = with_requests(1);
    let bytes = [
        frame(HEADERS, END_HEADERS | END_STREAM, 1, OK),
        frame(RST_STREAM, 0, 1, &[0; 4]),
    ];
    let parts = response(&mut connection, &bytes.concat());
    assert_eq!(
        parts[1..],
        [
            end(1, Half::Response, Ending::Complete),
            end(1, Half::Request, Ending::Reset)
        ]
    );
}

#[test]
fn goaway_gives_up_the_streams_that_will_not_be_answered() {
    let mut connection = with_requests(5);
    let parts = response(
        &mut connection,
        &frame(GOAWAY, 0, 0, &[0, 0, 0, 3, 0, 0, 0, 0]),
    );
    assert_eq!(
        parts,
        [
            end(5, Half::Request, Ending::Reset),
            end(5, Half::Response, Ending::Reset)
        ]
    );
}

#[test]
fn a_promise_changes_the_table_and_makes_no_exchange() {
    let mut connection = with_requests(1);
    let promise = [b"\0\0\0\x02".as_slice(), b"\x82\x40\x01a\x01b"].concat();
    let bytes = [
        frame(PUSH_PROMISE, END_HEADERS, 1, &promise),
        frame(HEADERS, END_HEADERS, 2, OK),
        frame(DATA, END_STREAM, 2, b"pushed"),
        // The promise's insertion, by its index.
        frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x88\xbe"),
    ];
    let parts = response(&mut connection, &bytes.concat());
    let Part::Response(head) = &parts[0].2 else {
        panic!("{parts:?}")
    };
    assert_eq!(
        (head.headers.get("a"), head.headers.unknown()),
        (Some("b"), 0)
    );
    assert_eq!(parts[1..], [end(1, Half::Response, Ending::Complete)]);
}

#[test]
fn unknown_frames_are_skipped() {
    let mut connection = with_requests(1);
    let bytes = [
        frame(0xfa, 0xff, 77, &[1; 5000]),
        frame(HEADERS, END_HEADERS, 1, OK),
    ]
    .concat();
    assert_eq!(response(&mut connection, &bytes).len(), 1);
}

#[test]
fn broken_framing_ends_what_is_under_way_and_the_next_frames_are_found() {
    let mut connection = with_requests(3);
    response(&mut connection, &frame(HEADERS, END_HEADERS, 1, OK));
    let ping_of_three = frame(6, 0, 0, &[0; 3]);
    assert_eq!(
        response(&mut connection, &ping_of_three),
        [end(1, Half::Response, Ending::Malformed)]
    );
    // Stream 3 has its answer still to come, which is read.
    let parts = response(
        &mut connection,
        &frame(HEADERS, END_HEADERS | END_STREAM, 3, OK),
    );
    assert_eq!(parts[1..], [end(3, Half::Response, Ending::Complete)]);
}

#[test]
fn missing_body_bytes_leave_the_rest_intact() {
    let mut connection = with_requests(1);
    response(&mut connection, &frame(HEADERS, END_HEADERS, 1, OK));
    let bytes = frame(DATA, END_STREAM, 1, &[b'x'; 100]);
    response(&mut connection, &bytes[..20]);
    let mut out = Vec::new();
    connection.gap(Half::Response, Timestamp::default(), 89, &mut out);
    assert_eq!(
        parts(out),
        [
            (1, Half::Response, Part::Gap(89)),
            end(1, Half::Response, Ending::Complete)
        ]
    );
}

#[test]
fn missing_head_bytes_make_the_head_partly_unknown() {
    let mut connection = with_requests(1);
    let bytes = frame(HEADERS, END_HEADERS, 1, b"\x88\0\x01a\x01b\0\x01c\x01d");
    response(&mut connection, &bytes[..17]);
    let mut out = Vec::new();
    connection.gap(Half::Response, Timestamp::default(), 2, &mut out);
    assert_eq!(out, []);
    let parts = response(
        &mut connection,
        &[&bytes[19..], &frame(DATA, END_STREAM, 1, b"hi")].concat(),
    );
    let Part::Response(head) = &parts[0].2 else {
        panic!("{parts:?}")
    };
    assert_eq!(
        (head.status, head.headers.get("a"), head.headers.get("c")),
        (Some(200), Some("b"), None)
    );
    assert!(head.headers.unknown() > 0);
    assert_eq!(
        parts[1..],
        [
            (1, Half::Response, body(b"hi")),
            end(1, Half::Response, Ending::Complete)
        ]
    );
}

#[test]
fn a_gap_beyond_the_frame_loses_what_is_under_way() {
    let mut connection = with_requests(3);
    response(&mut connection, &frame(HEADERS, END_HEADERS, 1, OK));
    let mut out = Vec::new();
    connection.gap(Half::Response, Timestamp::default(), 50, &mut out);
    assert_eq!(parts(out), [end(1, Half::Response, Ending::Lost)]);
    // The head of 3 was in the gap: its body has none.
    let parts = response(&mut connection, &frame(DATA, END_STREAM, 3, b"hi"));
    assert_eq!(parts, [end(3, Half::Response, Ending::Lost)]);
}

#[test]
fn a_header_bomb_is_counted_and_not_kept() {
    let mut connection = with_requests(1);
    let value = [b'v'; 4000];
    let insert = [b"\x88\x40\x01a\x7f\xa1\x1e".as_slice(), &value].concat();
    let bomb = [insert.as_slice(), &[0xbe; 10_000]].concat();
    let parts = response(&mut connection, &frame(HEADERS, END_HEADERS, 1, &bomb));
    let Part::Response(head) = &parts[0].2 else {
        panic!("{parts:?}")
    };
    assert!(head.headers.all("a").map(str::len).sum::<usize>() <= Limits::default().fields);
    assert!(head.headers.unknown() > 9000, "{}", head.headers.unknown());
}

#[test]
fn many_small_header_bombs_in_one_call_are_bounded_together() {
    let mut connection = with_requests(399);
    let value = [b'v'; 4000];
    let insert = [b"\x88\x40\x01a\x7f\xa1\x1e".as_slice(), &value].concat();
    let bomb = [[0x88].as_slice(), &[0xbe; 60]].concat();
    let bombs: Vec<u8> = (3..400)
        .step_by(2)
        .flat_map(|stream| frame(HEADERS, END_HEADERS, stream, &bomb))
        .collect();
    response(&mut connection, &frame(HEADERS, END_HEADERS, 1, &insert));
    let parts = response(&mut connection, &bombs);
    assert_eq!(parts.len(), 199);
    let sum: usize = parts
        .iter()
        .map(|(_, _, part)| match part {
            Part::Response(head) => head.headers.all("a").map(str::len).sum(),
            _ => 0,
        })
        .sum();
    assert!(
        sum > 0 && sum <= 4 * Limits::default().fields + 2 * bombs.len(),
        "{sum}"
    );
}

#[test]
fn endless_continuations_are_cut_and_the_stream_goes_on() {
    let mut connection = with_requests(1);
    let mut parts = response(&mut connection, &frame(HEADERS, 0, 1, OK));
    let piece = b"\0\x01a\x01b".repeat(2000);
    for _ in 0..100 {
        parts.extend(response(
            &mut connection,
            &frame(CONTINUATION, 0, 1, &piece),
        ));
    }
    parts.extend(response(
        &mut connection,
        &frame(CONTINUATION, END_HEADERS, 1, &piece),
    ));
    parts.extend(response(
        &mut connection,
        &frame(DATA, END_STREAM, 1, b"hi"),
    ));
    assert_eq!(status(&parts[0].2), Some(200));
    assert_eq!(
        parts[1..],
        [
            (1, Half::Response, body(b"hi")),
            end(1, Half::Response, Ending::Complete)
        ]
    );
}

#[test]
fn the_oldest_of_too_many_streams_is_lost() {
    let mut connection = Connection::new(Limits {
        streams: 2,
        ..Limits::default()
    });
    push(&mut connection, Half::Request, H2_PREFACE);
    let bytes: Vec<u8> = [1, 3, 5]
        .iter()
        .flat_map(|id| frame(HEADERS, END_HEADERS, *id, POST))
        .collect();
    let parts = parts(push(&mut connection, Half::Request, &bytes));
    assert_eq!(
        parts[2..4],
        [
            end(1, Half::Request, Ending::Lost),
            end(1, Half::Response, Ending::Lost)
        ]
    );
}

#[test]
fn close_ends_every_half_that_has_not_ended() {
    let mut connection = with_requests(3);
    let bytes = [
        frame(HEADERS, END_HEADERS | END_STREAM, 1, OK),
        frame(HEADERS, END_HEADERS, 3, OK),
    ]
    .concat();
    response(&mut connection, &bytes);
    let closed = Ending::ConnectionClosed;
    assert_eq!(
        parts(close(&mut connection)),
        [
            end(1, Half::Request, closed),
            end(3, Half::Request, closed),
            end(3, Half::Response, closed)
        ]
    );
}
