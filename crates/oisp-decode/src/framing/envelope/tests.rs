//! Envelopes of each protocol, whole, cut, compressed and broken.

use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::framing::tests::{Pair, chunks, cuts, split, unnamed};

const CONNECT: &str = "application/connect+proto";

fn envelope(flags: u8, message: &[u8]) -> Vec<u8> {
    let mut bytes = vec![flags];
    bytes.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    bytes.extend(message);
    bytes
}

fn read(content_type: &str, coding: Option<&str>, bytes: &[u8]) -> (Vec<Pair>, bool) {
    split(Envelope::new(content_type, coding).unwrap(), &[bytes])
}

fn end(data: &str) -> Pair {
    (Some("end".into()), data.into())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Field 1 is the text `hi`.
const HI: &[u8] = b"\x0a\x02hi";

#[test]
fn connect_messages_and_their_trailer() {
    let stream = [
        envelope(0, HI),
        envelope(1, &gzip(HI)),
        envelope(0, b""),
        envelope(3, &gzip(b"{\"error\":{\"code\":\"unavailable\"}}")),
    ];
    assert_eq!(
        read(
            "application/connect+proto; charset=utf-8",
            None,
            &stream.concat()
        ),
        (
            vec![
                unnamed("{\"1\":[\"hi\"]}"),
                unnamed("{\"1\":[\"hi\"]}"),
                unnamed("{}"),
                end("{\"error\":{\"code\":\"unavailable\"}}"),
            ],
            false
        )
    );
}

#[test]
fn connect_with_json() {
    let stream = [envelope(0, b"{\"a\":1}"), envelope(2, b"{}")].concat();
    assert_eq!(
        read("Application/Connect+JSON", Some("gzip"), &stream),
        (vec![unnamed("{\"a\":1}"), end("{}")], false)
    );
}

#[test]
fn grpc_and_grpc_web() {
    let br = {
        let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 20);
        encoder.write_all(HI).unwrap();
        encoder.into_inner()
    };
    for kind in ["application/grpc", "application/grpc+proto"] {
        assert_eq!(
            read(kind, Some("br"), &envelope(1, &br)),
            (vec![unnamed("{\"1\":[\"hi\"]}")], false)
        );
    }
    let web = [
        envelope(0, HI),
        envelope(0x80, b"grpc-status:0\r\nGrpc-Message: ok\r\n"),
    ];
    assert_eq!(
        read("application/grpc-web+proto", None, &web.concat()).0[1],
        end("{\"grpc-message\":\"ok\",\"grpc-status\":\"0\"}")
    );
}

#[test]
fn other_content_has_no_envelopes() {
    for kind in [
        "application/json",
        "application/grpc+thrift",
        "application/connect+xml",
        "",
    ] {
        assert!(Envelope::new(kind, None).is_none(), "{kind}");
    }
}

#[test]
fn bytes_that_are_no_message_are_counted() {
    assert_eq!(
        read("application/grpc", None, &envelope(0, b"\xff\xff")),
        (vec![unnamed("{\"$bytes\":2}")], false)
    );
}

#[test]
fn what_is_broken_is_left_out_and_told() {
    let flags = [envelope(0, HI), envelope(0x40, HI), envelope(0, HI)].concat();
    assert_eq!(read(CONNECT, None, &flags).0.len(), 1);
    assert!(read(CONNECT, None, &flags).1);
    let coding = [envelope(1, b"no gzip"), envelope(0, HI)].concat();
    assert_eq!(
        read(CONNECT, None, &coding),
        (vec![unnamed("{\"1\":[\"hi\"]}")], true)
    );
    assert_eq!(
        read(CONNECT, Some("snappy"), &envelope(1, HI)),
        (vec![], true)
    );
    let bomb = gzip(&vec![0; MAX_EVENT + 1]);
    assert_eq!(read(CONNECT, None, &envelope(1, &bomb)), (vec![], true));
}

#[test]
fn a_message_that_is_too_long_is_passed_over() {
    let long = vec![0; MAX_EVENT + 1];
    let stream = [envelope(0, &long), envelope(0, HI)].concat();
    assert_eq!(
        read(CONNECT, None, &stream),
        (vec![unnamed("{\"1\":[\"hi\"]}")], true)
    );
}

#[test]
fn nothing_is_delivered_after_a_gap() {
    let mut events = 0;
    let mut reader = Envelope::new(CONNECT, None).unwrap();
    reader.push(&envelope(0, HI), &mut |_| events += 1);
    reader.gap();
    reader.push(&envelope(0, HI), &mut |_| events += 1);
    assert_eq!((events, reader.is_broken()), (1, false));
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_events(
        parts in prop::collection::vec(prop_oneof![
            Just(envelope(0, HI)),
            Just(envelope(1, &gzip(HI))),
            Just(envelope(2, b"{}")),
            prop::collection::vec(any::<u8>(), 0..8),
        ], 0..6),
        cuts in cuts(),
    ) {
        let bytes = parts.concat();
        let new = || Envelope::new(CONNECT, None).unwrap();
        prop_assert_eq!(split(new(), &chunks(&bytes, &cuts)), split(new(), &[&bytes]));
    }
}
