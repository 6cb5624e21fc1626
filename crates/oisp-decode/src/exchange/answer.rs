//! An answer while it arrives: one document, or a stream that is read as it
//! comes.

use oisp_core::Timestamp;
use serde_json::Value;

use super::form::{self, Form};
use super::pieces::{Piece, Pieces};
use crate::body::{Body, Damage, Room};
use crate::dialect::{self, Answer, AnswerStream, Dialect, Operation};
use crate::framing::{Framing, StreamEvent};
use crate::http::{Ending, ResponseHead};
use crate::json;

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
    seen: Seen,
}

/// What was seen of a stream's content.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    /// Only where they are asked for.
    pub(super) pieces: Option<Pieces>,
    /// The answer has more parts than any honest one: it is read no further,
    /// for each event looks for its place among them.
    pub(super) is_endless: bool,
}

impl Seen {
    /// What was read of `stream` last, and whether it was content.
    pub(super) fn note(&mut self, stream: &dyn AnswerStream, at: Timestamp, is_content: bool) {
        if is_content {
            self.first.get_or_insert(at);
            self.last = Some(at);
        }
        if let Some(pieces) = &mut self.pieces {
            pieces.look_at(stream.so_far(), at);
        }
    }

    /// The pieces that came since this was asked last.
    pub(super) fn take_pieces(&mut self) -> Vec<Piece> {
        self.pieces.as_mut().map(Pieces::take).unwrap_or_default()
    }
}

enum Content {
    /// Too few bytes to tell.
    Unknown(Vec<u8>),
    /// One document.
    Document(Vec<u8>),
    /// Events.
    Stream(Streamed),
}

struct Streamed {
    framing: Box<dyn Framing + Send>,
    /// Decoded bytes on their way to the framing; empty between records.
    plain: Vec<u8>,
    early: Vec<(Timestamp, Option<StreamEvent>)>,
    stream: Option<Box<dyn AnswerStream + Send>>,
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
    /// The pieces that its end brought.
    pub pieces: Vec<Piece>,
}

impl Default for Content {
    fn default() -> Self {
        Self::Unknown(Vec::new())
    }
}

impl AnswerPart {
    /// Its head came.
    pub(super) fn begin(&mut self, at: Timestamp, head: ResponseHead, room: &Room) {
        self.first_byte = Some(at);
        self.body = Some(Body::new(head.headers.get("content-encoding"), room));
        self.head = Some(head);
    }

    /// Its head, as soon as it came.
    pub(super) const fn head(&self) -> Option<&ResponseHead> {
        self.head.as_ref()
    }

    /// The dialect is known: a stream is read by it from here on.
    pub(super) fn expect(&mut self, dialect: &'static dyn Dialect, wants_pieces: bool) {
        self.dialect = Some(dialect);
        self.seen.pieces = wants_pieces.then(Pieces::default);
        if let Content::Stream(streamed) = &mut self.content {
            streamed.read_early(dialect, &mut self.seen);
        }
    }

    /// The pieces that came since this was asked last.
    pub(super) fn take_pieces(&mut self) -> Vec<Piece> {
        self.seen.take_pieces()
    }

    pub(super) fn bytes(&mut self, at: Timestamp, bytes: &[u8]) {
        let Some(body) = &mut self.body else { return };
        match &mut self.content {
            Content::Document(document) => body.push(bytes, document),
            Content::Stream(streamed) => {
                body.push(bytes, &mut streamed.plain);
                streamed.read(at, &mut self.seen);
            }
            Content::Unknown(start) => {
                body.push(bytes, start);
                let head = self.head.as_ref();
                let form = form::of(head, start, self.dialect);
                let start = std::mem::take(start);
                self.content = Content::in_form(form, start, self.dialect);
                if let Content::Stream(streamed) = &mut self.content {
                    streamed.read(at, &mut self.seen);
                }
            }
        }
    }

    pub(super) fn gap(&mut self, at: Timestamp, len: u64) {
        let Some(body) = &mut self.body else { return };
        body.gap(len);
        if let Content::Stream(streamed) = &mut self.content {
            streamed.gap(at);
        }
    }

    pub(super) fn finish(
        mut self,
        at: Timestamp,
        ending: Ending,
        dialect: &'static dyn Dialect,
    ) -> Answered {
        let wants_pieces = self.seen.pieces.is_some();
        if self.dialect.is_none() {
            self.expect(dialect, wants_pieces);
        }
        let mut damage = self
            .body
            .as_ref()
            .map(|body| body.damage)
            .unwrap_or_default();
        let whole = ending == Ending::Complete && !damage.any();
        let (mut answer, streamed) = match self.content {
            Content::Document(document) | Content::Unknown(document) if whole => {
                document_answer(self.head.as_ref(), &document, dialect)
            }
            Content::Stream(streamed) => {
                let is_cut = ending != Ending::Complete;
                let (answer, is_broken) = streamed.finish(at, is_cut, dialect, &mut self.seen);
                damage.broken_stream = is_broken || self.seen.is_endless;
                (Some(answer), true)
            }
            _ => (None, false),
        };
        if let (Some(head), Some(answer)) = (&self.head, &mut answer) {
            dialect.add_head(head, answer);
        }
        Answered {
            head: self.head,
            answer,
            streamed,
            damage,
            ending,
            ended: at,
            first_byte: self.first_byte,
            first_content: self.seen.first,
            last_content: self.seen.last,
            pieces: self.seen.take_pieces(),
        }
    }
}

impl Content {
    fn in_form(form: Form, start: Vec<u8>, dialect: Option<&'static dyn Dialect>) -> Self {
        match form {
            Form::Undecided => Self::Unknown(start),
            Form::Document => Self::Document(start),
            Form::Stream(framing) => Self::Stream(Streamed {
                framing,
                plain: start,
                early: Vec::new(),
                stream: dialect.map(Dialect::stream),
            }),
        }
    }
}

impl Streamed {
    /// Reads what waits in `plain`.
    fn read(&mut self, at: Timestamp, seen: &mut Seen) {
        let (early, stream) = (&mut self.early, &mut self.stream);
        self.framing
            .push(&self.plain, &mut |event| match &mut *stream {
                Some(stream) => read(&mut **stream, at, event, seen),
                None if early.len() < MAX_EARLY_EVENTS => early.push((at, Some(event.clone()))),
                None => {}
            });
        self.plain.clear();
        self.plain.shrink_to(KEPT);
    }

    fn read_early(&mut self, dialect: &'static dyn Dialect, seen: &mut Seen) {
        if self.stream.is_some() {
            return;
        }
        let mut reader = dialect.stream();
        for (at, event) in self.early.drain(..) {
            match event {
                Some(event) => read(&mut *reader, at, &event, seen),
                None => reader.gap(),
            }
        }
        self.stream = Some(reader);
    }

    fn gap(&mut self, at: Timestamp) {
        self.framing.gap();
        match &mut self.stream {
            Some(stream) => stream.gap(),
            // A torn stream stays torn: one mark says it.
            None if self.early.last().is_none_or(|(_, event)| event.is_some()) => {
                self.early.push((at, None));
            }
            None => {}
        }
    }

    /// The answer, and whether the framing's rules were broken.
    fn finish(
        mut self,
        at: Timestamp,
        is_cut: bool,
        dialect: &'static dyn Dialect,
        seen: &mut Seen,
    ) -> (Answer, bool) {
        let mut stream = self.stream.unwrap_or_else(|| dialect.stream());
        self.framing
            .finish(&mut |event| read(&mut *stream, at, event, seen));
        if is_cut {
            stream.gap();
        }
        (stream.finish(), self.framing.is_broken())
    }
}

/// The answer that a whole body is, and whether it was a stream after all.
fn document_answer(
    head: Option<&ResponseHead>,
    document: &[u8],
    dialect: &'static dyn Dialect,
) -> (Option<Answer>, bool) {
    let status = head.and_then(|head| head.status);
    let failed = status.is_some_and(|status| status >= 400);
    let parsed = match dialect.operation() {
        Operation::EMBEDDING => json::parse_vectors(document),
        _ => json::parse(document),
    };
    match parsed {
        Some(body) if failed => (Some(failure(&body)), false),
        Some(Value::Array(items)) if dialect.streams_arrays() => {
            (Some(array_answer(items, dialect)), true)
        }
        // A bare string or number is no answer.
        Some(body @ (Value::Object(_) | Value::Array(_))) => (Some(dialect.answer(body)), false),
        Some(_) => (None, false),
        None if failed => (None, false),
        None => {
            let kind = head.and_then(|head| head.headers.get("content-type"));
            match dialect.answer_of_bytes(kind, document) {
                Some(answer) => (Some(answer), false),
                None => (unannounced_stream(document, dialect), true),
            }
        }
    }
}

/// What the body of a failed request tells. Some servers put it into a list.
fn failure(body: &Value) -> Answer {
    let body = body
        .as_array()
        .and_then(|items| items.first())
        .unwrap_or(body);
    Answer {
        error: dialect::error_of_failure(body),
        ..Answer::default()
    }
}

/// A stream of answers that came as one array.
fn array_answer(items: Vec<Value>, dialect: &'static dyn Dialect) -> Answer {
    let mut stream = dialect.stream();
    for item in items {
        stream.event(None, item);
    }
    stream.finish()
}

/// A stream whose content type does not say so.
fn unannounced_stream(document: &[u8], dialect: &'static dyn Dialect) -> Option<Answer> {
    let mut framing = form::guessed(document)?;
    let mut stream = dialect.stream();
    let mut seen = Seen::default();
    let mut take = |event: &StreamEvent| read(&mut *stream, Timestamp::default(), event, &mut seen);
    framing.push(document, &mut take);
    framing.finish(&mut take);
    let answer = stream.finish();
    (!framing.is_broken() && !answer.says_nothing()).then_some(answer)
}

fn read(
    stream: &mut (dyn AnswerStream + Send),
    at: Timestamp,
    event: &StreamEvent,
    seen: &mut Seen,
) {
    if seen.is_endless {
        return;
    }
    if event.after_loss {
        stream.gap();
    }
    let name = event.name.as_deref();
    let is_content = stream.text_event(name, &event.data).or_else(|| {
        let data = json::parse(event.data.as_bytes())?;
        Some(stream.event(name, data))
    });
    seen.note(stream, at, is_content == Some(true));
    seen.is_endless = stream.so_far().is_endless();
}
