//! Framed otherwise in HTTP/1.1: by length, in chunks of other sizes, by the
//! connection's end; coded as recorded and not coded at all.

use super::{Findings, Whole};
use crate::recordings::body::Body;
use crate::recordings::random::Random;
use crate::recordings::wire::{self, Framing};

pub(super) fn try_all(whole: &Whole<'_>, findings: &mut Findings) {
    if !wire::has_body(whole.recording) {
        return;
    }
    let recorded = &whole.recording.response;
    let mut random = Random::of(&whole.recording.id, "chunks");
    let sizes = |mean: usize, random: &mut Random| -> Vec<usize> {
        (0..61).map(|_| 1 + random.below(2 * mean)).collect()
    };
    let mut try_one = |variant, body: &Body, framing| {
        findings.must_say_the_same(variant, whole, &whole.answered(body, &framing));
    };
    try_one("framed by length", recorded, Framing::Length);
    try_one("framed by the end", recorded, Framing::UntilClose);
    try_one("chunks of one byte", recorded, Framing::Chunked(vec![1]));
    for mean in [3, 40, 700] {
        let framing = Framing::Chunked(sizes(mean, &mut random));
        try_one("chunks at random", recorded, framing);
    }
    let bare = recorded.bare();
    try_one("not coded, by length", &bare, Framing::Length);
    let framing = Framing::Chunked(sizes(90, &mut random));
    try_one("not coded, in chunks", &bare, framing);
}
