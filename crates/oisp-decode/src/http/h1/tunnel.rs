//! What follows an upgrade or a CONNECT (RFC 9110, sections 7.8 and 9.3.6).
//!
//! A WebSocket's bytes go on to its exchange, as bodies of both halves. Anything
//! else is a connection of its own, which is sniffed; its exchanges get names
//! above those of the outer one, which has no more of them.

use bytes::Bytes;
use oisp_core::{Direction, Timestamp};

use crate::connection::{Connection, Side};
use crate::http::{Ending, Half, HttpEvent, Part};

/// The stream that answers the request that asked for HTTP/2.
const UPGRADED_STREAM: u64 = 1;

#[derive(Debug, Default)]
pub(super) enum Tunnel {
    /// Nobody reads it.
    #[default]
    Opaque,
    /// An exchange reads it.
    OfExchange(u64),
    /// A connection of its own.
    Nested(Box<Nested>),
}

#[derive(Debug)]
pub(super) struct Nested {
    connection: Connection,
    /// What its exchanges' names begin at.
    base: u64,
    /// The exchange that waits for the answer of [`UPGRADED_STREAM`].
    upgraded: Option<u64>,
}

impl Tunnel {
    /// A connection inside; none where tunnels are too deep.
    pub(super) fn nested(base: u64, upgraded: Option<u64>, depth: u8) -> Self {
        let Some(depth) = depth.checked_sub(1) else {
            return Self::Opaque;
        };
        Self::Nested(Box::new(Nested {
            connection: Connection::with_depth(depth),
            base,
            upgraded,
        }))
    }

    /// Memory that waits for more bytes.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Nested(nested) => nested.connection.held(),
            Self::Opaque | Self::OfExchange(_) => 0,
        }
    }

    pub(super) fn push(
        &mut self,
        half: Half,
        at: Timestamp,
        bytes: Bytes,
        out: &mut Vec<HttpEvent>,
    ) {
        match self {
            Self::Opaque => {}
            Self::OfExchange(exchange) => out.push(part(*exchange, half, at, Part::Body(bytes))),
            Self::Nested(nested) => nested.read(out, |connection, out| {
                connection.next_data(direction(half), at, bytes, out);
            }),
        }
        self.check_side();
    }

    pub(super) fn gap(&mut self, half: Half, at: Timestamp, len: u64, out: &mut Vec<HttpEvent>) {
        match self {
            Self::Opaque => {}
            Self::OfExchange(exchange) => out.push(part(*exchange, half, at, Part::Gap(len))),
            Self::Nested(nested) => nested.read(out, |connection, out| {
                connection.next_gap(direction(half), at, len, out);
            }),
        }
        self.check_side();
    }

    pub(super) fn close(&mut self, at: Timestamp, ending: Ending, out: &mut Vec<HttpEvent>) {
        match self {
            Self::Opaque => {}
            Self::OfExchange(exchange) => {
                for half in [Half::Request, Half::Response] {
                    out.push(part(*exchange, half, at, Part::End(ending)));
                }
            }
            Self::Nested(nested) => {
                nested.read(out, |connection, out| connection.close(at, ending, out));
                if let Some(exchange) = nested.upgraded {
                    out.push(part(exchange, Half::Response, at, Part::End(ending)));
                }
            }
        }
    }

    /// Requests that come from where the outer connection's answers do would
    /// have the wrong side.
    fn check_side(&mut self) {
        if let Self::Nested(nested) = self
            && nested.connection.side() == Some(Side::Server)
        {
            *self = Self::Opaque;
        }
    }
}

impl Nested {
    fn read(
        &mut self,
        out: &mut Vec<HttpEvent>,
        step: impl FnOnce(&mut Connection, &mut Vec<HttpEvent>),
    ) {
        let mut inner = Vec::new();
        step(&mut self.connection, &mut inner);
        if self.connection.side() != Some(Side::Server) {
            out.extend(inner.into_iter().map(|event| self.renamed(event)));
        }
    }

    fn renamed(&mut self, mut event: HttpEvent) -> HttpEvent {
        let upgraded = self
            .upgraded
            .filter(|_| event.exchange == UPGRADED_STREAM && event.half == Half::Response);
        if upgraded.is_some() && matches!(event.part, Part::End(_)) {
            self.upgraded = None;
        }
        event.exchange = upgraded.unwrap_or_else(|| self.base.saturating_add(event.exchange));
        event
    }
}

const fn direction(half: Half) -> Direction {
    match half {
        Half::Request => Direction::Outgoing,
        Half::Response => Direction::Incoming,
    }
}

const fn part(exchange: u64, half: Half, at: Timestamp, part: Part) -> HttpEvent {
    HttpEvent {
        exchange,
        at,
        half,
        part,
    }
}
