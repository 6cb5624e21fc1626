//! What holds for every chunking, every gap, any bytes.

use proptest::collection::vec;
use proptest::prelude::*;

use super::peer::{Expected, LARGE, Recording, SMALL};
use super::*;
use crate::http::Headers;
use crate::http::sniff::H2_PREFACE;

/// The same bytes in calls of other sizes: each cut at `sizes`, over and over.
fn rechunked(calls: &Calls, sizes: &[usize]) -> Calls {
    let mut sizes = sizes.iter().cycle();
    let mut chunks = Calls::new();
    for (half, bytes) in calls {
        let mut rest = bytes.clone();
        while !rest.is_empty() {
            let size = (*sizes.next().unwrap()).min(rest.len());
            chunks.push((*half, rest.split_to(size)));
        }
    }
    chunks
}

fn sorted(headers: &Headers) -> Vec<(String, String)> {
    let mut fields: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    fields.sort();
    fields
}

fn whole(body: &[u8]) -> Option<Part> {
    (!body.is_empty()).then(|| Part::Body(Bytes::copy_from_slice(body)))
}

/// Checks that a request or response is exactly as it was meant.
fn assert_whole(expected: &Expected, request: &[Part], response: &[Part]) {
    let [request_fields, response_fields, trailers] = &expected.fields;
    let Some((Part::Request(head), rest)) = request.split_first() else {
        panic!("{request:?}")
    };
    assert_eq!(head.method.as_ref(), Some(&expected.method));
    assert_eq!(head.authority.as_ref(), Some(&expected.authority));
    assert_eq!(head.path.as_ref(), Some(&expected.path));
    assert_eq!(
        (&sorted(&head.headers), head.headers.unknown()),
        (request_fields, 0)
    );
    let complete = [Part::End(Ending::Complete)];
    assert_eq!(
        rest,
        [whole(&expected.bodies[0]).as_slice(), &complete].concat()
    );

    let Some((Part::Response(head), rest)) = response.split_first() else {
        panic!("{response:?}")
    };
    assert_eq!(head.status, Some(expected.status));
    assert_eq!(
        (&sorted(&head.headers), head.headers.unknown()),
        (response_fields, 0)
    );
    let mut tail: Vec<Part> = whole(&expected.bodies[1]).into_iter().collect();
    if !trailers.is_empty() {
        let mut headers = Headers::default();
        trailers
            .iter()
            .for_each(|(name, value)| headers.push(name, value.as_bytes()));
        tail.push(Part::Trailers(headers));
    }
    tail.extend(complete);
    assert_eq!(rest, tail);
}

fn assert_all_whole(recording: &Recording, messages: &Messages) {
    assert_eq!(messages.len(), 2 * recording.expected.len());
    for (id, expected) in &recording.expected {
        assert_whole(expected, &messages[&(*id, false)], &messages[&(*id, true)]);
    }
}

#[test]
fn a_real_connection_is_read_as_it_was_meant() {
    for recording in [&SMALL, &LARGE] {
        let mut connection = Connection::default();
        assert_all_whole(
            recording,
            &messages(read(&mut connection, &recording.calls)),
        );
        assert_eq!(close(&mut connection), []);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_chunking_gives_the_same_parts(sizes in vec(1usize..60, 1..20), large in vec(1usize..40_000, 1..20)) {
        let mut connection = Connection::default();
        assert_all_whole(&SMALL, &messages(read(&mut connection, &rechunked(&SMALL.calls, &sizes))));
        let mut connection = Connection::default();
        assert_all_whole(&LARGE, &messages(read(&mut connection, &rechunked(&LARGE.calls, &large))));
    }

    #[test]
    fn any_bytes_after_a_preface_make_messages_in_order(
        request in vec(any::<u8>(), 0..400),
        frames in vec((0u8..11, any::<u8>(), 0u32..8, vec(any::<u8>(), 0..40)), 0..40),
        sizes in vec(1usize..50, 1..10),
    ) {
        let limits = Limits { streams: 3, block: 64, fields: 512, table: 128 };
        let frames: Vec<u8> =
            frames.iter().flat_map(|(kind, flags, stream, payload)| frame(*kind, *flags, *stream, payload)).collect();
        let calls = vec![
            (Half::Request, [H2_PREFACE, &frames, &request].concat().into()),
            (Half::Response, [frames.as_slice(), &request].concat().into()),
        ];
        let mut connection = Connection::new(limits);
        let mut events = read(&mut connection, &rechunked(&calls, &sizes));
        events.extend(close(&mut connection));
        for ((_, response), parts) in messages(events) {
            assert_in_order(&parts, response);
        }
    }
}

/// A head, then bodies and gaps, then trailers, then one end.
fn assert_in_order(parts: &[Part], response: bool) {
    let (last, before) = parts.split_last().unwrap();
    assert!(matches!(last, Part::End(_)), "{parts:?}");
    let place = |part: &Part| match part {
        Part::Request(_) | Part::Response(_) => 0,
        Part::Body(_) | Part::Gap(_) => 1,
        Part::Trailers(_) => 2,
        Part::End(_) | Part::Message(_) => 3,
    };
    assert!(before.is_sorted_by_key(place), "{parts:?}");
    let places = |wanted| before.iter().filter(|part| place(part) == wanted).count();
    assert!(places(0) == 1 || response && before.is_empty(), "{parts:?}");
    assert!(places(2) <= 1 && places(3) == 0, "{parts:?}");
}
