//! One connection: orders its bytes, finds out which protocol it speaks and
//! which end the captured process is, and hands both on.

use bytes::{Bytes, BytesMut};
use oisp_core::{Direction, Timestamp};

use crate::http::{Ending, Half, HttpEvent, Protocol, h1, h2, sniff};
use crate::mcp;
use crate::stream::{Piece, Stream};

/// Most bytes held back while the protocol is not known yet.
const MAX_HELD: usize = 64 << 10;

/// Most tunnels inside each other.
const MAX_TUNNELS: u8 = 2;

/// Stands for a gap of unknown length: more than any message has left.
const UNKNOWN_LENGTH: u64 = 1 << 48;

/// Which end of the connection the captured process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It wrote the request.
    Client,
    /// It read the request: a gateway or a local model.
    Server,
}

impl Side {
    /// The name in `attrs["oisp.side"]`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }

    /// Which half of an exchange a direction carries.
    const fn half(self, direction: Direction) -> Half {
        match (self, direction) {
            (Self::Client, Direction::Outgoing) | (Self::Server, Direction::Incoming) => {
                Half::Request
            }
            _ => Half::Response,
        }
    }

    /// The end that sends requests in `direction`.
    const fn requesting(direction: Direction) -> Self {
        match direction {
            Direction::Outgoing => Self::Client,
            Direction::Incoming => Self::Server,
        }
    }

    /// The end that sends responses in `direction`.
    const fn responding(direction: Direction) -> Self {
        match direction {
            Direction::Outgoing => Self::Server,
            Direction::Incoming => Self::Client,
        }
    }
}

/// One connection.
pub struct Connection {
    outgoing: Stream,
    incoming: Stream,
    state: State,
    /// The capture began after the connection, or lost bytes before the
    /// protocol was known.
    midway: bool,
    /// So many tunnels may be inside each other.
    depth: u8,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

enum State {
    /// Too few bytes so far to tell the protocol.
    Sniffing {
        held: Vec<(Direction, Timestamp, Piece)>,
        starts: Pair<BytesMut>,
    },
    /// Joined midway: looking for a request or a message in either direction.
    Searching { windows: Pair<BytesMut> },
    /// Known.
    Http {
        protocol: Box<dyn Protocol + Send>,
        side: Side,
    },
    /// Not a protocol that we read.
    Opaque,
}

/// One of each direction.
#[derive(Default)]
struct Pair<T> {
    outgoing: T,
    incoming: T,
}

impl<T> Pair<T> {
    const fn get(&mut self, direction: Direction) -> &mut T {
        match direction {
            Direction::Outgoing => &mut self.outgoing,
            Direction::Incoming => &mut self.incoming,
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self::Sniffing {
            held: Vec::new(),
            starts: Pair::default(),
        }
    }
}

impl Default for Connection {
    fn default() -> Self {
        Self::with_depth(MAX_TUNNELS)
    }
}

/// Memory of a piece that waits.
fn held_by((_, _, piece): &(Direction, Timestamp, Piece)) -> usize {
    /// Of its place in the list, and of the allocation of its bytes.
    const EACH: usize = 128;
    match piece {
        Piece::Data(bytes) => EACH + bytes.len(),
        Piece::Gap(_) => EACH,
    }
}

impl Connection {
    /// A connection with at most `depth` tunnels inside each other.
    pub fn with_depth(depth: u8) -> Self {
        Self {
            outgoing: Stream::default(),
            incoming: Stream::default(),
            state: State::default(),
            midway: false,
            depth,
        }
    }

    /// The end that the captured process is, once known.
    pub const fn side(&self) -> Option<Side> {
        match &self.state {
            State::Http { side, .. } => Some(*side),
            _ => None,
        }
    }

    /// Memory that waits for more bytes, about.
    pub fn held(&self) -> usize {
        match &self.state {
            State::Http { protocol, .. } => protocol.held(),
            State::Sniffing { held, .. } => held.iter().map(held_by).sum(),
            State::Searching { windows } => {
                windows.outgoing.capacity() + windows.incoming.capacity()
            }
            State::Opaque => 0,
        }
    }

    /// The connection was under way when the capture began.
    pub const fn attached_late(&mut self) {
        self.midway = true;
    }

    /// Takes bytes at their position in one direction.
    pub fn data(
        &mut self,
        direction: Direction,
        at: Timestamp,
        offset: u64,
        bytes: Bytes,
        out: &mut Vec<HttpEvent>,
    ) {
        let (gap, data) = self.stream(direction).data(offset, bytes);
        for piece in gap.into_iter().chain(data) {
            self.piece(direction, at, piece, out);
        }
    }

    /// Takes a gap at its position in one direction.
    pub fn gap(
        &mut self,
        direction: Direction,
        at: Timestamp,
        offset: u64,
        len: u64,
        out: &mut Vec<HttpEvent>,
    ) {
        if let Some(gap) = self.stream(direction).gap(offset, len) {
            self.piece(direction, at, gap, out);
        }
    }

    /// Bytes of one direction were not captured, and how many is not known.
    pub fn gap_of_unknown_length(
        &mut self,
        direction: Direction,
        at: Timestamp,
        out: &mut Vec<HttpEvent>,
    ) {
        self.piece(direction, at, Piece::Gap(UNKNOWN_LENGTH), out);
    }

    /// Takes the bytes that follow in one direction.
    pub fn next_data(
        &mut self,
        direction: Direction,
        at: Timestamp,
        bytes: Bytes,
        out: &mut Vec<HttpEvent>,
    ) {
        self.piece(direction, at, Piece::Data(bytes), out);
    }

    /// The `len` bytes that follow in one direction were not captured.
    pub fn next_gap(
        &mut self,
        direction: Direction,
        at: Timestamp,
        len: u64,
        out: &mut Vec<HttpEvent>,
    ) {
        self.piece(direction, at, Piece::Gap(len), out);
    }

    /// Nothing more will come.
    pub fn close(&mut self, at: Timestamp, ending: Ending, out: &mut Vec<HttpEvent>) {
        if let State::Http { protocol, .. } = &mut self.state {
            protocol.close(at, ending, out);
        }
    }

    const fn stream(&mut self, direction: Direction) -> &mut Stream {
        match direction {
            Direction::Outgoing => &mut self.outgoing,
            Direction::Incoming => &mut self.incoming,
        }
    }

    fn piece(
        &mut self,
        direction: Direction,
        at: Timestamp,
        piece: Piece,
        out: &mut Vec<HttpEvent>,
    ) {
        match &mut self.state {
            State::Http { protocol, side } => match piece {
                Piece::Data(bytes) => protocol.push(side.half(direction), at, bytes, out),
                Piece::Gap(len) => protocol.gap(side.half(direction), at, len, out),
            },
            State::Sniffing { .. } => self.sniff(direction, at, piece, out),
            State::Searching { .. } => self.search(direction, at, piece, out),
            State::Opaque => {}
        }
    }

    fn sniff(
        &mut self,
        direction: Direction,
        at: Timestamp,
        piece: Piece,
        out: &mut Vec<HttpEvent>,
    ) {
        let State::Sniffing { held, starts } = &mut self.state else {
            return;
        };
        let start = match &piece {
            Piece::Data(bytes) => {
                let start = starts.get(direction);
                let room = sniff::LONGEST_START - start.len().min(sniff::LONGEST_START);
                start.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
                sniff::start_of(start)
            }
            Piece::Gap(_) => sniff::Start::Other,
        };
        self.midway |= matches!(piece, Piece::Gap(_));
        held.push((direction, at, piece));
        let protocol: Box<dyn Protocol + Send> = match start {
            sniff::Start::Undecided if held.len() < MAX_HELD => return,
            sniff::Start::H1Request | sniff::Start::H1Response => {
                Box::new(h1::Connection::new(self.depth))
            }
            sniff::Start::H2Client | sniff::Start::H2Server => Box::new(h2::Connection::default()),
            sniff::Start::JsonLines => Box::new(mcp::Lines::default()),
            sniff::Start::Undecided | sniff::Start::Other => return self.give_up_sniffing(out),
        };
        let side = match start {
            sniff::Start::H1Request | sniff::Start::H2Client => Side::requesting(direction),
            // Either end asks: a half is what one of them writes.
            sniff::Start::JsonLines => Side::Client,
            _ => Side::responding(direction),
        };
        self.begin(protocol, side, out);
    }

    /// The protocol is known: what was held back goes to its reader.
    fn begin(&mut self, protocol: Box<dyn Protocol + Send>, side: Side, out: &mut Vec<HttpEvent>) {
        if let State::Sniffing { held, .. } =
            std::mem::replace(&mut self.state, State::Http { protocol, side })
        {
            for (direction, at, piece) in held {
                self.piece(direction, at, piece, out);
            }
        }
    }

    fn give_up_sniffing(&mut self, out: &mut Vec<HttpEvent>) {
        let next = if self.midway {
            State::Searching {
                windows: Pair::default(),
            }
        } else {
            State::Opaque
        };
        if let State::Sniffing { held, .. } = std::mem::replace(&mut self.state, next) {
            for (direction, at, piece) in held {
                self.piece(direction, at, piece, out);
            }
        }
    }

    fn search(
        &mut self,
        direction: Direction,
        at: Timestamp,
        piece: Piece,
        out: &mut Vec<HttpEvent>,
    ) {
        let State::Searching { windows } = &mut self.state else {
            return;
        };
        let window = windows.get(direction);
        let Piece::Data(bytes) = piece else {
            window.clear();
            return;
        };
        if let Some(half) = h2::midway::half_of(&bytes) {
            let side = match half {
                Half::Request => Side::requesting(direction),
                Half::Response => Side::responding(direction),
            };
            self.state = State::Http {
                protocol: Box::new(h2::Connection::default()),
                side,
            };
            return self.piece(direction, at, Piece::Data(bytes), out);
        }
        window.extend_from_slice(&bytes);
        if let Some(start) = mcp::find_line(window) {
            let line = window.split_off(start).freeze();
            self.state = State::Http {
                protocol: Box::new(mcp::Lines::default()),
                side: Side::Client,
            };
            return self.piece(direction, at, Piece::Data(line), out);
        }
        match h1::find_request(window) {
            Some(start) => {
                let request = window.split_off(start).freeze();
                let side = Side::requesting(direction);
                self.state = State::Http {
                    protocol: Box::new(h1::Connection::joined_midway(self.depth)),
                    side,
                };
                self.piece(direction, at, Piece::Data(request), out);
            }
            None => h1::keep_window(window),
        }
    }
}
