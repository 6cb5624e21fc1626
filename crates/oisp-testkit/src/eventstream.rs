//! Messages of AWS's `application/vnd.amazon.eventstream`: a prelude with its
//! checksum, headers, a payload, and the checksum of it all.

use bytes::{BufMut as _, Bytes, BytesMut};

/// Prelude, its checksum, and the checksum at the end.
const AROUND: usize = 8 + 4 + 4;
/// The type of a header's value that is text.
const TEXT: u8 = 7;

/// A message with these headers, all of them texts.
pub(crate) fn message(headers: &[(&str, &str)], payload: &[u8]) -> Bytes {
    let headers: BytesMut = headers
        .iter()
        .fold(BytesMut::new(), |mut bytes, (name, value)| {
            bytes.put_u8(u8::try_from(name.len()).unwrap_or_default());
            bytes.put_slice(name.as_bytes());
            bytes.put_u8(TEXT);
            bytes.put_u16(u16::try_from(value.len()).unwrap_or_default());
            bytes.put_slice(value.as_bytes());
            bytes
        });
    let len = |len: usize| u32::try_from(len).unwrap_or_default();
    let mut message = BytesMut::with_capacity(AROUND + headers.len() + payload.len());
    message.put_u32(len(AROUND + headers.len() + payload.len()));
    message.put_u32(len(headers.len()));
    message.put_u32(crc32fast::hash(&message));
    message.put_slice(&headers);
    message.put_slice(payload);
    message.put_u32(crc32fast::hash(&message));
    message.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lengths and checksums as AWS's own description of the format counts
    /// them, worked out by hand for a message without headers and payload.
    #[test]
    fn an_empty_message_is_sixteen_bytes() {
        let expected: [u8; 16] = [0, 0, 0, 16, 0, 0, 0, 0, 5, 194, 72, 235, 125, 152, 200, 255];
        assert_eq!(message(&[], b"")[..], expected);
    }

    #[test]
    fn headers_and_payload_stand_between_the_checksums() {
        let bytes = message(&[(":event-type", "x")], b"{}");
        assert_eq!(bytes.len(), 16 + 1 + 11 + 1 + 2 + 1 + 2);
        assert_eq!(
            &bytes[12..],
            [&b"\x0b:event-type\x07\x00\x01x{}"[..], &bytes[30..]].concat()
        );
        assert_eq!(bytes[30..], crc32fast::hash(&bytes[..30]).to_be_bytes());
    }
}
