//! An answer while it arrives: one document, or a stream that is read as it
//! comes.

use oisp_core::Timestamp;
use serde_json::Value;

use crate::body::{Body, Damage};
use crate::dialect::{self, Answer, AnswerStream, Dialect};
use crate::framing::sse::Sse;
use crate::framing::{Framing, StreamEvent};
use crate::http::{Ending, ResponseHead};

/// Streamed events that wait because the request is not complete: more than
/// this is no honest early answer.
const MAX_EARLY_EVENTS: usize = 4096;

/// Memory kept from one record to the next.
const KEPT: usize = 64 << 10;

/// An answer while it arrives.
#[derive(Default)]
pub(super) struct AnswerPart {
    /// Known once the request is complete.
    dialect: Option<&'static dyn Dialect>,
    head: Option<ResponseHead>,
    body: Option<Body>,
    content: Content,
    first_byte: Option<Timestamp>,
    seen: ContentTimes,
}

/// When the first and the last content of a stream came.
#[derive(Clone, Copy, Default)]
struct ContentTimes {
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

#[derive(Default)]
enum Content {
    /// Nothing yet.
    #[default]
    Unknown,
    /// One document.
    Document(Vec<u8>),
    /// Server-sent events.
    Stream {
        splitter: Sse,
        /// Decoded bytes on their way to the splitter; empty between records.
        plain: Vec<u8>,
        early: Vec<(Timestamp, Option<StreamEvent>)>,
        stream: Option<Box<dyn AnswerStream + Send>>,
    },
}

/// An answer, complete or cut.
pub struct Answered {
    /// Its head, where one came.
    pub head: Option<ResponseHead>,
    /// What was answered; `None` where the body could not be read.
    pub answer: Option<Answer>,
    /// It was a stream.
    pub streamed: bool,
    /// What is wrong with its body.
    pub damage: Damage,
    /// How it ended.
    pub ending: Ending,
    /// When it ended.
    pub ended: Timestamp,
    /// When its head came.
    pub first_byte: Option<Timestamp>,
    /// When the first content came, in a stream.
    pub first_content: Option<Timestamp>,
    /// When the last content came, in a stream.
    pub last_content: Option<Timestamp>,
}

impl AnswerPart {
    /// Its head came.
    pub(super) fn begin(&mut self, at: Timestamp, head: ResponseHead) {
        self.first_byte = Some(at);
        self.body = Some(Body::new(head.headers.get("content-encoding")));
        self.head = Some(head);
    }

    /// The dialect is known: a stream is read by it from here on.
    pub(super) fn expect(&mut self, dialect: &'static dyn Dialect) {
        self.dialect = Some(dialect);
        if let Content::Stream {
            early,
            stream: stream @ None,
            ..
        } = &mut self.content
        {
            let mut reader = dialect.stream();
            for (at, event) in early.drain(..) {
                read(&mut *reader, at, event.as_ref(), &mut self.seen);
            }
            *stream = Some(reader);
        }
    }

    pub(super) fn bytes(&mut self, at: Timestamp, bytes: &[u8]) {
        let Some(body) = &mut self.body else { return };
        if let Content::Unknown = self.content {
            self.content = Content::of(self.head.as_ref(), bytes, self.dialect);
        }
        match &mut self.content {
            Content::Document(document) => body.push(bytes, document),
            Content::Stream {
                splitter,
                plain,
                early,
                stream,
            } => {
                body.push(bytes, plain);
                let seen = &mut self.seen;
                splitter.push(plain, &mut |event| match stream {
                    Some(stream) => read(&mut **stream, at, Some(event), seen),
                    None if early.len() < MAX_EARLY_EVENTS => early.push((at, Some(event.clone()))),
                    None => {}
                });
                plain.clear();
                plain.shrink_to(KEPT);
            }
            Content::Unknown => {}
        }
    }

    pub(super) fn gap(&mut self, at: Timestamp, len: u64) {
        let Some(body) = &mut self.body else { return };
        body.gap(len);
        if let Content::Stream {
            splitter,
            early,
            stream,
            ..
        } = &mut self.content
        {
            splitter.gap();
            match stream {
                Some(stream) => stream.gap(),
                // A torn stream stays torn: one mark says it.
                None if early.last().is_none_or(|(_, event)| event.is_some()) => {
                    early.push((at, None));
                }
                None => {}
            }
        }
    }

    pub(super) fn finish(
        mut self,
        at: Timestamp,
        ending: Ending,
        dialect: &'static dyn Dialect,
    ) -> Answered {
        self.expect(dialect);
        let damage = self
            .body
            .as_ref()
            .map(|body| body.damage)
            .unwrap_or_default();
        let whole = ending == Ending::Complete && !damage.any();
        let mut seen = self.seen;
        let failed = self
            .head
            .as_ref()
            .and_then(|head| head.status)
            .is_some_and(|status| status >= 400);
        let (answer, streamed) = match self.content {
            Content::Document(document) if whole => {
                let kind = self
                    .head
                    .as_ref()
                    .and_then(|head| head.headers.get("content-type"));
                (document_answer(kind, &document, failed, dialect), false)
            }
            Content::Stream {
                mut splitter,
                stream: Some(mut stream),
                ..
            } => {
                splitter.finish(&mut |event| read(&mut *stream, at, Some(event), &mut seen));
                (Some(stream.finish()), true)
            }
            _ => (None, false),
        };
        Answered {
            head: self.head,
            answer,
            streamed,
            damage,
            ending,
            ended: at,
            first_byte: self.first_byte,
            first_content: seen.first,
            last_content: seen.last,
        }
    }
}

/// Objects, and arrays of objects; a bare string or an error page is no answer.
fn document_answer(
    content_type: Option<&str>,
    document: &[u8],
    failed: bool,
    dialect: &'static dyn Dialect,
) -> Option<Answer> {
    let parsed: Option<Value> = serde_json::from_slice(document).ok();
    let Some(body) = parsed.filter(|body| body.is_object() || body.is_array()) else {
        return dialect
            .answer_of_bytes(content_type, document)
            .filter(|_| !failed);
    };
    if body.is_array() && dialect.streams_arrays() {
        return Some(array_answer(body, dialect));
    }
    if failed {
        return Some(Answer {
            error: dialect::error_of_failure(&body),
            ..Answer::default()
        });
    }
    Some(dialect.answer(body))
}

/// A stream of answers that came as one array.
fn array_answer(body: Value, dialect: &'static dyn Dialect) -> Answer {
    let mut stream = dialect.stream();
    if let Value::Array(items) = body {
        for item in items {
            stream.event(None, item);
        }
    }
    stream.finish()
}

fn read(
    stream: &mut (dyn AnswerStream + Send),
    at: Timestamp,
    event: Option<&StreamEvent>,
    seen: &mut ContentTimes,
) {
    let Some(event) = event else {
        return stream.gap();
    };
    let name = event.name.as_deref();
    let is_content = stream.text_event(name, &event.data).or_else(|| {
        let data = serde_json::from_str(&event.data).ok()?;
        Some(stream.event(name, data))
    });
    if is_content == Some(true) {
        seen.first.get_or_insert(at);
        seen.last = Some(at);
    }
}

impl Content {
    /// The form of a body that begins with `bytes`.
    fn of(
        head: Option<&ResponseHead>,
        bytes: &[u8],
        dialect: Option<&'static dyn Dialect>,
    ) -> Self {
        if head.is_some_and(|head| is_event_stream(head, bytes)) {
            return Self::Stream {
                splitter: Sse::default(),
                plain: Vec::new(),
                early: Vec::new(),
                stream: dialect.map(Dialect::stream),
            };
        }
        Self::Document(Vec::new())
    }
}

/// By the content type, or, where that was not captured, by the first field.
fn is_event_stream(head: &ResponseHead, bytes: &[u8]) -> bool {
    match head.headers.get("content-type") {
        Some(kind) => kind.to_ascii_lowercase().starts_with("text/event-stream"),
        None => bytes.starts_with(b"data:") || bytes.starts_with(b"event:"),
    }
}
