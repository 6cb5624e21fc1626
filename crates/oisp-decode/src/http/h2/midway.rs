//! Telling HTTP/2, and which half of it, from a captured call of a connection
//! that was joined midway.

use bytes::{Buf, Bytes};
use oisp_core::Timestamp;

use super::block::{Assembly, Block};
use super::frame::{Frame, HEADER, Kind};
use super::hpack::{Decoder, Field};
use super::payload::Payload;
use crate::http::Half;

/// So many frames of a call are looked at.
const MAX_FRAMES: usize = 16;
/// Longest header block that is looked at.
const MAX_BLOCK: usize = 64 << 10;
/// Highest stream that is believed.
const HIGHEST_STREAM: u32 = 1 << 24;

/// Which half of an HTTP/2 connection the frames are with which `call` begins.
/// `None` where they are no frames, and where no header block among them says
/// it: another call may.
pub fn half_of(call: &Bytes) -> Option<Half> {
    let mut rest = call.clone();
    for _ in 0..MAX_FRAMES {
        let frame = Frame::parse(rest.first_chunk::<HEADER>()?);
        if !frame.is_plausible(Half::Response, HIGHEST_STREAM) {
            return None;
        }
        let mut payload = Payload::new(frame);
        rest.advance(HEADER);
        let collected = payload.take(&mut rest, MAX_BLOCK)?;
        if frame.kind == Kind::Headers {
            // Without END_HEADERS it is no block yet.
            let block = Assembly::new(MAX_BLOCK).push(collected, Timestamp::default());
            return half_of_block(&block.ok().flatten()?);
        }
    }
    None
}

/// By the pseudo-header fields, which come first.
fn half_of_block(block: &Block) -> Option<Half> {
    let mut half = None;
    let read = Decoder::new(0).decode(&block.bytes, false, |field| {
        let Field::Known(name, _) = field else { return };
        match name {
            ":status" => half = half.or(Some(Half::Response)),
            ":method" | ":scheme" | ":authority" | ":path" => half = half.or(Some(Half::Request)),
            _ => {}
        }
    });
    half.filter(|_| read.is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::h2::tests::frame;

    fn half(bytes: &[u8]) -> Option<Half> {
        half_of(&Bytes::copy_from_slice(bytes))
    }

    #[test]
    fn a_header_block_tells_the_half() {
        let update = frame(8, 0, 0, &[0, 0, 1, 0]);
        let request = frame(1, 4, 7, b"\xbe\x87\x44\x02/a\xbf");
        let response = frame(1, 4, 7, b"\x48\x03429\xbe");
        assert_eq!(
            half(&[update.as_slice(), &request, b"the start of the next"].concat()),
            Some(Half::Request)
        );
        assert_eq!(
            half(&[update.as_slice(), &response].concat()),
            Some(Half::Response)
        );
    }

    #[test]
    fn what_does_not_tell_is_left_to_another_call() {
        assert_eq!(half(&frame(8, 0, 0, &[0, 0, 1, 0])), None);
        assert_eq!(
            half(&frame(1, 4, 7, b"\xbe\xbf")),
            None,
            "all fields from before"
        );
        assert_eq!(half(&frame(1, 5, 7, b"\0\x01a\x01b")), None, "trailers");
        assert_eq!(half(&frame(1, 4, 7, b"\x88\x80")), None, "no header block");
        assert_eq!(half(b"HTTP/1.1 200 OK\r\n\r\n"), None);
        assert_eq!(half(&[0; 64]), None);
        assert_eq!(half(&[]), None);
    }
}
