//! One HTTP exchange of MCP, or one byte stream of lines: message parts in,
//! messages to the sessions.
//!
//! A POST asks, and is answered by a document or a stream of events; with a
//! session, the answer may come in another exchange. A GET listens to what the
//! server says of itself; in the older HTTP+SSE transport, to all its answers.

use oisp_core::{Event, Timestamp};
use serde_json::Value;

use super::asked::from_head;
use super::message::{self, Message};
use super::place::{Place, SESSION, session_of_path};
use super::reading::{Reading, Rest};
use super::sessions::{Heard, Sessions};
use crate::connection::Side;
use crate::emit::Emitter;
use crate::framing::StreamEvent;
use crate::http::{Ending, Half, HttpEvent, Part, RequestHead, ResponseHead};
use crate::json;

/// What the messages of one exchange go to.
pub struct Stage<'a, 'e> {
    /// All sessions.
    pub sessions: &'a mut Sessions,
    /// The exchange's events.
    pub emitter: &'a mut Emitter<'e>,
    /// Where they go.
    pub out: &'a mut Vec<Event>,
}

/// An exchange, or a byte stream.
pub struct Talk {
    place: Place,
    kind: Kind,
    reading: Reading,
    status: Option<u16>,
    /// The answer began before the request was complete, and was not read.
    early: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A byte stream of lines.
    Lines,
    /// A POST.
    Asking,
    /// A GET.
    Listening(Stream),
}

/// Whose stream a GET listens to: the first event says it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stream {
    /// Nothing came yet.
    Unsure,
    /// MCP's.
    Mcp,
    /// MCP's, and the session lasts as long as it does: the older transport.
    McpSession,
    /// Someone else's.
    Foreign,
}

impl Stage<'_, '_> {
    fn hear(&mut self, heard: &mut Heard<'_>, message: Message) {
        self.sessions
            .message(heard, message, self.emitter, self.out);
    }
}

impl Talk {
    /// A byte stream of lines.
    pub fn lines(emitter: &Emitter<'_>) -> Self {
        let place = Place::lines(emitter.conn, emitter.link);
        Self::new(place, Kind::Lines)
    }

    /// An exchange that may be listening.
    pub fn listening(head: &RequestHead, side: Side, emitter: &Emitter<'_>) -> Option<Self> {
        let accepts = head
            .headers
            .all("accept")
            .any(|kinds| kinds.contains("text/event-stream"));
        let is_get = head.method.as_deref() == Some("GET");
        (is_get && accepts).then(|| {
            let place = Place::http(emitter.conn, side, head);
            Self::new(place, Kind::Listening(Stream::Unsure))
        })
    }

    /// Whether a request is MCP's: by its body, or, where that could not be
    /// read, by its head.
    pub fn is_asking(head: &RequestHead, body: Option<&Value>) -> bool {
        match body {
            Some(body) => message::is_mcp(body),
            None => from_head(&head.headers).is_some(),
        }
    }

    /// An exchange that is asking.
    pub fn asking(
        head: &RequestHead,
        body: Option<Value>,
        side: Side,
        stage: &mut Stage<'_, '_>,
    ) -> Self {
        let mut place = Place::http(stage.emitter.conn, side, head);
        let messages = match body {
            Some(body) => message::messages(body),
            None => from_head(&head.headers).into_iter().collect(),
        };
        let mut heard = Heard {
            place: &mut place,
            written: side == Side::Client,
            began: head.began,
            at: head.began,
        };
        for message in messages {
            stage.hear(&mut heard, message);
        }
        Self::new(place, Kind::Asking)
    }

    fn new(place: Place, kind: Kind) -> Self {
        Self {
            place,
            kind,
            reading: Reading::default(),
            status: None,
            early: false,
        }
    }

    /// The answer came before the request was complete; its content is not
    /// known.
    pub const fn answered_early(&mut self, status: Option<u16>) {
        self.status = status;
        self.early = true;
    }

    /// True where something should come soon: a stream that is listened to may
    /// be silent for as long as it likes.
    pub fn is_waiting(&self) -> bool {
        self.kind == Kind::Asking
    }

    /// Takes one part. True once nothing more is to come.
    pub fn part(&mut self, event: HttpEvent, stage: &mut Stage<'_, '_>) -> bool {
        let (at, half) = (event.at, event.half);
        match (half, event.part) {
            (_, Part::Message(line)) => {
                let written = half == Half::Request;
                if let Some(json) = json::parse(&line) {
                    self.messages(at, written, message::messages(json), stage);
                }
            }
            (Half::Response, Part::Response(head)) => self.begin(&head, stage),
            (Half::Response, Part::Body(bytes)) => {
                for event in self.reading.push(&bytes) {
                    self.event(at, event, stage);
                }
            }
            (Half::Response, Part::Gap(len)) => self.reading.gap(len),
            (Half::Response, Part::End(ending)) => {
                self.end(at, ending, stage);
                return true;
            }
            _ => {}
        }
        false
    }

    fn messages(
        &mut self,
        at: Timestamp,
        written: bool,
        messages: Vec<Message>,
        stage: &mut Stage<'_, '_>,
    ) {
        let mut heard = Heard {
            place: &mut self.place,
            written,
            began: at,
            at,
        };
        for message in messages {
            stage.hear(&mut heard, message);
        }
    }

    fn begin(&mut self, head: &ResponseHead, stage: &mut Stage<'_, '_>) {
        self.status = head.status;
        self.reading
            .begin(head, self.kind == Kind::Asking, stage.emitter.room);
        if self.place.session.is_none()
            && let Some(session) = head.headers.get(SESSION)
        {
            stage
                .sessions
                .enter(&mut self.place, session, stage.emitter);
        }
    }

    fn event(&mut self, at: Timestamp, event: StreamEvent, stage: &mut Stage<'_, '_>) {
        if event.data.trim().is_empty() {
            return;
        }
        if self.kind == Kind::Listening(Stream::Unsure) {
            self.kind = Kind::Listening(self.stream_of(&event, stage));
        }
        if self.kind == Kind::Listening(Stream::Foreign) {
            self.reading.forget();
            return;
        }
        if let Some(json) = json::parse(event.data.as_bytes()) {
            let written = self.place.side == Side::Server;
            self.messages(at, written, message::messages(json), stage);
        }
    }

    /// Whose stream it is that begins with `event`.
    fn stream_of(&mut self, event: &StreamEvent, stage: &mut Stage<'_, '_>) -> Stream {
        if event.name.as_deref() == Some("endpoint") {
            let session = session_of_path(event.data.trim()).unwrap_or_default();
            stage
                .sessions
                .enter(&mut self.place, session, stage.emitter);
            return Stream::McpSession;
        }
        if message::may_be_message(event.data.as_bytes()) {
            return Stream::Mcp;
        }
        Stream::Foreign
    }

    /// The answer, or the byte stream, is over.
    pub fn end(&mut self, at: Timestamp, ending: Ending, stage: &mut Stage<'_, '_>) {
        let damage = self.reading.damage();
        let is_whole = ending == Ending::Complete && !damage.any();
        self.rest(at, is_whole, stage);
        let reason = damage.reasons().next().unwrap_or(match ending {
            Ending::Complete if self.early => "answer_before_request",
            Ending::Complete => "no_answer",
            other => other.as_str(),
        });
        match (self.kind, self.status) {
            (Kind::Asking, Some(status)) if status >= 400 => {
                let written = self.place.side == Side::Server;
                let heard = Heard {
                    place: &mut self.place,
                    written,
                    began: at,
                    at,
                };
                stage
                    .sessions
                    .fail_exchange(status, &heard, stage.emitter, stage.out);
            }
            // The answer comes in another exchange of the session.
            (Kind::Asking, _) if is_whole && !self.early && self.place.session.is_some() => {}
            (Kind::Asking | Kind::Lines, _) => {
                stage
                    .sessions
                    .end_exchange(reason, at, stage.emitter, stage.out);
            }
            (Kind::Listening(Stream::McpSession), _) => {
                let reason = if is_whole { "session_ended" } else { reason };
                let link = self.place.link;
                stage
                    .sessions
                    .end_session(link, reason, at, stage.emitter, stage.out);
            }
            (Kind::Listening(_), _) => {}
        }
    }

    /// What was kept until the end.
    fn rest(&mut self, at: Timestamp, is_whole: bool, stage: &mut Stage<'_, '_>) {
        match self.reading.finish() {
            Rest::Document(document) if is_whole => {
                if let Some(json) = json::parse(&document) {
                    let written = self.place.side == Side::Server;
                    self.messages(at, written, message::messages(json), stage);
                }
            }
            Rest::Document(_) => {}
            Rest::Events(events) => {
                for event in events {
                    self.event(at, event, stage);
                }
            }
        }
    }
}
