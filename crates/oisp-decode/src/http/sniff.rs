//! Which protocol a connection speaks, from the first bytes of a direction.

use crate::mcp;

/// The client preface of HTTP/2.
pub const H2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// So many bytes of a direction tell what it is.
pub const LONGEST_START: usize = 64 << 10;

/// Request methods of HTTP/1 that are told apart from other traffic.
pub const METHODS: [&str; 9] = [
    "GET", "POST", "PUT", "HEAD", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE",
];

/// What the first bytes of a direction can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// An HTTP/1 request.
    H1Request,
    /// An HTTP/1 response.
    H1Response,
    /// The client side of HTTP/2.
    H2Client,
    /// The server side of HTTP/2: a SETTINGS frame on stream 0.
    H2Server,
    /// Lines of JSON-RPC.
    JsonLines,
    /// Too few bytes to tell.
    Undecided,
    /// None of them.
    Other,
}

/// Tells what a direction that begins with `bytes` is.
pub fn start_of(bytes: &[u8]) -> Start {
    if is_prefix_or_start(bytes, H2_PREFACE) {
        return if bytes.len() >= 3 {
            Start::H2Client
        } else {
            Start::Undecided
        };
    }
    if is_prefix_or_start(bytes, b"HTTP/1.") {
        return if bytes.len() >= 7 {
            Start::H1Response
        } else {
            Start::Undecided
        };
    }
    for method in METHODS {
        let is_blank = |byte: &u8| *byte == b' ';
        if is_prefix_or_start(bytes, method.as_bytes())
            && bytes.get(method.len()).is_none_or(is_blank)
        {
            return if bytes.len() > method.len() {
                Start::H1Request
            } else {
                Start::Undecided
            };
        }
    }
    if bytes.first() == Some(&b'{') {
        return json_lines(bytes);
    }
    settings_frame(bytes)
}

/// A first line that is a JSON-RPC message; in a line that is longer than
/// [`LONGEST_START`], the word must do.
fn json_lines(bytes: &[u8]) -> Start {
    let start = bytes.get(..LONGEST_START).unwrap_or(bytes);
    let is_message = match memchr::memchr(b'\n', start) {
        Some(end) => start.get(..end).is_some_and(mcp::is_line),
        None if bytes.len() < LONGEST_START => return Start::Undecided,
        None => mcp::may_be_message(start),
    };
    if is_message {
        Start::JsonLines
    } else {
        Start::Other
    }
}

/// A SETTINGS frame that opens the server's side: length a multiple of 6 and
/// small, type 4, no flags or ACK, stream 0.
fn settings_frame(bytes: &[u8]) -> Start {
    let expected: [fn(u8) -> bool; 9] = [
        |b| b == 0,
        |b| b == 0,
        |b| b.is_multiple_of(6),
        |b| b == 4,
        |b| b <= 1,
        |b| b == 0,
        |b| b == 0,
        |b| b == 0,
        |b| b == 0,
    ];
    if !bytes.iter().zip(expected).all(|(byte, fits)| fits(*byte)) {
        return Start::Other;
    }
    if bytes.len() >= expected.len() {
        Start::H2Server
    } else {
        Start::Undecided
    }
}

fn is_prefix_or_start(bytes: &[u8], of: &[u8]) -> bool {
    bytes.iter().zip(of).all(|(a, b)| a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_is_told_by_its_first_bytes() {
        assert_eq!(
            start_of(b"POST /v1/messages HTTP/1.1\r\n"),
            Start::H1Request
        );
        assert_eq!(start_of(b"PRI * HTTP/2.0\r\n"), Start::H2Client);
        assert_eq!(start_of(b"HTTP/1.1 200 OK"), Start::H1Response);
        assert_eq!(
            start_of(&[0, 0, 18, 4, 0, 0, 0, 0, 0, 0, 3]),
            Start::H2Server
        );
        assert_eq!(start_of(b"SSH-2.0-OpenSSH"), Start::Other);
    }

    #[test]
    fn lines_of_json_rpc_are_told_by_a_whole_message() {
        let message = br#"{"method":"ping","jsonrpc":"2.0","id":1}"#;
        assert_eq!(start_of(message), Start::Undecided);
        assert_eq!(
            start_of(&[message.as_slice(), b"\n"].concat()),
            Start::JsonLines
        );
        assert_eq!(start_of(b"{\"level\":\"info\"}\n"), Start::Other);
        assert_eq!(start_of(b"{\"jsonrpc\":\"2.0\", oh\n"), Start::Other);
        let endless = [b"{".as_slice(), &[b' '; LONGEST_START]].concat();
        assert_eq!(start_of(&endless), Start::Other);
    }

    #[test]
    fn a_prefix_of_several_is_undecided() {
        assert_eq!(start_of(b""), Start::Undecided);
        assert_eq!(start_of(b"P"), Start::Undecided);
        assert_eq!(start_of(b"PO"), Start::Undecided);
        assert_eq!(start_of(&[0, 0, 6]), Start::Undecided);
    }
}
