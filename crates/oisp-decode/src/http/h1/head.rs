//! Message heads: where they end, what they say, and how they frame the body
//! (RFC 9112 §2 to §6).

use oisp_core::Timestamp;

use super::body::Framing;
use crate::http::{Half, Headers, RequestHead, ResponseHead, sniff};

/// Most header fields of one head.
const MAX_FIELDS: usize = 256;

/// The bytes are no head.
#[derive(Debug)]
pub(super) struct Malformed;

pub(super) enum Parsed {
    /// An empty line before a message (RFC 9112 §2.2).
    Blank,
    Head(Head),
}

pub(super) enum Head {
    Request {
        head: RequestHead,
        framing: Framing,
    },
    Informational,
    /// The connection is another protocol's from here on (101).
    Switch(ResponseHead),
    Response {
        head: ResponseHead,
        framing: Framing,
    },
}

/// The end of the head that begins `buffer`, of which the first `searched`
/// bytes are known to hold none.
pub(super) fn find_end(buffer: &[u8], searched: usize) -> Option<usize> {
    if buffer.starts_with(b"\r\n") {
        return Some(2);
    }
    if buffer.starts_with(b"\n") {
        return Some(1);
    }
    let from = searched.saturating_sub(3);
    memchr::memchr_iter(b'\n', buffer.get(from..)?).find_map(|at| {
        let line_feed = from + at;
        match buffer.get(line_feed + 1..)? {
            [b'\n', ..] => Some(line_feed + 2),
            [b'\r', b'\n', ..] => Some(line_feed + 3),
            _ => None,
        }
    })
}

/// So much of a first line is looked at, before its end came.
const LOOKED_AT: usize = 8 << 10;

/// False where `buffer` cannot become a head of that kind: the search for a
/// real one should begin now, not after the longest possible head. The first
/// `searched` bytes were looked at before.
pub(super) fn may_begin(buffer: &[u8], searched: usize, half: Half) -> bool {
    if buffer == b"\r" || searched >= LOOKED_AT {
        return true;
    }
    let buffer = buffer.get(..LOOKED_AT).unwrap_or(buffer);
    match (sniff::start_of(buffer), half) {
        (sniff::Start::Undecided, _) => true,
        (sniff::Start::H1Response, Half::Response) => true,
        (_, Half::Response) => false,
        // Any token may be a method, not only the known ones.
        (_, Half::Request) => {
            let line = buffer
                .split(|byte| *byte == b'\n')
                .next()
                .unwrap_or_default();
            line.first().is_some_and(u8::is_ascii_alphabetic)
                && line
                    .iter()
                    .all(|byte| (0x20..0x7f).contains(byte) || *byte == b'\r')
        }
    }
}

/// Reads a whole head, blank line included.
pub(super) fn parse(half: Half, head: &[u8], began: Timestamp) -> Result<Parsed, Malformed> {
    if head.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
        return Ok(Parsed::Blank);
    }
    let head = unfold(head);
    match half {
        Half::Request => parse_request(&head, began),
        Half::Response => parse_response(&head),
    }
    .map(Parsed::Head)
}

/// Obsolete line folding (RFC 9112 §5.2) as spaces, which `httparse` does not
/// take in requests.
fn unfold(head: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    let folds = |at: usize| matches!(head.get(at + 1), Some(b' ' | b'\t'));
    if !memchr::memchr_iter(b'\n', head).any(folds) {
        return head.into();
    }
    let mut line: Vec<u8> = Vec::with_capacity(head.len());
    for byte in head {
        if matches!(byte, b' ' | b'\t') && line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            line.push(b' ');
        } else {
            line.push(*byte);
        }
    }
    line.into()
}

fn parse_request(bytes: &[u8], began: Timestamp) -> Result<Head, Malformed> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        _ => return Err(Malformed),
    }
    let headers = collect(request.headers);
    let framing = framing(&headers, Half::Request)?;
    let target = request.path.unwrap_or_default();
    let (authority, path) = split_target(target);
    let authority = authority
        .map(str::to_owned)
        .or_else(|| headers.get("host").map(str::to_owned));
    let head = RequestHead {
        began,
        method: request.method.map(str::to_owned),
        authority,
        path: Some(path.to_owned()),
        headers,
    };
    Ok(Head::Request { head, framing })
}

fn parse_response(bytes: &[u8]) -> Result<Head, Malformed> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    match httparse::ParserConfig::default()
        .allow_spaces_after_header_name_in_responses(true)
        .parse_response(&mut response, bytes)
    {
        Ok(httparse::Status::Complete(_)) => {}
        _ => return Err(Malformed),
    }
    let status = response.code.ok_or(Malformed)?;
    if (100..200).contains(&status) && status != 101 {
        return Ok(Head::Informational);
    }
    let headers = collect(response.headers);
    if status == 101 {
        return Ok(Head::Switch(ResponseHead {
            status: Some(status),
            headers,
        }));
    }
    let framing = framing(&headers, Half::Response)?;
    Ok(Head::Response {
        head: ResponseHead {
            status: Some(status),
            headers,
        },
        framing,
    })
}

fn collect(fields: &[httparse::Header<'_>]) -> Headers {
    let mut headers = Headers::default();
    for field in fields {
        headers.push(field.name, field.value);
    }
    headers
}

/// Authority and path of a request target in absolute, authority or origin
/// form (RFC 9112 §3.2).
fn split_target(target: &str) -> (Option<&str>, &str) {
    let Some((_, rest)) = target
        .split_once("://")
        .filter(|(scheme, _)| !scheme.contains('/'))
    else {
        return (None, target);
    };
    match rest.find('/') {
        Some(slash) => (rest.get(..slash), rest.get(slash..).unwrap_or("/")),
        None => (Some(rest), "/"),
    }
}

/// How the body is framed (RFC 9112 §6.3).
fn framing(headers: &Headers, half: Half) -> Result<Framing, Malformed> {
    if headers.has_token("transfer-encoding", "chunked") {
        return Ok(Framing::Chunked);
    }
    if half == Half::Response && headers.get("transfer-encoding").is_some() {
        return Ok(Framing::UntilClose);
    }
    let mut lengths = headers
        .all("content-length")
        .flat_map(|value| value.split(','))
        .map(str::trim);
    let Some(length) = lengths.next() else {
        return Ok(if half == Half::Request {
            Framing::None
        } else {
            Framing::UntilClose
        });
    };
    if lengths.any(|other| other != length) || !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Malformed);
    }
    length.parse().map(Framing::Length).map_err(|_| Malformed)
}
