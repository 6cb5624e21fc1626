//! Frames as RFC 6455 gives them, compression as RFC 7692 does, and what is
//! missing or wrong.

use std::io::Write as _;

use flate2::{Compress, Compression as Level, FlushCompress};
use proptest::prelude::*;

use super::*;
use crate::body::Damage;
use crate::framing::tests::{chunks, cuts};

const TAKEOVER: Compression = Compression::Deflate { takeover: true };
const NO_TAKEOVER: Compression = Compression::Deflate { takeover: false };

/// A frame with a mask where one is given.
fn frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let bit = if mask.is_some() { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match payload.len() {
        len @ ..126 => bytes.push(bit | u8::try_from(len).unwrap()),
        len @ ..65_536 => {
            bytes.push(bit | 126);
            bytes.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            bytes.push(bit | 127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    let mask = mask.inspect(|mask| bytes.extend(mask)).unwrap_or_default();
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    bytes
}

fn text_frame(text: &str) -> Vec<u8> {
    frame(0x81, None, text.as_bytes())
}

/// A compressor, and whether it keeps its context.
struct Deflater(Compress, bool);

impl Deflater {
    fn new(takeover: bool) -> Self {
        Self(Compress::new(Level::best(), false), takeover)
    }

    fn payload(&mut self, text: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() + 1000);
        self.0
            .compress_vec(text.as_bytes(), &mut out, FlushCompress::Sync)
            .unwrap();
        assert!(out.ends_with(&inflate::TAIL));
        out.truncate(out.len() - inflate::TAIL.len());
        if !self.1 {
            self.0.reset();
        }
        out
    }

    fn frame(&mut self, text: &str) -> Vec<u8> {
        frame(0xc1, None, &self.payload(text))
    }
}

fn read_chunks(compression: Compression, chunks: &[&[u8]]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut reader = Reader::new(compression, &Room::default());
    for chunk in chunks {
        reader.push(Timestamp::default(), chunk, &mut |item| items.push(item));
    }
    items
}

fn read(compression: Compression, bytes: &[u8]) -> Vec<Item> {
    read_chunks(compression, &[bytes])
}

fn message(text: &str) -> Item {
    Item::Message(Message {
        text: true,
        bytes: text.as_bytes().to_vec(),
        ..Message::default()
    })
}

fn damaged(text: &str, damage: Damage) -> Item {
    let Item::Message(whole) = message(text) else {
        unreachable!()
    };
    Item::Message(Message { damage, ..whole })
}

const UNREADABLE: Damage = Damage {
    missing: 0,
    cut: false,
    broken_coding: true,
    broken_stream: false,
};

#[test]
fn the_examples_of_the_specification() {
    let unmasked = [0x81, 5, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    assert_eq!(read(Compression::None, &unmasked), [message("Hello")]);
    let masked = [
        0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ];
    assert_eq!(read(Compression::None, &masked), [message("Hello")]);
    let fragmented = [0x01, 3, 0x48, 0x65, 0x6c, 0x80, 2, 0x6c, 0x6f];
    assert_eq!(read(Compression::None, &fragmented), [message("Hello")]);
    let deflated = [0xc1, 7, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    assert_eq!(read(TAKEOVER, &deflated), [message("Hello")]);
    let twice = [&deflated[..], &[0xc1, 5, 0xf2, 0x00, 0x11, 0x00, 0x00]].concat();
    assert_eq!(read(TAKEOVER, &twice), [message("Hello"), message("Hello")]);
    let stored = [
        0xc1, 11, 0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
    ];
    assert_eq!(read(TAKEOVER, &stored), [message("Hello")]);
    let last_block = [0xc1, 8, 0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    assert_eq!(
        read(NO_TAKEOVER, &last_block.repeat(2)),
        [message("Hello"), message("Hello")]
    );
    let two_blocks = [
        0xc1, 13, 0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
    ];
    assert_eq!(read(TAKEOVER, &two_blocks), [message("Hello")]);
}

#[test]
fn lengths_of_every_size_with_a_mask() {
    for len in [0, 1, 125, 126, 65_535, 65_536, 100_003] {
        let text = "x".repeat(len);
        let bytes = frame(0x81, Some([1, 0, 0xff, 7]), text.as_bytes());
        assert_eq!(read(Compression::None, &bytes), [message(&text)]);
    }
}

#[test]
fn control_frames_stand_between_fragments() {
    let stream = [
        frame(0x01, None, b"one "),
        frame(0x89, None, b"ping"),
        frame(0x00, None, b"two "),
        frame(0x8a, None, b""),
        frame(0x80, None, b"three"),
        frame(0x82, None, b"\xff"),
        frame(0x88, None, &[0x03, 0xe8, b'b', b'y', b'e']),
        text_frame("too late"),
    ];
    let binary = Message {
        bytes: vec![0xff],
        ..Message::default()
    };
    assert_eq!(
        read(Compression::None, &stream.concat()),
        [
            message("one two three"),
            Item::Message(binary),
            Item::Close { code: Some(1000) }
        ]
    );
    assert_eq!(
        read(Compression::None, &frame(0x88, None, b"")),
        [Item::Close { code: None }]
    );
}

#[test]
fn a_context_is_taken_over_or_not() {
    for takeover in [true, false] {
        let mut deflater = Deflater::new(takeover);
        let texts = ["the same words again", "the same words again", "and others"];
        let stream: Vec<u8> = texts.iter().flat_map(|text| deflater.frame(text)).collect();
        let plain_between = [stream, text_frame("plain")].concat();
        let mut want: Vec<_> = texts.map(message).into();
        want.push(message("plain"));
        assert_eq!(
            read(Compression::Deflate { takeover }, &plain_between),
            want
        );
    }
}

#[test]
fn a_compressed_message_in_fragments_with_a_ping_inside() {
    let payload = Deflater::new(true).payload(&"fragments ".repeat(50));
    let (head, tail) = payload.split_at(payload.len() / 2);
    let stream = [
        frame(0x41, Some([9, 8, 7, 6]), head),
        frame(0x89, Some([1, 2, 3, 4]), b"ping"),
        frame(0x80, Some([5, 0, 0, 1]), tail),
    ];
    assert_eq!(
        read(TAKEOVER, &stream.concat()),
        [message(&"fragments ".repeat(50))]
    );
}

#[test]
fn what_breaks_the_rules_ends_the_direction() {
    let broken = [
        frame(0x83, None, b""),
        frame(0xa1, None, b""),
        frame(0xc1, None, b""),
        frame(0x80, None, b"nothing to go on with"),
        [frame(0x01, None, b"a"), frame(0x01, None, b"b")].concat(),
        frame(0x09, None, b"a ping in fragments"),
        frame(0x89, None, &[0; 126]),
        vec![0x81, 127, 0x80, 0, 0, 0, 0, 0, 0, 0],
    ];
    for bytes in broken {
        let stream = [text_frame("good"), bytes.clone(), text_frame("never")].concat();
        assert_eq!(
            read(Compression::None, &stream),
            [message("good"), Item::Lost(Ending::Malformed)],
            "{bytes:?}"
        );
    }
    let continued = [frame(0x41, None, b""), frame(0xc0, None, b"")].concat();
    assert_eq!(read(TAKEOVER, &continued), [Item::Lost(Ending::Malformed)]);
}

#[test]
fn an_extension_that_is_not_known_makes_its_messages_unreadable() {
    let stream = [frame(0xc1, None, b"??"), text_frame("plain")].concat();
    assert_eq!(
        read(Compression::Unknown, &stream),
        [damaged("", UNREADABLE), message("plain")]
    );
}

#[test]
fn a_gap_inside_a_frame_keeps_the_framing() {
    let bytes = frame(0x81, Some([1, 2, 3, 4]), b"0123456789");
    let mut items = Vec::new();
    let mut keep = |item| items.push(item);
    let mut reader = Reader::new(Compression::None, &Room::default());
    let at = Timestamp::default();
    reader.push(at, &bytes[..9], &mut keep);
    reader.gap(3, &mut keep);
    reader.push(at, &bytes[12..], &mut keep);
    reader.push(at, &text_frame("next"), &mut keep);
    reader.push(at, &text_frame("torn end")[..6], &mut keep);
    reader.gap(4, &mut keep);
    reader.push(at, &text_frame("x"), &mut keep);
    reader.gap(1, &mut keep);
    reader.push(at, &text_frame("never"), &mut keep);
    let missing = |missing| Damage {
        missing,
        ..Damage::default()
    };
    assert_eq!(
        items,
        [
            damaged("012", missing(3)),
            message("next"),
            damaged("torn", missing(4)),
            message("x"),
            Item::Lost(Ending::Lost)
        ]
    );
}

#[test]
fn a_gap_in_a_compressed_message_makes_what_refers_to_it_unreadable() {
    for takeover in [true, false] {
        let mut deflater = Deflater::new(takeover);
        let first = deflater.frame("words that are lost and words that are not");
        let second = deflater.frame("words that are lost and words that are not");
        let mut items = Vec::new();
        let mut keep = |item| items.push(item);
        let mut reader = Reader::new(Compression::Deflate { takeover }, &Room::default());
        let at = Timestamp::default();
        reader.push(at, &first[..2], &mut keep);
        reader.gap(5, &mut keep);
        reader.push(at, &first[7..], &mut keep);
        reader.push(at, &second, &mut keep);
        reader.push(at, &text_frame("plain"), &mut keep);
        let torn = Damage {
            missing: 5,
            ..Damage::default()
        };
        let second = if takeover {
            damaged("", UNREADABLE)
        } else {
            message("words that are lost and words that are not")
        };
        assert_eq!(items, [damaged("", torn), second, message("plain")]);
    }
}

#[test]
fn a_gap_in_a_close_leaves_its_code_unknown() {
    let bytes = frame(0x88, None, &[0x03, 0xe8, 0x03, 0xe9]);
    let mut items = Vec::new();
    let mut keep = |item| items.push(item);
    let mut reader = Reader::new(Compression::None, &Room::default());
    let at = Timestamp::default();
    reader.push(at, &bytes[..3], &mut keep);
    reader.gap(0, &mut keep);
    reader.gap(1, &mut keep);
    reader.push(at, &bytes[4..], &mut keep);
    assert_eq!(items, [Item::Close { code: None }]);
}

#[test]
fn bytes_that_are_not_deflated_are_told() {
    let stream = [frame(0xc1, None, b"\xff\xff\xff"), text_frame("plain")].concat();
    assert_eq!(
        read(NO_TAKEOVER, &stream),
        [damaged("", UNREADABLE), message("plain")]
    );
}

#[test]
fn a_message_is_cut_at_its_limit() {
    let cut = |items: &[Item]| match items {
        [Item::Message(message), Item::Message(next)] => {
            assert_eq!(next.bytes, b"next");
            (message.bytes.len(), message.damage.cut)
        }
        other => panic!("{} items", other.len()),
    };
    let long = vec![b'x'; MAX_MESSAGE];
    let plain = [
        frame(0x01, None, &long),
        frame(0x80, None, b"x"),
        text_frame("next"),
    ];
    assert_eq!(
        cut(&read(Compression::None, &plain.concat())),
        (MAX_MESSAGE, true)
    );
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Level::fast());
    encoder.write_all(&vec![0; MAX_MESSAGE + 5]).unwrap();
    encoder.flush().unwrap();
    let bomb = encoder.get_ref();
    let stream = [frame(0xc2, None, bomb), text_frame("next")].concat();
    assert_eq!(cut(&read(TAKEOVER, &stream)), (MAX_MESSAGE, true));
}

#[test]
fn what_is_broken_is_so_however_it_is_cut() {
    // Text, then a distance that points before it; and a last block before what
    // looks like the end that senders leave out.
    let mut broken = vec![0xf2];
    broken.extend([0x47; 90]);
    broken.extend([
        0x32, 0xcd, 0x00, 0xc9, 0x07, 0xd9, 0x23, 0x51, 1, 0, 0, 0, 7, 0, 0, 0xf7, 0x21,
    ]);
    let after_last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0, 0, 0xff, 0xff];
    for payload in [&broken[..], &after_last] {
        let bytes = frame(0xc1, None, payload);
        let whole = read(NO_TAKEOVER, &bytes);
        assert_eq!(whole, [damaged("", UNREADABLE)]);
        for at in 1..bytes.len() {
            let (one, other) = bytes.split_at(at);
            assert_eq!(read_chunks(NO_TAKEOVER, &[one, other]), whole, "{at}");
        }
    }
}

fn any_part() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[a-zé]{0,40}".prop_map(|text| text_frame(&text)),
        (any::<[u8; 4]>(), "[a-z]{0,300}").prop_map(|(mask, text)| frame(
            0x81,
            Some(mask),
            text.as_bytes()
        )),
        Just(frame(0x01, None, b"begin")),
        Just(frame(0x80, None, b"end")),
        Just(frame(0x89, None, b"ping")),
        Just(Deflater::new(false).frame("deflated deflated")),
        prop::collection::vec(any::<u8>(), 0..6),
    ]
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_messages(
        parts in prop::collection::vec(any_part(), 0..8),
        cuts in cuts(),
        takeover in any::<bool>(),
    ) {
        let bytes = parts.concat();
        let compression = Compression::Deflate { takeover };
        prop_assert_eq!(read_chunks(compression, &chunks(&bytes, &cuts)), read(compression, &bytes));
    }
}
