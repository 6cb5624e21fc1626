//! The form of an answer's body: one document, or a stream in one of the
//! framings. The content type tells; where it is missing or says nothing, the
//! first bytes do.

use crate::dialect::Dialect;
use crate::framing::Framing;
use crate::framing::envelope::Envelope;
use crate::framing::eventstream::EventStream;
use crate::framing::json_array::JsonArray;
use crate::framing::ndjson::Ndjson;
use crate::framing::sse::Sse;
use crate::http::ResponseHead;

/// So many bytes tell server-sent events from a document.
const ENOUGH: usize = 6;

/// So many blanks before a document hold no list that is streamed.
const MAX_BLANK: usize = 4 << 10;

/// The form of a body.
pub(super) enum Form {
    /// Too few bytes so far.
    Undecided,
    Document,
    Stream(Box<dyn Framing + Send>),
}

/// The form of a body that begins with `start`, decoded bytes.
pub(super) fn of(
    head: Option<&ResponseHead>,
    start: &[u8],
    dialect: Option<&'static dyn Dialect>,
) -> Form {
    let kind = head
        .and_then(|head| head.headers.get("content-type"))
        .map(|kind| {
            kind.split(';')
                .next()
                .unwrap_or(kind)
                .trim()
                .to_ascii_lowercase()
        });
    match kind.as_deref() {
        // What went wrong before the stream began is told as one document.
        Some("text/event-stream") if is_json(start) => json(start, dialect),
        Some("text/event-stream") => Form::Stream(Box::<Sse>::default()),
        Some("application/vnd.amazon.eventstream") => Form::Stream(Box::<EventStream>::default()),
        Some(kind) if is_line_wise(kind) => Form::Stream(Box::<Ndjson>::default()),
        Some(kind) if kind.contains("json") => json(start, dialect),
        None | Some("text/plain" | "application/octet-stream") => by_bytes(start),
        Some(kind) => match enveloped(kind, head) {
            Some(framing) => Form::Stream(framing),
            None => Form::Document,
        },
    }
}

/// The framing of a whole body that is no document, whatever its content type.
pub(super) fn guessed(document: &[u8]) -> Option<Box<dyn Framing + Send>> {
    match document.trim_ascii_start() {
        [b'{', ..] => Some(Box::<Ndjson>::default()),
        start if is_sse(start) => Some(Box::<Sse>::default()),
        _ => None,
    }
}

fn is_line_wise(kind: &str) -> bool {
    [
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/x-jsonlines",
        "application/json-lines",
        "application/json-seq",
        "application/stream+json",
        "application/x-json-stream",
    ]
    .contains(&kind)
}

/// No line of events begins so.
fn is_json(start: &[u8]) -> bool {
    matches!(start.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// A list where the dialect streams lists, else a document.
fn json(start: &[u8], dialect: Option<&'static dyn Dialect>) -> Form {
    match start.get(blanks(start)) {
        None => Form::Undecided,
        Some(b'[') if dialect.is_some_and(Dialect::streams_arrays) => {
            Form::Stream(Box::<JsonArray>::default())
        }
        Some(_) => Form::Document,
    }
}

/// How many blanks a body begins with, as far as that matters.
fn blanks(start: &[u8]) -> usize {
    let blanks = start.iter().take(MAX_BLANK);
    blanks.take_while(|byte| byte.is_ascii_whitespace()).count()
}

fn by_bytes(start: &[u8]) -> Form {
    let blanks = blanks(start);
    let start = start.get(blanks..).unwrap_or_default();
    if is_sse(start) {
        Form::Stream(Box::<Sse>::default())
    } else if start.len() < ENOUGH && blanks < MAX_BLANK && !start.starts_with(b"{") {
        Form::Undecided
    } else {
        Form::Document
    }
}

fn is_sse(start: &[u8]) -> bool {
    start.starts_with(b"data:") || start.starts_with(b"event:")
}

/// gRPC and Connect: the coding of their messages stands in fields of its own.
fn enveloped(kind: &str, head: Option<&ResponseHead>) -> Option<Box<dyn Framing + Send>> {
    let headers = &head?.headers;
    let coding = headers
        .get("connect-content-encoding")
        .or_else(|| headers.get("grpc-encoding"));
    Some(Box::new(Envelope::new(kind, coding)?))
}
