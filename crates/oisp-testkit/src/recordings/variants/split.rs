//! Cut elsewhere: in two at every byte, byte by byte, and at random.
//!
//! The pieces keep the time of what they were cut from, so that the events must
//! be the same to the last field.

use bytes::Bytes;

use super::{Findings, Whole};
use crate::recordings::random::Random;
use crate::recordings::replay::{self, Step, Tape};

/// Longest exchange, head and body both ways, that is cut at every byte.
const EVERY_BYTE: usize = 4 << 10;
/// Random ways to cut a longer one.
const RANDOM_SETS: usize = 64;
/// The same for bodies of megabytes.
const RANDOM_SETS_OF_HUGE: usize = 8;
const HUGE: usize = 128 << 10;
/// Mean length of the pieces of a random set, in turn.
const MEANS: [usize; 6] = [2, 17, 90, 500, 1500, 9000];

pub(super) fn try_all(whole: &Whole<'_>, findings: &mut Findings) {
    let len = whole.request.bytes.len() + whole.response.bytes.len();
    let mut byte_by_byte = |_: usize| 1;
    findings.must_be_exact("byte by byte", whole, &cut(whole, &mut byte_by_byte));
    if len <= EVERY_BYTE {
        at_every_byte(whole, len, findings);
    } else {
        let sets = if len > HUGE {
            RANDOM_SETS_OF_HUGE
        } else {
            RANDOM_SETS
        };
        at_random(whole, sets, findings);
    }
}

fn at_every_byte(whole: &Whole<'_>, len: usize, findings: &mut Findings) {
    let request = &whole.request.bytes;
    for at in 1..len {
        let mut tape = replay::exchange(request.clone(), whole.response.bytes.clone());
        // The request is the first step, the response the second.
        let (step, at) = match at.checked_sub(request.len()) {
            None => (0, at),
            Some(at) => (1, at),
        };
        if let Some((time, Step::Out(bytes) | Step::In(bytes))) = tape.get_mut(step) {
            let (time, rest) = (*time, bytes.split_off(at));
            let rest = if step == 0 {
                Step::Out(rest)
            } else {
                Step::In(rest)
            };
            tape.insert(step + 1, (time, rest));
        }
        if !findings.must_be_exact("split at every byte", whole, &tape) {
            return;
        }
    }
}

fn at_random(whole: &Whole<'_>, sets: usize, findings: &mut Findings) {
    let mut random = Random::of(&whole.recording.id, "split");
    for mean in MEANS.into_iter().cycle().take(sets) {
        let tape = cut(whole, &mut |_| 1 + random.below(2 * mean));
        if !findings.must_be_exact("split at random", whole, &tape) {
            return;
        }
    }
}

/// The exchange in pieces of the sizes that `size` gives.
fn cut(whole: &Whole<'_>, size: &mut dyn FnMut(usize) -> usize) -> Tape {
    let mut tape = Tape::new();
    for (time, step) in replay::exchange(whole.request.bytes.clone(), whole.response.bytes.clone())
    {
        match step {
            Step::Out(bytes) => {
                tape.extend(pieces(bytes, size).map(|piece| (time, Step::Out(piece))));
            }
            Step::In(bytes) => {
                tape.extend(pieces(bytes, size).map(|piece| (time, Step::In(piece))));
            }
            other => tape.push((time, other)),
        }
    }
    tape
}

fn pieces(mut bytes: Bytes, size: &mut dyn FnMut(usize) -> usize) -> impl Iterator<Item = Bytes> {
    std::iter::from_fn(move || {
        (!bytes.is_empty()).then(|| bytes.split_to(size(bytes.len()).clamp(1, bytes.len())))
    })
}
