//! One exchange: collects a request and its answer from message parts, and
//! turns them into events when each is known.

use oisp_core::{Event, Timestamp};
use serde_json::Value;

use crate::body::{Body, Damage};
use crate::connection::Side;
use crate::dialect::{self, Answer, AnswerStream, Call, Detection, Dialect};
use crate::emit::{self, Emitter};
use crate::http::{Ending, Half, HttpEvent, Part, RequestHead, ResponseHead};
use crate::sse::{Splitter, SseEvent};

/// Streamed events that wait because the request is not complete: more than
/// this is no honest early answer.
const MAX_EARLY_EVENTS: usize = 4096;

/// Memory kept from one record to the next.
const KEPT: usize = 64 << 10;

/// One exchange under way.
pub struct Exchange {
    state: State,
    request: Option<RequestPart>,
    call: Option<emit::Shared>,
    answer: AnswerPart,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It may be an AI call.
    Open,
    /// It is none: nothing of it is kept.
    Ignored,
    /// Both halves ended.
    Done,
}

/// A request while it arrives.
struct RequestPart {
    head: RequestHead,
    body: Body,
    bytes: Vec<u8>,
}

/// A request that turned out to be an AI call, complete or cut.
pub struct Asked {
    /// Its head.
    pub head: RequestHead,
    /// Its dialect.
    pub dialect: &'static dyn Dialect,
    /// How it was recognised.
    pub detection: Detection,
    /// What it asks for; `None` where the body could not be read.
    pub call: Option<Call>,
    /// What is wrong with its body.
    pub damage: Damage,
    /// How it ended.
    pub ending: Ending,
}

/// An answer while it arrives.
#[derive(Default)]
struct AnswerPart {
    /// Known once the request is complete.
    dialect: Option<&'static dyn Dialect>,
    head: Option<ResponseHead>,
    body: Option<Body>,
    content: Content,
    first_content: Option<Timestamp>,
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
        splitter: Splitter,
        /// Decoded bytes on their way to the splitter; empty between records.
        plain: Vec<u8>,
        early: Vec<(Timestamp, Option<SseEvent>)>,
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
    /// When the first content came, in a stream.
    pub first_content: Option<Timestamp>,
}

impl Default for Exchange {
    fn default() -> Self {
        Self {
            state: State::Open,
            request: None,
            call: None,
            answer: AnswerPart::default(),
        }
    }
}

impl Exchange {
    /// True once nothing more is to come.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Takes one part and gives the events that it completes.
    pub fn part(
        &mut self,
        event: HttpEvent,
        side: Side,
        emitter: &mut Emitter<'_>,
        out: &mut Vec<Event>,
    ) {
        let at = event.at;
        match (event.half, event.part) {
            (Half::Response, Part::End(ending)) => {
                self.end_response(at, ending, side, emitter, out)
            }
            _ if self.state != State::Open => {}
            (_, Part::Request(head)) => self.begin_request(head),
            (_, Part::Response(head)) => self.begin_response(head),
            (Half::Request, Part::Body(bytes)) => {
                if let Some(request) = &mut self.request {
                    request.body.push(&bytes, &mut request.bytes);
                }
            }
            (Half::Request, Part::Gap(len)) => {
                if let Some(request) = &mut self.request {
                    request.body.gap(len);
                }
            }
            (Half::Request, Part::End(ending)) => self.end_request(ending, side, emitter, out),
            (Half::Response, Part::Body(bytes)) => self.answer.bytes(at, &bytes),
            (Half::Response, Part::Gap(len)) => self.answer.gap(at, len),
            (_, Part::Trailers(_)) => {}
        }
    }

    fn begin_request(&mut self, head: RequestHead) {
        if !may_be_call(&head) {
            self.state = State::Ignored;
            return;
        }
        let body = Body::new(head.headers.get("content-encoding"));
        self.request = Some(RequestPart {
            head,
            body,
            bytes: Vec::new(),
        });
    }

    fn begin_response(&mut self, head: ResponseHead) {
        if self.request.is_none() && self.call.is_none() {
            // The request went by before the capture began.
            self.state = State::Ignored;
            return;
        }
        self.answer.body = Some(Body::new(head.headers.get("content-encoding")));
        self.answer.head = Some(head);
    }

    fn end_request(
        &mut self,
        ending: Ending,
        side: Side,
        emitter: &mut Emitter<'_>,
        out: &mut Vec<Event>,
    ) {
        let Some(request) = self.request.take() else {
            return;
        };
        let RequestPart { head, body, bytes } = request;
        let whole = ending == Ending::Complete && !body.damage.any();
        let json: Option<Value> = if whole && may_hold_call(&head, &bytes) {
            serde_json::from_slice(&bytes).ok()
        } else {
            None
        };
        drop(bytes);
        let Some((dialect, detection)) = dialect::identify(&head, json.as_ref()) else {
            self.state = State::Ignored;
            return;
        };
        let call = json.map(|json| dialect.call(json));
        let asked = Asked {
            head,
            dialect,
            detection,
            call,
            damage: body.damage,
            ending,
        };
        self.answer.expect(dialect);
        self.call = Some(emitter.request(asked, side, out));
    }

    fn end_response(
        &mut self,
        at: Timestamp,
        ending: Ending,
        side: Side,
        emitter: &mut Emitter<'_>,
        out: &mut Vec<Event>,
    ) {
        if self.state == State::Open && self.call.is_none() {
            // An answer that came before the request was complete.
            self.end_request(Ending::Reset, side, emitter, out);
        }
        self.state = State::Done;
        if let Some(call) = &self.call {
            let answer = std::mem::take(&mut self.answer).finish(at, ending, call.dialect);
            emitter.response(call, answer, out);
        }
    }
}

/// What cannot be a call by its head alone.
fn may_be_call(head: &RequestHead) -> bool {
    let json = head
        .headers
        .get("content-type")
        .is_none_or(|kind| kind.to_ascii_lowercase().contains("json"));
    json && head.method.as_deref().is_none_or(|method| method == "POST")
}

/// Whether a body is worth parsing: by its path, or by the words that every
/// chat request has. Most JSON that a machine posts is not for a model.
fn may_hold_call(head: &RequestHead, bytes: &[u8]) -> bool {
    let path = head
        .path
        .as_deref()
        .map(dialect::without_query)
        .unwrap_or_default();
    let by_path = path.ends_with("/chat/completions") || path.ends_with("/messages");
    by_path
        || (memchr::memmem::find(bytes, b"\"messages\"").is_some()
            && memchr::memmem::find(bytes, b"\"model\"").is_some())
}

impl AnswerPart {
    /// The dialect is known: a stream is read by it from here on.
    fn expect(&mut self, dialect: &'static dyn Dialect) {
        self.dialect = Some(dialect);
        if let Content::Stream {
            early,
            stream: stream @ None,
            ..
        } = &mut self.content
        {
            let mut reader = dialect.stream();
            for (at, event) in early.drain(..) {
                read(&mut *reader, at, event.as_ref(), &mut self.first_content);
            }
            *stream = Some(reader);
        }
    }

    fn bytes(&mut self, at: Timestamp, bytes: &[u8]) {
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
                let first_content = &mut self.first_content;
                splitter.push(plain, |event| match stream {
                    Some(stream) => read(&mut **stream, at, Some(event), first_content),
                    None if early.len() < MAX_EARLY_EVENTS => early.push((at, Some(event.clone()))),
                    None => {}
                });
                plain.clear();
                plain.shrink_to(KEPT);
            }
            Content::Unknown => {}
        }
    }

    fn gap(&mut self, at: Timestamp, len: u64) {
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
                None => early.push((at, None)),
            }
        }
    }

    fn finish(mut self, at: Timestamp, ending: Ending, dialect: &'static dyn Dialect) -> Answered {
        self.expect(dialect);
        let damage = self
            .body
            .as_ref()
            .map(|body| body.damage)
            .unwrap_or_default();
        let whole = ending == Ending::Complete && !damage.any();
        let mut first_content = self.first_content;
        let failed = self
            .head
            .as_ref()
            .and_then(|head| head.status)
            .is_some_and(|status| status >= 400);
        let (answer, streamed) = match self.content {
            Content::Document(document) if whole => {
                (document_answer(&document, failed, dialect), false)
            }
            Content::Stream {
                splitter,
                stream: Some(mut stream),
                ..
            } => {
                splitter.finish(|event| read(&mut *stream, at, Some(event), &mut first_content));
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
            first_content,
        }
    }
}

/// Objects only: a bare string or an error page is no answer.
fn document_answer(document: &[u8], failed: bool, dialect: &'static dyn Dialect) -> Option<Answer> {
    let body: Value = serde_json::from_slice(document)
        .ok()
        .filter(Value::is_object)?;
    if failed {
        return Some(Answer {
            error: dialect::error_of_failure(&body),
            ..Answer::default()
        });
    }
    Some(dialect.answer(body))
}

fn read(
    stream: &mut (dyn AnswerStream + Send),
    at: Timestamp,
    event: Option<&SseEvent>,
    first_content: &mut Option<Timestamp>,
) {
    let Some(event) = event else {
        return stream.gap();
    };
    let Ok(data) = serde_json::from_str(&event.data) else {
        return;
    };
    if stream.event(event.name.as_deref(), data) {
        first_content.get_or_insert(at);
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
                splitter: Splitter::default(),
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
