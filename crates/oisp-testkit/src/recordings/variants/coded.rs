//! Coded otherwise: every content coding, one on the other, and the request's
//! body too.

use super::{Findings, Whole};
use crate::recordings::coding::Coding;
use crate::recordings::replay;
use crate::recordings::wire::{self, Framing};

const ANSWERS: [(&str, &[Coding]); 6] = [
    ("answer in gzip", &[Coding::Gzip]),
    ("answer in deflate (zlib)", &[Coding::Zlib]),
    ("answer in deflate (raw)", &[Coding::RawDeflate]),
    ("answer in br", &[Coding::Brotli]),
    ("answer in zstd", &[Coding::Zstd]),
    ("answer in gzip, br", &[Coding::Gzip, Coding::Brotli]),
];

const REQUESTS: [(&str, Coding); 2] = [
    ("request in gzip", Coding::Gzip),
    ("request in zstd", Coding::Zstd),
];

pub(super) fn try_all(whole: &Whole<'_>, findings: &mut Findings) {
    if wire::has_body(whole.recording) && !whole.recording.response.plain.is_empty() {
        for (variant, codings) in ANSWERS {
            match whole.recording.response.recoded(codings) {
                Ok(body) => {
                    let tape = whole.answered(&body, &Framing::Chunked(vec![1000, 3]));
                    findings.must_say_the_same(variant, whole, &tape);
                }
                Err(why) => findings.disagree(variant, whole.recording, why.to_string()),
            }
        }
    }
    if whole.recording.request.plain.is_empty() {
        return;
    }
    for (variant, coding) in REQUESTS {
        match whole.recording.request.recoded(&[coding]) {
            Ok(body) => {
                let request = wire::request(whole.recording, &body);
                let tape = replay::exchange(request.bytes, whole.response.bytes.clone());
                findings.must_say_the_same(variant, whole, &tape);
            }
            Err(why) => findings.disagree(variant, whole.recording, why.to_string()),
        }
    }
}
