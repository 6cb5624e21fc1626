//! The connections under way, and the way of each record through them.

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use oisp_core::counters::Snapshot;
use oisp_core::raw::{GapCause, TlsKind};
use oisp_core::{ConnId, Event, ProcessEvent, RawEvent, RawKind, Timestamp, TlsEvent};
use oisp_registry::Current;

use crate::agents::Agents;
use crate::body::Room;
use crate::connection::{Connection, Side};
use crate::conversation::Conversations;
use crate::emit::{self, Emitter};
use crate::ends::Ends;
use crate::exchange::Exchange;
use crate::file;
use crate::http::{Ending, Half, HttpEvent, Part};
use crate::lineage::Lineage;
use crate::link::Link;
use crate::mcp::Sessions;
use crate::network::Network;
use crate::process;
use oisp_core::HashKey;

/// Most connections under way at a time. Above it the one that was silent
/// longest is ended.
pub const MAX_CONNECTIONS: usize = 16_384;

/// Most memory of heads and other beginnings that all connections hold
/// together, beside the bodies, about. Above it those that hold most are ended.
pub const MAX_WAITING: usize = 128 << 20;

/// An exchange of which nothing came for so long is over. Longer than any
/// client waits for a model that thinks.
pub const SILENCE_MS: u64 = 30 * 60 * 1000;

/// Decodes what one machine's capture saw.
pub struct Decoder {
    connections: HashMap<ConnId, Tracked>,
    around: Around,
    last_at: Timestamp,
}

/// What all connections share.
struct Around {
    conversations: Conversations,
    agents: Agents,
    sessions: Sessions,
    hash_key: HashKey,
    stream_chunks: bool,
    room: Room,
    /// The sum of all [`Tracked::held`].
    waiting: usize,
    registry: Current,
    network: Network,
    lineage: Lineage,
    ends: Ends,
    figures: Figures,
}

/// A connection and its exchanges.
#[derive(Default)]
struct Tracked {
    connection: Connection,
    /// Boxed: a map has room for eleven, and keeps it once they are gone.
    exchanges: BTreeMap<u64, Box<Exchange>>,
    last_tid: u32,
    last_at: Timestamp,
    /// What carries it.
    link: Link,
    /// Memory of the exchanges, about.
    of_exchanges: usize,
    /// Memory of all of it, when it was looked at last.
    held: usize,
}

#[derive(Debug, Default)]
struct Figures {
    records: u64,
    bytes: u64,
    gap_bytes: u64,
    connections: u64,
    connections_evicted: u64,
    exchanges: u64,
    events: u64,
}

impl Decoder {
    /// A decoder that has seen nothing.
    pub fn new(hash_key: HashKey) -> Self {
        let around = Around {
            conversations: Conversations::default(),
            agents: Agents::default(),
            sessions: Sessions::default(),
            hash_key,
            stream_chunks: false,
            room: Room::default(),
            waiting: 0,
            registry: Current::embedded(),
            network: Network::default(),
            lineage: Lineage::default(),
            ends: Ends::default(),
            figures: Figures::default(),
        };
        Self {
            connections: HashMap::new(),
            around,
            last_at: Timestamp::default(),
        }
    }

    /// With providers, models and prices that may change while it works; those
    /// that are part of the program else.
    #[must_use]
    pub fn with_registry(mut self, registry: Current) -> Self {
        self.around.registry = registry;
        self
    }

    /// Whether each piece of a streamed answer is an `ai.streaming_chunk`, too.
    pub fn stream_chunks(&mut self, wanted: bool) {
        self.around.stream_chunks = wanted;
    }

    /// Takes one record and appends the events that it completes.
    pub fn push(&mut self, raw: &RawEvent, out: &mut Vec<Event>) {
        let before = out.len();
        self.around.figures.records += 1;
        self.last_at = raw.at;
        match &raw.kind {
            RawKind::Process(process) => self.process(raw, process, out),
            RawKind::Tls(tls) => self.tls(raw, tls, out),
            RawKind::File(event) => {
                let event = file::event_of(raw, event);
                out.push(self.around.tied(event));
            }
            RawKind::Net(event) => {
                let event = self.around.network.event_of(raw, event);
                out.push(self.around.tied(event));
            }
        }
        self.around.figures.events += (out.len() - before) as u64;
    }

    /// It is `now`, by the clock of the captured machine: what has been silent
    /// for too long ends. Calls without an answer come out as partial.
    pub fn tick(&mut self, now: Timestamp, out: &mut Vec<Event>) {
        let before = out.len();
        let mut silent: Vec<_> = self
            .connections
            .iter()
            .filter(|(_, tracked)| tracked.has_silent(now))
            .map(|(conn, _)| *conn)
            .collect();
        silent.sort_unstable();
        for conn in silent {
            if let Some(tracked) = self.connections.get_mut(&conn) {
                tracked.expire(&conn, now, &mut self.around, out);
            }
        }
        let ended = self.around.agents.sessions.expired(now);
        out.extend(ended.into_iter().map(emit::session_end));
        self.around.figures.events += (out.len() - before) as u64;
    }

    /// The capture is over: every connection ends, and what is unfinished comes
    /// out as partial.
    pub fn finish(&mut self, out: &mut Vec<Event>) {
        let before = out.len();
        let mut left: Vec<_> = self.connections.drain().collect();
        left.sort_unstable_by_key(|(conn, tracked)| (tracked.last_at, *conn));
        for (conn, tracked) in left {
            self.end(conn, tracked, Ending::CaptureEnded, out);
        }
        self.end_calls(None, Ending::CaptureEnded.as_str(), self.last_at, out);
        self.around.figures.events += (out.len() - before) as u64;
    }

    /// Figures of the work done.
    pub fn counters(&self) -> Snapshot {
        let Figures {
            records,
            bytes,
            gap_bytes,
            connections,
            connections_evicted,
            exchanges,
            events,
        } = self.around.figures;
        [
            ("decode.records", records),
            ("decode.bytes", bytes),
            ("decode.gap_bytes", gap_bytes),
            ("decode.connections", connections),
            ("decode.connections_open", self.connections.len() as u64),
            ("decode.connections_evicted", connections_evicted),
            ("decode.exchanges", exchanges),
            ("decode.events", events),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn process(&mut self, raw: &RawEvent, process: &ProcessEvent, out: &mut Vec<Event>) {
        if let ProcessEvent::Exit { .. } = process {
            let ended = self.around.agents.sessions.exited(raw.pid, raw.at);
            out.extend(ended.into_iter().map(emit::session_end));
        }
        self.around.learn(raw.pid, process);
        let event = process::event_of(raw, process);
        out.extend(event.map(|event| self.around.tied(event)));
        if let ProcessEvent::Exit { .. } = process {
            self.end_calls(Some(raw.pid), "process_ended", raw.at, out);
        }
    }

    fn tls(&mut self, raw: &RawEvent, tls: &TlsEvent, out: &mut Vec<Event>) {
        if let TlsKind::Closed = tls.what {
            if let Some(mut tracked) = self.connections.remove(&tls.conn) {
                tracked.last_at = raw.at;
                self.end(tls.conn, tracked, Ending::ConnectionClosed, out);
            }
            self.around.ends.closed(&tls.conn, raw.at);
            return;
        }
        if self.connections.len() >= MAX_CONNECTIONS && !self.connections.contains_key(&tls.conn) {
            self.make_room(out);
        }
        let tracked = self.connections.entry(tls.conn).or_insert_with(|| {
            self.around.figures.connections += 1;
            Tracked::default()
        });
        tracked.last_tid = raw.tid;
        tracked.last_at = raw.at;
        if tracked.link.learn(&tls.what) {
            self.around.linked(tls.conn, &tracked.link, raw.at);
        }
        let mut parts = Vec::new();
        match &tls.what {
            TlsKind::Data {
                direction,
                offset,
                bytes,
            } => {
                self.around.figures.bytes += bytes.len() as u64;
                tracked
                    .connection
                    .data(*direction, raw.at, *offset, bytes.clone(), &mut parts);
            }
            TlsKind::Gap {
                direction,
                offset,
                len,
                cause,
            } => {
                self.around.figures.gap_bytes = self.around.figures.gap_bytes.saturating_add(*len);
                self.around.ends.torn(tls.conn, raw.at);
                let connection = &mut tracked.connection;
                match (cause, len) {
                    (GapCause::LateAttach, 0) => connection.attached_late(),
                    (_, 0) => connection.gap_of_unknown_length(*direction, raw.at, &mut parts),
                    _ => connection.gap(*direction, raw.at, *offset, *len, &mut parts),
                }
            }
            TlsKind::Opened { .. }
            | TlsKind::Socket { .. }
            | TlsKind::ServerName(_)
            | TlsKind::Closed => {}
        }
        tracked.take(&tls.conn, parts, &mut self.around, out);
        if self.around.waiting > MAX_WAITING {
            self.lighten(out);
        }
    }

    fn end(&mut self, conn: ConnId, mut tracked: Tracked, ending: Ending, out: &mut Vec<Event>) {
        let mut parts = Vec::new();
        tracked
            .connection
            .close(tracked.last_at, ending, &mut parts);
        tracked.take(&conn, parts, &mut self.around, out);
        self.around.waiting -= tracked.held;
    }

    /// Ends the connections that hold most until the rest hold clearly less
    /// than they may.
    fn lighten(&mut self, out: &mut Vec<Event>) {
        let connections = self.connections.iter();
        let mut by_size: Vec<_> = connections
            .map(|(conn, tracked)| (Reverse(tracked.held), tracked.last_at, *conn))
            .collect();
        by_size.sort_unstable();
        for (_, _, conn) in by_size {
            if self.around.waiting <= MAX_WAITING / 16 * 15 {
                return;
            }
            self.evict(conn, out);
        }
    }

    fn evict(&mut self, conn: ConnId, out: &mut Vec<Event>) {
        if let Some(tracked) = self.connections.remove(&conn) {
            self.around.figures.connections_evicted += 1;
            self.end(conn, tracked, Ending::Lost, out);
        }
    }

    /// Ends the tool calls that nobody will answer any more: those of a process,
    /// or all that are left.
    fn end_calls(&mut self, pid: Option<u32>, reason: &str, at: Timestamp, out: &mut Vec<Event>) {
        // Each call names its own connection and exchange.
        let conn = ConnId {
            pid: 0,
            start_time: 0,
            handle: 0,
            generation: 0,
        };
        let bundle = self.around.registry.load();
        let mut emitter = Emitter {
            conn: &conn,
            exchange: 0,
            tid: 0,
            conversations: &mut self.around.conversations,
            agents: &mut self.around.agents,
            bundle: &bundle,
            room: &self.around.room,
            stream_chunks: self.around.stream_chunks,
            hash_key: &self.around.hash_key,
            link: &Link::default(),
            ends: &mut self.around.ends,
        };
        self.around
            .sessions
            .end_process(pid, reason, at, &mut emitter, out);
    }

    /// Ends the connections that were silent longest, a sixteenth at a time so
    /// that the search for them does not happen at every new one.
    fn make_room(&mut self, out: &mut Vec<Event>) {
        let mut by_age: Vec<_> = self
            .connections
            .iter()
            .map(|(conn, tracked)| (tracked.last_at, *conn))
            .collect();
        by_age.sort_unstable();
        for (_, conn) in by_age.into_iter().take(MAX_CONNECTIONS / 16) {
            self.evict(conn, out);
        }
    }
}

impl Around {
    /// Learns from the life of a process.
    fn learn(&mut self, pid: u32, process: &ProcessEvent) {
        self.lineage.learn(pid, process);
        self.network.process(process);
        let effects = &mut self.agents.effects;
        match process {
            ProcessEvent::Fork { child_pid } => effects.begins(*child_pid),
            ProcessEvent::Exit { .. } => effects.exited(pid),
            ProcessEvent::Seen(_) | ProcessEvent::Exec(_) => {}
        }
    }

    /// More became known of what carries a connection.
    fn linked(&mut self, conn: ConnId, link: &Link, at: Timestamp) {
        if let Some(socket) = link.socket {
            self.ends.socket(conn, socket, at);
        }
        self.network.link(conn.pid, link, at);
    }

    /// The event, tied to the tool call that caused it.
    fn tied(&mut self, mut event: Event) -> Event {
        let bundle = self.registry.load();
        let is_model = |name: &str| bundle.registry.host(name).is_some();
        let effects = &mut self.agents.effects;
        effects.tie(&mut event, &self.lineage, is_model);
        event
    }
}

impl Tracked {
    fn has_silent(&self, now: Timestamp) -> bool {
        let mut exchanges = self.exchanges.values();
        exchanges.any(|exchange| exchange.is_silent(now, SILENCE_MS))
    }

    fn expire(&mut self, conn: &ConnId, now: Timestamp, around: &mut Around, out: &mut Vec<Event>) {
        let silent = self.exchanges.iter();
        let silent = silent.filter(|(_, exchange)| exchange.is_silent(now, SILENCE_MS));
        let over = silent.map(|(id, _)| HttpEvent {
            exchange: *id,
            at: now,
            half: Half::Response,
            part: Part::End(Ending::TimedOut),
        });
        self.take(conn, over.collect(), around, out);
    }

    fn take(
        &mut self,
        conn: &ConnId,
        parts: Vec<HttpEvent>,
        around: &mut Around,
        out: &mut Vec<Event>,
    ) {
        let side = self.connection.side().unwrap_or(Side::Client);
        let bundle = around.registry.load();
        for part in parts {
            let id = part.exchange;
            if let (Part::Request(head), Side::Client) = (&part.part, side)
                && self.link.asked(head)
            {
                around.linked(*conn, &self.link, part.at);
            }
            let mut before = 0;
            let exchange = match self.exchanges.entry(id) {
                Entry::Vacant(new) => {
                    around.figures.exchanges += 1;
                    new.insert(Box::default())
                }
                Entry::Occupied(known) => {
                    before = known.get().held();
                    known.into_mut()
                }
            };
            let mut emitter = Emitter {
                conn,
                exchange: id,
                tid: self.last_tid,
                conversations: &mut around.conversations,
                agents: &mut around.agents,
                stream_chunks: around.stream_chunks,
                room: &around.room,
                bundle: &bundle,
                hash_key: &around.hash_key,
                link: &self.link,
                ends: &mut around.ends,
            };
            exchange.part(part, side, &mut around.sessions, &mut emitter, out);
            self.of_exchanges -= before;
            if exchange.is_done() {
                self.exchanges.remove(&id);
            } else {
                self.of_exchanges += exchange.held();
            }
        }
        let held = self.connection.held() + self.of_exchanges;
        around.waiting += held;
        around.waiting -= std::mem::replace(&mut self.held, held);
    }
}
