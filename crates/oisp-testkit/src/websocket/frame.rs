//! Frames (RFC 6455, section 5.2): those of a client are masked, ours are not.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

pub(super) const CONTINUATION: u8 = 0;
pub(super) const TEXT: u8 = 1;
pub(super) const BINARY: u8 = 2;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;
pub(super) const PONG: u8 = 10;

const FIN: u8 = 0x80;
const COMPRESSED: u8 = 0x40;
const MASKED: u8 = 0x80;

/// A frame, unmasked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) fin: bool,
    pub(super) compressed: bool,
    pub(super) opcode: u8,
    pub(super) payload: Vec<u8>,
}

/// Reads the next frame, of at most `max` bytes.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin), max: usize) -> io::Result<Frame> {
    let first = stream.read_u8().await?;
    let second = stream.read_u8().await?;
    let len = match second & !MASKED {
        126 => u64::from(stream.read_u16().await?),
        127 => stream.read_u64().await?,
        len => u64::from(len),
    };
    let len = usize::try_from(len).ok().filter(|len| *len <= max);
    let (Some(len), true) = (len, second & MASKED != 0) else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let mut mask = [0; 4];
    stream.read_exact(&mut mask).await?;
    let mut payload = vec![0; len];
    stream.read_exact(&mut payload).await?;
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    Ok(Frame {
        fin: first & FIN != 0,
        compressed: first & COMPRESSED != 0,
        opcode: first & 0x0f,
        payload,
    })
}

/// The bytes of a frame of ours.
pub(super) fn bytes(frame: &Frame) -> Vec<u8> {
    let first = frame.opcode
        | if frame.fin { FIN } else { 0 }
        | if frame.compressed { COMPRESSED } else { 0 };
    let mut bytes = vec![first];
    let len = frame.payload.len();
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(len @ 0..126), _) => bytes.push(len),
        (_, Ok(len)) => {
            bytes.push(126);
            bytes.extend(len.to_be_bytes());
        }
        _ => {
            bytes.push(127);
            bytes.extend(u64::try_from(len).unwrap_or(u64::MAX).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&frame.payload);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The masked "Hello" of RFC 6455, section 5.7.
    #[tokio::test]
    async fn a_masked_frame_is_read() {
        let wire = [
            0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
        ];
        let frame = read(&mut &wire[..], 5).await.unwrap();
        assert_eq!(
            frame,
            Frame {
                fin: true,
                compressed: false,
                opcode: TEXT,
                payload: b"Hello".to_vec()
            }
        );
        assert!(
            read(&mut &wire[..], 4).await.is_err(),
            "longer than allowed"
        );
        assert!(
            read(&mut &[0x81, 0x01, b'x'][..], 9).await.is_err(),
            "not masked"
        );
    }

    #[test]
    fn lengths_are_written_in_the_shortest_form() {
        for (len, head) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let frame = Frame {
                fin: true,
                compressed: true,
                opcode: TEXT,
                payload: vec![7; len],
            };
            let bytes = bytes(&frame);
            assert_eq!(bytes.len(), head + len);
            assert_eq!(bytes[0], 0xc1);
        }
    }
}
