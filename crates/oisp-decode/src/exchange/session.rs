//! A WebSocket session with an AI API: the messages of both sides, and the calls
//! that they make. Each call has one `ai.request` and one `ai.response`, as over
//! HTTP.
//!
//! Limits: [`MAX_TURNS`] calls under way; an answer as long as a body may be; a
//! message as [`crate::websocket`] has it.

mod turn;

use std::collections::BTreeMap;

use oisp_core::{Event, Timestamp};

use super::Asked;
use crate::body::{Damage, Room};
use crate::connection::Side;
use crate::dialect::{self, Action, Call, Detection, Heard, Socket};
use crate::emit::Emitter;
use crate::http::{Ending, Half, Part, RequestHead, ResponseHead};
use crate::json;
use crate::websocket::{Compression, Item, Message, Reader};
use turn::Turn;

/// Most calls under way in one session; above it the oldest is ended.
const MAX_TURNS: usize = 64;

/// An upgrade that was asked for.
pub(super) struct Upgrade {
    head: RequestHead,
    socket: Box<dyn Socket + Send>,
}

/// A session under way.
pub(super) struct Session {
    head: RequestHead,
    answer_head: ResponseHead,
    socket: Box<dyn Socket + Send>,
    client: Reader,
    server: Reader,
    turns: BTreeMap<u64, Turn>,
    /// What was wrong with messages of the client, where calls refer to them.
    client_damage: Damage,
    /// Why nothing more can be read of the server.
    server_over: Option<Ending>,
}

/// What the session needs of what is around it.
pub(super) struct Scene<'a, 'b> {
    pub(super) at: Timestamp,
    pub(super) side: Side,
    pub(super) emitter: &'a mut Emitter<'b>,
    pub(super) out: &'a mut Vec<Event>,
}

impl Upgrade {
    /// The request for an upgrade to a WebSocket that AI is spoken over.
    pub(super) fn of(head: &RequestHead) -> Option<Self> {
        // The latter over HTTP/2 (RFC 8441).
        let is_websocket = head.headers.has_token("upgrade", "websocket")
            || head.headers.get(":protocol") == Some("websocket");
        let socket = is_websocket.then(|| dialect::socket(head)).flatten()?;
        Some(Self {
            head: head.clone(),
            socket,
        })
    }

    /// The session, where the server agrees to it.
    pub(super) fn agreed(self, answer_head: ResponseHead, room: &Room) -> Option<Session> {
        let is_connect = self.head.method.as_deref() == Some("CONNECT");
        match answer_head.status {
            Some(101) => {}
            Some(200..=299) if is_connect => {}
            _ => return None,
        }
        let agreed = answer_head.headers.get("sec-websocket-extensions");
        let compression = |half| match (agreed, answer_head.headers.unknown()) {
            (None, 1..) => Compression::Unknown,
            (agreed, _) => Compression::of(half, agreed),
        };
        Some(Session {
            client: Reader::new(compression(Half::Request), room),
            server: Reader::new(compression(Half::Response), room),
            head: self.head,
            answer_head,
            socket: self.socket,
            turns: BTreeMap::new(),
            client_damage: Damage::default(),
            server_over: None,
        })
    }
}

impl Session {
    /// True where a call waits for its answer.
    pub(super) fn is_waiting(&self) -> bool {
        !self.turns.is_empty()
    }

    /// Takes a part of either half. True where the session is over.
    pub(super) fn part(&mut self, half: Half, part: Part, scene: &mut Scene<'_, '_>) -> bool {
        let mut items = Vec::new();
        let reader = match half {
            Half::Request => &mut self.client,
            Half::Response => &mut self.server,
        };
        match part {
            Part::Body(bytes) => reader.push(scene.at, &bytes, &mut |item| items.push(item)),
            Part::Gap(len) => reader.gap(len, &mut |item| items.push(item)),
            // Silence ends the calls, not the session: it may go on.
            Part::End(Ending::TimedOut) => self.end_turns(Ending::TimedOut, scene),
            Part::End(ending) if half == Half::Response => {
                self.end_turns(self.server_over.unwrap_or(ending), scene);
                return true;
            }
            Part::End(_)
            | Part::Request(_)
            | Part::Response(_)
            | Part::Trailers(_)
            | Part::Message(_) => {}
        }
        for item in items {
            self.item(half, item, scene);
        }
        false
    }

    fn item(&mut self, half: Half, item: Item, scene: &mut Scene<'_, '_>) {
        match (item, half) {
            (Item::Message(message), half) => self.message(half, message, scene),
            (Item::Close { .. }, Half::Response) => {
                self.server_over(Ending::ConnectionClosed, scene);
            }
            (Item::Lost(ending), Half::Response) => self.server_over(ending, scene),
            (Item::Close { .. }, Half::Request) => {}
            (Item::Lost(_), Half::Request) => self.socket.client_lost(),
        }
    }

    /// Reads a message, and does what it says.
    fn message(&mut self, half: Half, message: Message, scene: &mut Scene<'_, '_>) {
        let mut actions = Vec::new();
        if !message.damage.any() {
            // Some servers send their text as bytes.
            let Some(data) = json::parse(&message.bytes) else {
                return;
            };
            let began = message.began;
            let heard = Heard { began, data };
            self.socket.message(half, heard, &mut actions);
        } else if half == Half::Request {
            self.client_damage = self.client_damage.and(message.damage);
            self.socket
                .unreadable(message.began, &message.bytes, &mut actions);
        } else {
            let turns = self.turns.values_mut();
            turns.for_each(|turn| turn.tear(message.damage));
            self.socket.torn(&message.bytes, &mut actions);
        }
        let damage = if self.socket.keeps_state() {
            self.client_damage
        } else {
            message.damage
        };
        for action in actions {
            self.act(action, damage, message.bytes.len(), scene);
        }
    }

    fn act(&mut self, action: Action, damage: Damage, size: usize, scene: &mut Scene<'_, '_>) {
        match action {
            Action::Ask { call, began, asked } => self.ask(call, began, asked, damage, scene),
            Action::Answer { call, data } => {
                if let Some(turn) = self.turns.get_mut(&call) {
                    turn.answer(data, size, scene);
                }
            }
            Action::End { call } => self.end(call, Ending::Complete, scene),
            Action::Lost { call } => self.end(call, Ending::Lost, scene),
        }
    }

    fn ask(
        &mut self,
        name: u64,
        began: Timestamp,
        call: Option<Box<Call>>,
        damage: Damage,
        scene: &mut Scene<'_, '_>,
    ) {
        if self.turns.len() >= MAX_TURNS
            && let Some(oldest) = self.turns.keys().next().copied()
        {
            self.end(oldest, Ending::Lost, scene);
        }
        let asked = Asked {
            head: RequestHead {
                began,
                ..self.head.clone()
            },
            dialect: self.socket.dialect(),
            detection: Detection::KnownEndpoint,
            call: call.map(|call| *call),
            damage,
            ending: Ending::Complete,
            print: None,
        };
        let turn = Turn::begin(name, asked, scene);
        self.turns.insert(name, turn);
        if let Some(ending) = self.server_over {
            self.end(name, ending, scene);
        }
    }

    fn end(&mut self, call: u64, ending: Ending, scene: &mut Scene<'_, '_>) {
        if let Some(turn) = self.turns.remove(&call) {
            turn.finish(&self.answer_head, ending, scene);
        }
    }

    fn end_turns(&mut self, ending: Ending, scene: &mut Scene<'_, '_>) {
        for (_, turn) in std::mem::take(&mut self.turns) {
            turn.finish(&self.answer_head, ending, scene);
        }
    }

    fn server_over(&mut self, ending: Ending, scene: &mut Scene<'_, '_>) {
        self.server_over = Some(ending);
        self.end_turns(ending, scene);
    }
}
