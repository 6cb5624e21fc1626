//! Joined at any byte, with any bytes missing: every field that is given out is
//! right, every body is a part of the right one.

use proptest::prelude::*;

use super::peer::{Expected, LARGE, Recording, SMALL};
use super::*;
use crate::http::Headers;

/// Every so many bytes a reader joins: not a divisor of what repeats.
const EVERY: usize = 7;

/// What a reader found of a recording, to see that the checks check something.
#[derive(Debug, Default)]
struct Found {
    heads: usize,
    known: usize,
    unknown: usize,
    complete: usize,
}

fn assert_right(recording: &Recording, messages: &Messages) -> Found {
    let mut found = Found::default();
    for ((id, is_response), parts) in messages {
        let Some(expected) = recording.expected.get(id) else {
            panic!("no such exchange: {id} {parts:?}")
        };
        assert_message(expected, usize::from(*is_response), parts, &mut found);
    }
    found
}

fn assert_message(expected: &Expected, half: usize, parts: &[Part], found: &mut Found) {
    let body = &expected.bodies[half];
    // Where in the body the next part is.
    let mut at = 0;
    for part in parts {
        match part {
            Part::Request(head) => {
                assert!(
                    head.method
                        .as_ref()
                        .is_none_or(|method| *method == expected.method)
                );
                assert!(
                    head.authority
                        .as_ref()
                        .is_none_or(|authority| *authority == expected.authority)
                );
                assert!(head.path.as_ref().is_none_or(|path| *path == expected.path));
                assert_fields(&expected.fields[0], &head.headers, found);
                found.heads += 1;
            }
            Part::Response(head) => {
                assert!(head.status.is_none_or(|status| status == expected.status));
                assert_fields(&expected.fields[1], &head.headers, found);
                found.heads += 1;
            }
            Part::Body(bytes) => {
                assert!(body.get(at..).unwrap().starts_with(bytes), "at {at}");
                at += bytes.len();
            }
            Part::Gap(len) => at += usize::try_from(*len).unwrap(),
            Part::Trailers(trailers) => assert_fields(&expected.fields[2], trailers, found),
            Part::End(Ending::Complete) => {
                assert_eq!(at, body.len(), "{parts:?}");
                found.complete += 1;
            }
            Part::Message(_) => panic!("HTTP has heads"),
            Part::End(_) => {}
        }
    }
}

fn assert_fields(expected: &[(String, String)], headers: &Headers, found: &mut Found) {
    for (name, value) in headers.iter() {
        assert!(
            expected
                .iter()
                .any(|field| (field.0.as_str(), field.1.as_str()) == (name, value)),
            "{name}"
        );
        found.known += 1;
    }
    found.unknown += headers.unknown();
    let all = headers.unknown() > 0 || headers.iter().count() == expected.len();
    assert!(all, "a field is missing and nothing says so: {headers:?}");
}

/// Leaves out the first bytes of each half.
fn without_start(calls: &Calls, skip: [usize; 2]) -> Calls {
    let [mut request, mut response] = skip;
    let mut rest = Calls::new();
    for (half, bytes) in calls {
        let skip = if *half == Half::Request {
            &mut request
        } else {
            &mut response
        };
        let skipped = (*skip).min(bytes.len());
        *skip -= skipped;
        if skipped < bytes.len() {
            rest.push((*half, bytes.slice(skipped..)));
        }
    }
    rest
}

fn len(calls: &Calls, wanted: Half) -> usize {
    calls
        .iter()
        .filter(|(half, _)| *half == wanted)
        .map(|(_, bytes)| bytes.len())
        .sum()
}

fn joined(recording: &Recording, skip: [usize; 2]) -> Found {
    let mut connection = Connection::default();
    let mut events = read(&mut connection, &without_start(&recording.calls, skip));
    events.extend(close(&mut connection));
    assert_right(recording, &messages(events))
}

#[test]
fn joined_anywhere_no_field_is_wrong() {
    let ends = [
        len(&SMALL.calls, Half::Request),
        len(&SMALL.calls, Half::Response),
    ];
    let (mut sum, mut runs) = (Found::default(), 0);
    for skip in (0..=ends[0]).step_by(EVERY) {
        // The two halves are at different places of their streams.
        let found = joined(&SMALL, [skip, skip * ends[1] / ends[0]]);
        runs += 1;
        sum.heads += found.heads;
        sum.known += found.known;
        sum.unknown += found.unknown;
        sum.complete += found.complete;
        if skip == 0 {
            assert_eq!((found.heads, found.unknown), (2 * SMALL.expected.len(), 0));
        }
    }
    // Half of the 24 heads would be seen by a perfect reader.
    assert!(
        sum.heads > runs * 8 && sum.complete > runs * 7,
        "{sum:?} in {runs}"
    );
    assert!(
        sum.known > runs * 10 && sum.unknown > runs,
        "{sum:?} in {runs}"
    );
}

/// A gap: how many bytes of a half come before it, and how long it is.
type Gap = (bool, usize, usize);

fn read_with_gap(recording: &Recording, (response, start, missing): Gap) -> Vec<HttpEvent> {
    let gap_half = if response {
        Half::Response
    } else {
        Half::Request
    };
    let end = start + missing;
    let mut connection = Connection::default();
    let (mut at, mut out) = (0, Vec::new());
    for (half, bytes) in &recording.calls {
        if *half != gap_half {
            connection.push(*half, Timestamp::default(), bytes.clone(), &mut out);
            continue;
        }
        let within = |position: usize| position.clamp(at, at + bytes.len()) - at;
        let (from, to) = (within(start), within(end));
        connection.push(*half, Timestamp::default(), bytes.slice(..from), &mut out);
        connection.gap(
            *half,
            Timestamp::default(),
            u64::try_from(to - from).unwrap(),
            &mut out,
        );
        connection.push(*half, Timestamp::default(), bytes.slice(to..), &mut out);
        at += bytes.len();
    }
    connection.close(Timestamp::default(), Ending::ConnectionClosed, &mut out);
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn with_any_bytes_missing_no_field_and_no_body_is_wrong(
        response in any::<bool>(), start in 0usize..12_000, missing in 1usize..2000,
    ) {
        assert_right(&SMALL, &messages(read_with_gap(&SMALL, (response, start, missing))));
    }

    #[test]
    fn large_bodies_with_gaps_are_found_again(
        response in any::<bool>(), start in 0usize..1_000_000, missing in 1usize..100_000,
    ) {
        let found = assert_right(&LARGE, &messages(read_with_gap(&LARGE, (response, start, missing))));
        assert!(found.heads >= LARGE.expected.len(), "{found:?}");
    }
}
