//! How an answer goes on the wire: compression, fragments, pauses, the cut.
//! It makes the plan; [`crate::body`] carries it out.

use std::collections::VecDeque;
use std::io::Write;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::directive::Directive;
use crate::reply::Reply;

/// One step of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Hand these bytes to the connection in one piece.
    Send {
        wire: Bytes,
        /// What the receiver has more of, decoded, once it has these bytes.
        decoded: Bytes,
    },
    /// Let the connection write what it has, and wait.
    Pause(Duration),
    /// Drop the connection once everything so far is written.
    Cut,
}

/// The steps that deliver `reply`, gzipped if `gzip`.
pub(crate) fn plan(reply: &Reply, gzip: bool) -> VecDeque<Step> {
    let directive = &reply.directive;
    let frames = joined(&reply.frames, directive.join.unwrap_or(1));
    let frames = if gzip {
        compressed(frames)
    } else {
        frames
            .into_iter()
            .map(|frame| (frame.clone(), frame))
            .collect()
    };
    let mut steps = VecDeque::new();
    for (wire, decoded) in frames {
        fragments(&mut steps, wire, decoded, directive);
    }
    if reply.cut {
        steps.push_back(Step::Cut);
    } else if let (false, Some(bytes)) = (reply.stream, directive.cut_after) {
        cut_after(&mut steps, bytes);
    }
    steps
}

fn joined(frames: &[Bytes], join: usize) -> Vec<Bytes> {
    let one = |group: &[Bytes]| match group {
        [only] => only.clone(),
        many => many
            .iter()
            .fold(BytesMut::new(), |mut all, frame| {
                all.extend_from_slice(frame);
                all
            })
            .freeze(),
    };
    frames.chunks(join.max(1)).map(one).collect()
}

/// Each frame flushed, as servers do that stream, in one gzip member.
fn compressed(frames: Vec<Bytes>) -> Vec<(Bytes, Bytes)> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let count = frames.len();
    let mut pairs = Vec::with_capacity(count);
    for (index, frame) in frames.into_iter().enumerate() {
        // Writing to a Vec cannot fail.
        let _ = encoder.write_all(&frame);
        let _ = if index + 1 == count {
            encoder.try_finish()
        } else {
            encoder.flush()
        };
        pairs.push((Bytes::from(std::mem::take(encoder.get_mut())), frame));
    }
    pairs
}

/// `wire` in pieces with pauses between them. The decoded bytes belong to the
/// last piece, save without compression, where each piece is its own meaning.
fn fragments(
    steps: &mut VecDeque<Step>,
    mut wire: Bytes,
    mut decoded: Bytes,
    directive: &Directive,
) {
    let size = directive.fragment.unwrap_or(usize::MAX);
    let plain = wire == decoded;
    while !wire.is_empty() {
        if !steps.is_empty() {
            steps.push_back(Step::Pause(directive.delay));
        }
        let piece = wire.split_to(size.min(wire.len()));
        let meaning = match (plain, wire.is_empty()) {
            (true, _) => decoded.split_to(piece.len()),
            (false, true) => std::mem::take(&mut decoded),
            (false, false) => Bytes::new(),
        };
        steps.push_back(Step::Send {
            wire: piece,
            decoded: meaning,
        });
    }
}

fn cut_after(steps: &mut VecDeque<Step>, bytes: usize) {
    let mut left = bytes;
    let mut kept = VecDeque::new();
    for step in steps.drain(..) {
        match step {
            Step::Send { wire, decoded } if wire.len() > left => {
                let decoded = if wire == decoded {
                    decoded.slice(..left)
                } else {
                    Bytes::new()
                };
                kept.push_back(Step::Send {
                    wire: wire.slice(..left),
                    decoded,
                });
                break;
            }
            Step::Send { wire, decoded } => {
                left -= wire.len();
                kept.push_back(Step::Send { wire, decoded });
            }
            other => kept.push_back(other),
        }
    }
    kept.push_back(Step::Cut);
    *steps = kept;
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn reply(frames: &[&'static str], words: &str) -> Reply {
        let directive = Directive::read("m", &format!("[[{words}]]")).unwrap();
        let frames = frames
            .iter()
            .map(|frame| Bytes::from_static(frame.as_bytes()))
            .collect();
        Reply {
            frames,
            directive,
            ..Reply::default()
        }
    }

    fn sent(steps: &VecDeque<Step>) -> (Vec<Bytes>, Vec<u8>) {
        let mut wires = Vec::new();
        let mut meaning = Vec::new();
        for step in steps {
            if let Step::Send { wire, decoded } = step {
                wires.push(wire.clone());
                meaning.extend_from_slice(decoded);
            }
        }
        (wires, meaning)
    }

    #[test]
    fn fragments_and_joins_change_the_writes_and_not_the_bytes() {
        let frames = ["data: äöü\n\n", "data: {}\n\n", "data: [DONE]\n\n"];
        for words in [
            "",
            "fragment=1",
            "fragment=7",
            "join=2",
            "join=2 fragment=7",
            "join=99",
        ] {
            let (wires, meaning) = sent(&plan(&reply(&frames, words), false));
            assert_eq!(wires.concat(), frames.concat().as_bytes(), "{words}");
            assert_eq!(meaning, frames.concat().as_bytes(), "{words}");
        }
        assert_eq!(sent(&plan(&reply(&frames, "join=99"), false)).0.len(), 1);
        assert_eq!(
            sent(&plan(&reply(&frames, "fragment=7"), false)).0[0],
            "data: \u{e4}".as_bytes()[..7]
        );
    }

    #[test]
    fn every_gzipped_frame_can_be_read_when_it_is_there() {
        let frames = ["data: one\n\n", "data: two\n\n"];
        let (wires, meaning) = sent(&plan(&reply(&frames, ""), true));
        let mut first = String::new();
        let _ = flate2::read::GzDecoder::new(&wires[0][..]).read_to_string(&mut first);
        assert_eq!(first, frames[0]);
        let mut all = String::new();
        flate2::read::GzDecoder::new(&wires.concat()[..])
            .read_to_string(&mut all)
            .unwrap();
        assert_eq!(all.as_bytes(), meaning);
        assert_eq!(all, frames.concat());
    }

    #[test]
    fn a_plain_answer_is_cut_after_its_bytes() {
        let steps = plan(&reply(&["0123456789"], "cut_after=4 fragment=3"), false);
        assert_eq!(sent(&steps).1, b"0123");
        assert_eq!(steps.back(), Some(&Step::Cut));
    }
}
