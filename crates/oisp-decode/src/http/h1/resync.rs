//! Finding a message head in a stream whose framing was lost.
//!
//! A head is recognised by its start line: nothing else in a body of JSON or
//! server-sent events holds ` HTTP/1.1` before a line end, because a raw line
//! end cannot stand inside a JSON string. The result does not depend on where
//! the chunks of the stream begin.

use bytes::{Buf, BytesMut};
use memchr::memmem;

use crate::http::{Half, sniff};

/// Longest start line that is found; what a search keeps of the bytes behind.
pub(super) const WINDOW: usize = 8 << 10;

/// Where the first head in `bytes` begins.
pub(super) fn find_head(bytes: &[u8], half: Half) -> Option<usize> {
    match half {
        Half::Request => find_request(bytes),
        Half::Response => find_response(bytes),
    }
}

/// Where the first request in `bytes` begins.
pub(crate) fn find_request(bytes: &[u8]) -> Option<usize> {
    memmem::find_iter(bytes, b" HTTP/1.").find_map(|version| {
        let after = bytes.get(version + 8..)?;
        if !matches!(after, [b'0' | b'1', b'\r' | b'\n', ..]) {
            return None;
        }
        let before = bytes.get(version.saturating_sub(WINDOW)..version)?;
        let target = before
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_graphic())
            .count();
        let target_start = version - target;
        let method_end = target_start.checked_sub(1)?;
        let method = longest_method(bytes.get(..method_end)?)?;
        (target > 0 && bytes.get(method_end) == Some(&b' ')).then_some(method_end - method.len())
    })
}

/// Lets go of what lies further back than a start line is long.
pub(crate) fn keep_window(searched: &mut BytesMut) {
    searched.advance(searched.len().saturating_sub(WINDOW));
}

/// The longest known method at the end of `bytes`.
fn longest_method(bytes: &[u8]) -> Option<&'static str> {
    let ending = sniff::METHODS
        .into_iter()
        .filter(|method| bytes.ends_with(method.as_bytes()));
    ending.max_by_key(|method| method.len())
}

fn find_response(bytes: &[u8]) -> Option<usize> {
    memmem::find_iter(bytes, b"HTTP/1.").find(|at| {
        let after = bytes.get(at + 7..).unwrap_or_default();
        matches!(after, [b'0' | b'1', b' ', b'1'..=b'5', second, third, b' ' | b'\r' | b'\n', ..]
            if second.is_ascii_digit() && third.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_line_is_found_right_after_a_body() {
        let bytes = b"...\"}POST /v1/messages HTTP/1.1\r\nHost: x\r\n";
        assert_eq!(find_head(bytes, Half::Request), Some(5));
    }

    #[test]
    fn a_mention_of_the_protocol_in_text_is_no_head() {
        assert_eq!(find_head(b"I speak HTTP/1.1 and more", Half::Request), None);
        assert_eq!(find_head(b"\"HTTP/1.1 is old\"", Half::Response), None);
    }

    #[test]
    fn a_status_line_is_found() {
        assert_eq!(
            find_head(b"0\r\n\r\nHTTP/1.1 200 OK\r\n", Half::Response),
            Some(5)
        );
    }
}
