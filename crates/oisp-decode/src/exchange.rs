//! One exchange: collects a request and its answer from message parts, and
//! turns them into events when each is known.

mod answer;
mod form;
mod pieces;
mod session;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use oisp_core::{Event, Timestamp};
use serde_json::Value;

use crate::body::{self, Body, Damage, Room};
use crate::connection::Side;
use crate::dialect::{self, Call, Detection, Dialect};
use crate::emit::{self, Emitter};
use crate::http::{Ending, Half, HttpEvent, Part, RequestHead, ResponseHead};
use crate::mcp::{self, Sessions, Stage, Talk};
use answer::AnswerPart;
pub use answer::Answered;
pub use pieces::Piece;
use session::{Scene, Session, Upgrade};

/// One exchange under way.
pub struct Exchange {
    state: State,
    request: Option<RequestPart>,
    call: Option<emit::Shared>,
    answer: AnswerPart,
    upgrade: Option<Upgrade>,
    session: Option<Box<Session>>,
    /// When the last part came.
    last_at: Timestamp,
    /// It is MCP's.
    talk: Option<Box<Talk>>,
    /// Memory of the heads, about.
    heads: usize,
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
    /// What it says, in short; `None` where not all of it is there.
    pub print: Option<u64>,
}

impl Default for Exchange {
    fn default() -> Self {
        Self {
            state: State::Open,
            request: None,
            call: None,
            answer: AnswerPart::default(),
            upgrade: None,
            session: None,
            last_at: Timestamp::default(),
            talk: None,
            heads: 0,
        }
    }
}

impl Exchange {
    /// True once nothing more is to come.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Nothing came for `millis` before `now`, and something should have.
    pub fn is_silent(&self, now: Timestamp, millis: u64) -> bool {
        let waits = self
            .session
            .as_ref()
            .is_none_or(|session| session.is_waiting())
            && self.talk.as_ref().is_none_or(|talk| talk.is_waiting());
        waits && now.millis_since(self.last_at) > millis
    }

    /// Memory, about, without the bodies: they share a [`Room`].
    pub const fn held(&self) -> usize {
        /// Of what an exchange and its events share.
        const SHARED: usize = 1024;
        match self.state {
            State::Open => size_of::<Self>() + SHARED + self.heads,
            State::Ignored | State::Done => size_of::<Self>(),
        }
    }

    /// Takes one part and gives the events that it completes.
    pub fn part(
        &mut self,
        event: HttpEvent,
        side: Side,
        sessions: &mut Sessions,
        emitter: &mut Emitter<'_>,
        out: &mut Vec<Event>,
    ) {
        let at = event.at;
        self.last_at = at;
        if let Part::Message(_) = event.part {
            self.talk
                .get_or_insert_with(|| Box::new(Talk::lines(emitter)));
        }
        if let Some(talk) = &mut self.talk {
            let stage = &mut Stage {
                sessions,
                emitter,
                out,
            };
            if talk.part(event, stage) {
                self.state = State::Done;
            }
            return;
        }
        if let Some(session) = &mut self.session {
            let scene = &mut Scene {
                at,
                side,
                emitter,
                out,
            };
            if session.part(event.half, event.part, scene) {
                self.state = State::Done;
            }
            return;
        }
        match (event.half, event.part) {
            (Half::Response, Part::End(ending)) => {
                self.end_response(at, ending, side, sessions, emitter, out)
            }
            _ if self.state != State::Open => {}
            (_, Part::Request(head)) => self.begin_request(head, side, emitter),
            (_, Part::Response(head)) => self.begin_response(at, head, emitter.room),
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
            (Half::Request, Part::End(ending)) => {
                self.end_request(ending, side, sessions, emitter, out)
            }
            (Half::Response, Part::Body(bytes)) => {
                self.answer.bytes(at, &bytes);
                self.chunks(emitter, out);
            }
            (Half::Response, Part::Gap(len)) => self.answer.gap(at, len),
            (_, Part::Trailers(_) | Part::Message(_)) => {}
        }
    }

    fn begin_request(&mut self, head: RequestHead, side: Side, emitter: &mut Emitter<'_>) {
        if let Some(talk) = Talk::listening(&head, side, emitter) {
            self.talk = Some(Box::new(talk));
            return;
        }
        self.upgrade = Upgrade::of(&head);
        if self.upgrade.is_some() {
            return;
        }
        if !may_be_call(&head) {
            self.state = State::Ignored;
            return;
        }
        if side == Side::Client {
            let effects = &mut emitter.agents.effects;
            effects.asking(emitter.conn.pid, head.began);
        }
        // What both events repeat of it may be as much again.
        self.heads += head.held() * 2;
        let body = Body::new(head.headers.get("content-encoding"), emitter.room);
        self.request = Some(RequestPart {
            head,
            body,
            bytes: Vec::new(),
        });
    }

    fn begin_response(&mut self, at: Timestamp, head: ResponseHead, room: &Room) {
        if let Some(upgrade) = self.upgrade.take() {
            match upgrade.agreed(head, room) {
                Some(session) => self.session = Some(Box::new(session)),
                None => self.state = State::Ignored,
            }
            return;
        }
        if self.request.is_none() && self.call.is_none() {
            // The request went by before the capture began.
            self.state = State::Ignored;
            return;
        }
        self.heads += head.headers.held();
        self.answer.begin(at, head, room);
    }

    fn end_request(
        &mut self,
        ending: Ending,
        side: Side,
        sessions: &mut Sessions,
        emitter: &mut Emitter<'_>,
        out: &mut Vec<Event>,
    ) {
        let Some(request) = self.request.take() else {
            return;
        };
        emitter.agents.effects.asked(emitter.conn.pid);
        let RequestPart { head, body, bytes } = request;
        let whole = ending == Ending::Complete && !body.damage.any();
        let is_worth = || dialect::is_worth_parsing(&head, &bytes) || mcp::may_be_message(&bytes);
        let json: Option<Value> = if whole && is_worth() {
            body::json(&head.headers, &bytes)
        } else {
            None
        };
        let print = whole.then(|| print(&head, &bytes));
        drop(bytes);
        if Talk::is_asking(&head, json.as_ref()) {
            let stage = &mut Stage {
                sessions,
                emitter,
                out,
            };
            let mut talk = Talk::asking(&head, json, side, stage);
            if let Some(head) = self.answer.head() {
                talk.answered_early(head.status);
            }
            self.talk = Some(Box::new(talk));
            return;
        }
        let Some((dialect, detection)) = dialect::identify(&head, json.as_ref()) else {
            self.state = State::Ignored;
            return;
        };
        let call = json.map(|json| dialect.call(&head, json));
        let asked = Asked {
            head,
            dialect,
            detection,
            call,
            damage: body.damage,
            ending,
            print,
        };
        self.answer.expect(dialect, emitter.stream_chunks);
        self.call = Some(emitter.request(asked, side, out));
        self.chunks(emitter, out);
    }

    /// Tells the pieces that came of a streamed answer.
    fn chunks(&mut self, emitter: &Emitter<'_>, out: &mut Vec<Event>) {
        if let Some(call) = &self.call {
            let pieces = self.answer.take_pieces().into_iter();
            out.extend(pieces.map(|piece| emitter.chunk(call, piece)));
        }
    }

    fn end_response(
        &mut self,
        at: Timestamp,
        ending: Ending,
        side: Side,
        sessions: &mut Sessions,
        emitter: &mut Emitter<'_>,
        out: &mut Vec<Event>,
    ) {
        if self.state == State::Open && self.call.is_none() {
            // An answer that came before the request was complete.
            self.end_request(Ending::Reset, side, sessions, emitter, out);
        }
        self.state = State::Done;
        if let Some(talk) = &mut self.talk {
            let stage = &mut Stage {
                sessions,
                emitter,
                out,
            };
            talk.end(at, ending, stage);
        }
        if let Some(call) = &self.call {
            let answer = std::mem::take(&mut self.answer).finish(at, ending, call.dialect);
            emitter.response(call, answer, out);
        }
    }
}

/// What cannot be a call by its head alone.
fn may_be_call(head: &RequestHead) -> bool {
    let is_readable = body::is_readable(&head.headers)
        || (body::is_form(&head.headers) && dialect::identify(head, None).is_some());
    is_readable && head.method.as_deref().is_none_or(|method| method == "POST")
}

/// A short name for what a request says. Of a long body, how it begins and how
/// it ends: what is new in a conversation stands at its end.
fn print(head: &RequestHead, body: &[u8]) -> u64 {
    const PART: usize = 4 << 10;
    let begin = body.get(..PART).unwrap_or(body);
    let end = body.get(body.len().saturating_sub(PART)..);
    let mut hash = DefaultHasher::new();
    (&head.method, &head.path, body.len(), begin, end).hash(&mut hash);
    hash.finish()
}
