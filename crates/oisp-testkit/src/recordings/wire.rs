//! A recorded exchange as bytes of HTTP/1.1.
//!
//! The fields are the recorded ones; those that say how the body is framed and
//! coded are written anew, for a recorder keeps them even where it changed the
//! body.

use bytes::Bytes;

use super::body::Body;
use super::file::{Fields, Recording, field};

/// How the end of a response's body is told.
#[derive(Clone, Debug)]
pub enum Framing {
    /// `content-length`.
    Length,
    /// `transfer-encoding: chunked`, with chunks of these sizes in turn.
    Chunked(Vec<usize>),
    /// The connection's end.
    UntilClose,
}

/// A message, and where its body begins.
#[derive(Clone, Debug)]
pub struct Message {
    /// Head and body.
    pub bytes: Bytes,
    /// Length of the head.
    pub body_at: usize,
}

/// Fields that belong to one connection or to one way of sending a body.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// The recorded fields that go with the message however it is sent; `host` is
/// not among them. Names and values that HTTP does not allow are left out.
pub fn kept(fields: &Fields) -> impl Iterator<Item = (&str, &str)> {
    fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.trim()))
        .filter(|(name, value)| {
            !HOP_BY_HOP
                .iter()
                .chain(&["host"])
                .any(|hop| name.eq_ignore_ascii_case(hop))
                && http::HeaderName::from_bytes(name.as_bytes()).is_ok()
                && http::HeaderValue::from_str(value).is_ok()
        })
}

/// Whom the request is for: the recorded `host`, else the URL's.
pub fn authority(recording: &Recording) -> &str {
    field(&recording.request_fields, "host").unwrap_or(&recording.authority)
}

/// The request with that body.
pub fn request(recording: &Recording, body: &Body) -> Message {
    let mut head = format!(
        "{} {} HTTP/1.1\r\nHost: {}\r\n",
        recording.method,
        recording.target,
        authority(recording)
    );
    write_fields(&mut head, &recording.request_fields, body);
    if !body.coded.is_empty() || recording.method == "POST" || recording.method == "PUT" {
        head.push_str(&format!("Content-Length: {}\r\n", body.coded.len()));
    }
    message(head, &body.coded)
}

/// The response with that body, framed so.
pub fn response(recording: &Recording, body: &Body, framing: &Framing) -> Message {
    let reason = http::StatusCode::from_u16(recording.status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", recording.status);
    write_fields(&mut head, &recording.response_fields, body);
    if !has_body(recording) {
        return message(head, b"");
    }
    match framing {
        Framing::Length => {
            head.push_str(&format!("Content-Length: {}\r\n", body.coded.len()));
            message(head, &body.coded)
        }
        Framing::Chunked(sizes) => {
            head.push_str("Transfer-Encoding: chunked\r\n");
            message(head, &chunked(&body.coded, sizes))
        }
        Framing::UntilClose => {
            head.push_str("Connection: close\r\n");
            message(head, &body.coded)
        }
    }
}

/// The framing that was recorded.
pub fn recorded_framing(recording: &Recording) -> Framing {
    match field(&recording.response_fields, "transfer-encoding") {
        Some(value) if value.to_ascii_lowercase().contains("chunked") => {
            Framing::Chunked(vec![1369])
        }
        _ => Framing::Length,
    }
}

/// Whether HTTP allows the response a body.
pub fn has_body(recording: &Recording) -> bool {
    recording.method != "HEAD" && !matches!(recording.status, 100..=199 | 204 | 304)
}

fn write_fields(head: &mut String, fields: &Fields, body: &Body) {
    for (name, value) in kept(fields) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(encoding) = body.encoding() {
        head.push_str(&format!("Content-Encoding: {encoding}\r\n"));
    }
}

fn message(mut head: String, body: &[u8]) -> Message {
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    let body_at = bytes.len();
    bytes.extend_from_slice(body);
    Message {
        bytes: bytes.into(),
        body_at,
    }
}

fn chunked(body: &[u8], sizes: &[usize]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(body.len() + 32);
    let mut rest = body;
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = sizes.next().copied().unwrap_or(rest.len()).max(1);
        let (chunk, after) = rest.split_at(size.min(rest.len()));
        framed.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        framed.extend_from_slice(chunk);
        framed.extend_from_slice(b"\r\n");
        rest = after;
    }
    framed.extend_from_slice(b"0\r\n\r\n");
    framed
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_message_says_how_it_is_framed_and_not_what_the_recorder_kept() {
        let mut recording = sample::chat();
        let stale = [("Content-Length", "9999"), ("Transfer-Encoding", "chunked")];
        for (name, value) in stale {
            let stale = (name.to_owned(), value.to_owned());
            recording.response_fields.push(stale);
        }
        let text = |framing| {
            let message = response(&recording, &recording.response, &framing);
            String::from_utf8_lossy(&message.bytes).into_owned()
        };
        let length = recording.response.coded.len();
        let by_length = text(Framing::Length);
        assert!(by_length.contains(&format!("\r\nContent-Length: {length}\r\n")));
        assert!(!by_length.contains("9999") && !by_length.contains("chunked"));
        let chunked = text(Framing::Chunked(vec![1, 7]));
        assert!(chunked.contains("\r\n\r\n1\r\n{\r\n7\r\n"), "{chunked}");
        assert!(chunked.ends_with("\r\n0\r\n\r\n"));
        assert!(matches!(recorded_framing(&recording), Framing::Chunked(_)));
    }
}
