//! From a call and its answer to events.

mod agents;
mod choice;
mod chunk;
mod headers;
mod provider;
mod request;
mod response;
mod timing;
mod tools;

use oisp_core::event::ai::{Model, Provider};
use oisp_core::event::{Confidence, Related, Relationship, TraceContext};
use oisp_core::{ConnId, Event, EventId, Timestamp, event};
use oisp_registry::Bundle;
use serde_json::{Map, Value};

use crate::agents::Agents;
use crate::body::Room;
use crate::connection::Side;
use crate::conversation::Conversations;
use crate::dialect::{Detection, Dialect};
use crate::ends::Ends;
use crate::exchange::{Answered, Asked, Piece};
use crate::http::Ending;
use crate::link::Link;
use oisp_core::HashKey;

pub use agents::session_end;

/// What one exchange needs of the decoder around it to make events.
pub struct Emitter<'a> {
    /// The connection.
    pub conn: &'a ConnId,
    /// The exchange's name within the connection.
    pub exchange: u64,
    /// The thread that the last bytes came from.
    pub tid: u32,
    /// The conversations under way.
    pub conversations: &'a mut Conversations,
    /// What agents do between calls.
    pub agents: &'a mut Agents,
    /// Providers, models and prices.
    pub bundle: &'a Bundle,
    /// What is left for bodies.
    pub room: &'a Room,
    /// Each piece of a streamed answer is an event, too.
    pub stream_chunks: bool,
    /// Hashes credentials.
    pub hash_key: &'a HashKey,
    /// What carries the connection.
    pub link: &'a Link,
    /// Both ends of calls.
    pub ends: &'a mut Ends,
}

/// What the events of one call share.
pub struct Shared {
    /// The id of the `ai.request`.
    pub request_event: EventId,
    /// `data.request_id`.
    pub request_id: String,
    /// `data.conversation_id`.
    pub conversation_id: String,
    /// Who is called.
    pub provider: Provider,
    /// Its id in the price data.
    pub prices: Option<Box<str>>,
    /// The model as asked for.
    pub model: Option<Model>,
    /// When the request's first byte was captured.
    pub began: Timestamp,
    /// The end that the process is.
    pub side: Side,
    /// How answers are read.
    pub dialect: &'static dyn Dialect,
    /// How the call was recognised.
    pub detection: Detection,
    /// The trace of the conversation.
    pub trace: TraceContext,
    /// `attrs` that every event of the call has.
    pub attrs: Map<String, Value>,
}

impl Shared {
    /// Where the request was captured.
    const fn request_point(&self) -> &'static str {
        match self.side {
            Side::Client => "ssl_write",
            Side::Server => "ssl_read",
        }
    }

    /// Where the answer was captured.
    const fn answer_point(&self) -> &'static str {
        match self.side {
            Side::Client => "ssl_read",
            Side::Server => "ssl_write",
        }
    }
}

impl Emitter<'_> {
    /// The same for another exchange of the process.
    pub fn at<'b>(&'b mut self, conn: &'b ConnId, exchange: u64, tid: u32) -> Emitter<'b> {
        Emitter {
            conn,
            exchange,
            tid,
            conversations: self.conversations,
            agents: self.agents,
            bundle: self.bundle,
            room: self.room,
            stream_chunks: self.stream_chunks,
            hash_key: self.hash_key,
            link: self.link,
            ends: self.ends,
        }
    }

    /// Makes the `ai.request`.
    pub fn request(&mut self, asked: Asked, side: Side, out: &mut Vec<Event>) -> Shared {
        request::emit(self, asked, side, out)
    }

    /// Makes the `ai.response`, and an `agent.tool_call` for each tool that the
    /// client is to run.
    pub fn response(&mut self, shared: &Shared, answered: Answered, out: &mut Vec<Event>) {
        response::emit(self, shared, answered, out);
    }

    /// Makes the event of a piece of a streamed answer.
    pub fn chunk(&self, shared: &Shared, piece: Piece) -> Event {
        chunk::emit(self, shared, piece)
    }

    /// An id that the same bytes give again.
    pub fn event_id(&self, at: Timestamp, kind: &str, n: usize) -> EventId {
        let conn = self.conn.to_string();
        EventId::derive(
            at,
            &[
                conn.as_bytes(),
                &self.exchange.to_le_bytes(),
                kind.as_bytes(),
                &n.to_le_bytes(),
            ],
        )
    }

    /// An event of the connection's process.
    pub fn event(
        &self,
        event_id: EventId,
        ts: Timestamp,
        point: &'static str,
        mut confidence: Confidence,
        data: event::Data,
    ) -> Event {
        let process = event::Process {
            pid: self.conn.pid,
            thread_id: Some(self.tid),
            ..event::Process::default()
        };
        Event {
            oisp_version: event::OISP_VERSION,
            event_id,
            ts,
            host: None,
            actor: None,
            process: Some(process),
            source: self.link.source(point, &mut confidence),
            confidence,
            data,
            attrs: Map::new(),
            ext: Map::new(),
            related_events: Vec::new(),
            trace_context: None,
            app: None,
        }
    }
}

/// The tie to the other end's event of the same call.
fn same_call(event_id: EventId) -> Related {
    Related {
        event_id,
        relationship: Relationship::Related,
    }
}

/// How a call was recognised, and how far its dialect can be trusted.
trait Recognised {
    fn dialect(&self) -> &'static dyn Dialect;
    fn detection(&self) -> Detection;
}

impl Recognised for Asked {
    fn dialect(&self) -> &'static dyn Dialect {
        self.dialect
    }

    fn detection(&self) -> Detection {
        self.detection
    }
}

impl Recognised for Shared {
    fn dialect(&self) -> &'static dyn Dialect {
        self.dialect
    }

    fn detection(&self) -> Detection {
        self.detection
    }
}

/// The confidence in a message that ended so, with those reasons against it.
fn confidence(
    ending: Ending,
    damage: impl Iterator<Item = &'static str>,
    recognised: &impl Recognised,
) -> Confidence {
    let mut confidence = Confidence::full();
    confidence.content_source = Some("tls_boundary");
    confidence.ai_detection_method = Some(recognised.detection().as_str());
    confidence.level = recognised.dialect().level();
    if ending != Ending::Complete {
        confidence.reasons.push(ending.as_str().to_owned());
    }
    for reason in damage {
        if !confidence.reasons.iter().any(|known| known == reason) {
            confidence.reasons.push(reason.to_owned());
        }
    }
    if !confidence.reasons.is_empty() {
        confidence.partial();
    }
    confidence
}

/// Marks a whole message whose body could not be read as what it should be.
fn unreadable(confidence: &mut Confidence) {
    if confidence.reasons.is_empty() {
        confidence.reasons.push("body_not_readable".to_owned());
        confidence.partial();
    }
}
