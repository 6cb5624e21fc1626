use super::*;
use crate::framing::tests::{Pair, chunks, cuts, split, unnamed};
use proptest::prelude::*;

fn message(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let total = u32::try_from(OVERHEAD + headers.len() + payload.len()).unwrap();
    let mut bytes = total.to_be_bytes().to_vec();
    bytes.extend(u32::try_from(headers.len()).unwrap().to_be_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes.extend(headers);
    bytes.extend(payload);
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

fn text_header(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(name.len()).unwrap()];
    bytes.extend(name.as_bytes());
    bytes.push(7);
    bytes.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
    bytes.extend(value.as_bytes());
    bytes
}

fn event(name: &str, payload: &str) -> Vec<u8> {
    let headers = [
        text_header(":message-type", "event"),
        text_header(":event-type", name),
    ];
    message(&headers.concat(), payload.as_bytes())
}

fn named(name: &str, data: &str) -> Pair {
    (Some(name.into()), data.into())
}

#[test]
fn a_message_that_was_put_together_elsewhere() {
    // The lengths and checksums of a message without headers and payload,
    // computed with another implementation of the checksum.
    let bytes = [
        0, 0, 0, 16, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff,
    ];
    assert_eq!(
        split(EventStream::default(), &[&bytes]),
        (vec![unnamed("{}")], false)
    );
}

#[test]
fn events_exceptions_and_errors() {
    let exception = [
        text_header(":message-type", "exception"),
        text_header(":exception-type", "throttlingException"),
    ];
    let error = [
        text_header(":message-type", "error"),
        text_header(":error-code", "InternalError"),
        text_header(":error-message", "it \"broke\""),
    ];
    let stream = [
        event("contentBlockDelta", "{\"a\":1}"),
        message(&exception.concat(), b"{\"message\":\"slow down\"}"),
        message(&error.concat(), b""),
        event("audio", ""),
    ];
    let (events, broken) = split(EventStream::default(), &[&stream.concat()]);
    assert!(!broken);
    assert_eq!(
        events,
        [
            named("contentBlockDelta", "{\"a\":1}"),
            named("throttlingException", "{\"message\":\"slow down\"}"),
            named("InternalError", r#"{"message":"it \"broke\""}"#),
            named("audio", "{}"),
        ]
    );
}

#[test]
fn every_type_of_header_is_passed_over() {
    let mut headers = Vec::new();
    for (kind, len) in [
        (0, 0),
        (1, 0),
        (2, 1),
        (3, 2),
        (4, 4),
        (5, 8),
        (8, 8),
        (9, 16),
    ] {
        headers.extend([1, b'x', kind]);
        headers.extend(vec![0xee; len]);
    }
    headers.extend([1, b'x', 6, 0, 2, 0xff, 0xff]);
    headers.extend(text_header(":event-type", "last"));
    let bytes = message(&headers, b"\xff\xfe");
    assert_eq!(
        split(EventStream::default(), &[&bytes]),
        (vec![named("last", "{\"$bytes\":2}")], false)
    );
    for broken in [&[1, b'x', 10][..], &[1, b'x', 5, 0], &[9, b'x']] {
        assert_eq!(
            split(EventStream::default(), &[&message(broken, b"{}")]),
            (vec![], true)
        );
    }
}

#[test]
fn a_wrong_checksum_loses_its_message_only() {
    let mut torn = event("b", "{\"n\":2}");
    let last = torn.len() - 6;
    torn[last] ^= 1;
    let stream = [event("a", "{}"), torn, event("c", "{}")].concat();
    assert_eq!(
        split(EventStream::default(), &[&stream]),
        (vec![named("a", "{}"), named("c", "{}")], true)
    );
}

#[test]
fn after_garbage_or_a_gap_the_next_message_is_found() {
    let stream = [b"garbage\0\0\0\x10".to_vec(), event("a", "{}")].concat();
    assert_eq!(
        split(EventStream::default(), &[&stream]),
        (vec![named("a", "{}")], true)
    );
    let whole = event("a", "{\"long\":\"enough\"}");
    let mut events = Vec::new();
    let mut keep = |event: &StreamEvent| events.push(event.name.clone().unwrap());
    let mut reader = EventStream::default();
    reader.push(&whole[..20], &mut keep);
    reader.gap();
    reader.push(&whole[30..], &mut keep);
    reader.push(&event("b", "{}"), &mut keep);
    assert_eq!((events, reader.is_broken()), (vec!["b".to_owned()], false));
}

#[test]
fn a_message_that_is_too_long_is_left_out_and_told() {
    let mut prelude = u32::try_from(MAX_EVENT + 1).unwrap().to_be_bytes().to_vec();
    prelude.extend([0; 4]);
    prelude.extend(crc32fast::hash(&prelude).to_be_bytes());
    let rest = vec![0; MAX_EVENT + 1 - prelude.len()];
    let (events, broken) = split(
        EventStream::default(),
        &[&prelude, &rest, &event("a", "{}")],
    );
    assert_eq!((events, broken), (vec![named("a", "{}")], true));
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_events(
        parts in prop::collection::vec(prop_oneof![
            Just(event("a", "{\"text\":\"x\"}")),
            Just(event("b", "{}")),
            prop::collection::vec(any::<u8>(), 0..20),
        ], 0..6),
        cuts in cuts(),
    ) {
        let bytes = parts.concat();
        prop_assert_eq!(
            split(EventStream::default(), &chunks(&bytes, &cuts)),
            split(EventStream::default(), &[&bytes])
        );
    }

    #[test]
    fn one_flipped_bit_never_changes_an_event(at in 0usize..1000, bit in 0u8..8) {
        let mut bytes = [event("a", "{\"n\":1}"), event("b", "{\"n\":2}")].concat();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        let (events, broken) = split(EventStream::default(), &[&bytes]);
        let sent = [named("a", "{\"n\":1}"), named("b", "{\"n\":2}")];
        let unchanged = events.iter().all(|event| sent.contains(event));
        prop_assert!(unchanged);
        prop_assert!(broken || events.len() < 2);
    }
}
