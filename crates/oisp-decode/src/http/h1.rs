//! HTTP/1.1 and 1.0 (RFC 9112), both directions of one connection.
//!
//! Requests and responses pair by their order on the connection: the n-th
//! final response belongs to the n-th request. When bytes are missing inside a
//! body whose length is known, the framing holds and only the body has a gap.
//! Otherwise what is unfinished ends as lost, and the reader looks for the next
//! message head.
//!
//! After an upgrade or a CONNECT the bytes are another protocol's: [`tunnel`].
//!
//! Limits: a head of [`MAX_HEAD`] bytes, [`MAX_OUTSTANDING`] requests without
//! an answer.

mod body;
mod early;
mod head;
mod resync;
mod tunnel;

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};
use oisp_core::Timestamp;

use super::{Ending, Half, HttpEvent, Part, Protocol, ResponseHead};
use body::{Body, Framing, Taken};
use early::Early;
use head::{Head, Parsed};
pub(crate) use resync::{find_request, keep_window};
use tunnel::Tunnel;

/// Longest message head, bytes.
pub const MAX_HEAD: usize = 256 << 10;
/// Most requests that wait for an answer on one connection.
pub const MAX_OUTSTANDING: usize = 256;

/// One HTTP/1 connection.
#[derive(Debug, Default)]
pub struct Connection {
    request: Reader,
    response: Reader,
    outstanding: VecDeque<Outstanding>,
    early: Early,
    next_exchange: u64,
    tunnel: Tunnel,
    /// So many tunnels may be inside this connection.
    depth: u8,
}

/// A request whose final response is not complete yet.
#[derive(Debug)]
struct Outstanding {
    exchange: u64,
    is_head: bool,
    is_connect: bool,
}

/// Where one direction stands.
#[derive(Debug, Default)]
struct Reader {
    state: State,
    /// Bytes of a head that is not complete, or the window of a search.
    buffer: BytesMut,
    /// When the first byte in `buffer` came.
    began: Timestamp,
    /// `buffer` was searched for the head's end up to here.
    searched: usize,
}

#[derive(Debug, Default)]
enum State {
    /// Between messages or inside a head.
    #[default]
    Head,
    /// Inside the body of an exchange; `None` for a response nobody asked for.
    Body { exchange: Option<u64>, body: Body },
    /// The framing is lost: looking for the next head.
    Lost,
    /// Bytes after an upgrade or a CONNECT, not HTTP any more.
    Tunnel,
}

impl Protocol for Connection {
    fn push(&mut self, half: Half, at: Timestamp, bytes: Bytes, out: &mut Vec<HttpEvent>) {
        let mut bytes = bytes;
        if half == Half::Response && self.awaits_request() {
            match self.early.keep(at, bytes) {
                Some(too_much) => bytes = too_much,
                None => return,
            }
        }
        if half == Half::Response || self.early.came_before(at) {
            self.read_early(out);
        }
        self.read(half, at, bytes, out);
        if half == Half::Request && !self.awaits_request() {
            self.read_early(out);
        }
    }

    fn gap(&mut self, half: Half, at: Timestamp, len: u64, out: &mut Vec<HttpEvent>) {
        if len == 0 {
            return;
        }
        self.read_early(out);
        if let State::Tunnel = self.reader(half).state {
            return self.tunnel.gap(half, at, len, out);
        }
        let State::Body { exchange, body } = &mut self.reader(half).state else {
            self.lose(half, at, Ending::Lost, out);
            return;
        };
        let exchange = *exchange;
        match body.skip(len) {
            Ok(complete) => {
                emit(out, exchange, at, half, Part::Gap(len));
                if complete {
                    self.finish(half, at, out);
                }
            }
            Err(body::FramingLost) => self.lose(half, at, Ending::Lost, out),
        }
    }

    fn close(&mut self, at: Timestamp, ending: Ending, out: &mut Vec<HttpEvent>) {
        self.read_early(out);
        if matches!(&self.request.state, State::Body { .. }) {
            self.end_body(Half::Request, at, ending, out);
        }
        let by_close =
            matches!(&self.response.state, State::Body { body, .. } if body.is_until_close());
        if by_close && ending == Ending::ConnectionClosed {
            self.finish(Half::Response, at, out);
        }
        self.end_outstanding(at, ending, out);
        self.tunnel.close(at, ending, out);
        self.tunnel = Tunnel::Opaque;
        self.request.state = State::Tunnel;
        self.response.state = State::Tunnel;
    }

    fn held(&self) -> usize {
        self.request.held() + self.response.held() + self.tunnel.held() + self.early.held()
    }
}

impl Reader {
    fn held(&self) -> usize {
        let body = match &self.state {
            State::Body { body, .. } => body.held(),
            _ => 0,
        };
        self.buffer.capacity() + body
    }
}

impl Connection {
    /// A connection of which nothing has been seen, with at most `depth` tunnels
    /// inside each other.
    pub fn new(depth: u8) -> Self {
        Self {
            depth,
            ..Self::default()
        }
    }

    /// A connection joined after it began: each direction looks for a head
    /// first.
    pub fn joined_midway(depth: u8) -> Self {
        let mut connection = Self::new(depth);
        connection.request.state = State::Lost;
        connection.response.state = State::Lost;
        connection
    }

    /// An answer that begins now would be one to a request that was not seen, or
    /// not seen whole.
    fn awaits_request(&self) -> bool {
        let answer_begins =
            matches!(self.response.state, State::Head) && self.response.buffer.is_empty();
        answer_begins
            && match self.request.state {
                State::Head => self.outstanding.is_empty(),
                State::Body { .. } => self.outstanding.len() <= 1,
                State::Lost | State::Tunnel => false,
            }
    }

    fn read_early(&mut self, out: &mut Vec<HttpEvent>) {
        for (at, bytes) in self.early.take() {
            self.read(Half::Response, at, bytes, out);
        }
    }

    fn read(&mut self, half: Half, at: Timestamp, bytes: Bytes, out: &mut Vec<HttpEvent>) {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = self.step(half, at, rest, out);
        }
    }

    const fn reader(&mut self, half: Half) -> &mut Reader {
        match half {
            Half::Request => &mut self.request,
            Half::Response => &mut self.response,
        }
    }

    /// Takes some of `bytes` (at least one) and returns the rest.
    fn step(&mut self, half: Half, at: Timestamp, bytes: Bytes, out: &mut Vec<HttpEvent>) -> Bytes {
        match &mut self.reader(half).state {
            State::Head => self.step_head(half, at, bytes, out),
            State::Body { .. } => self.step_body(half, at, bytes, out),
            State::Lost => self.step_lost(half, at, bytes),
            State::Tunnel => {
                self.tunnel.push(half, at, bytes, out);
                Bytes::new()
            }
        }
    }

    fn step_head(
        &mut self,
        half: Half,
        at: Timestamp,
        bytes: Bytes,
        out: &mut Vec<HttpEvent>,
    ) -> Bytes {
        let reader = self.reader(half);
        if reader.buffer.is_empty() {
            reader.began = at;
            // Most heads come in one piece, and need no copy.
            if let Some(end) = head::find_end(&bytes, 0)
                && head::may_begin(&bytes, 0, half)
            {
                let head = bytes.slice(..end);
                self.begin_message(half, at, at, &head, out);
                return bytes.slice(end..);
            }
        }
        let before = reader.buffer.len();
        reader.buffer.extend_from_slice(&bytes);
        if !head::may_begin(&reader.buffer, reader.searched, half) {
            return self.search_instead(half, at, out);
        }
        let Some(end) = head::find_end(&reader.buffer, reader.searched) else {
            reader.searched = reader.buffer.len();
            if reader.buffer.len() > MAX_HEAD {
                return self.search_instead(half, at, out);
            }
            return Bytes::new();
        };
        // Nothing of the buffer is kept: a part of it would keep it all.
        let mut head = std::mem::take(&mut reader.buffer);
        head.truncate(end);
        let began = reader.began;
        reader.searched = 0;
        let rest = bytes.slice(end.saturating_sub(before).min(bytes.len())..);
        self.begin_message(half, at, began, &head, out);
        rest
    }

    /// What was taken for a head is none: a real one may stand further on.
    fn search_instead(&mut self, half: Half, at: Timestamp, out: &mut Vec<HttpEvent>) -> Bytes {
        let bytes = self.reader(half).buffer.split().freeze();
        self.lose(half, at, Ending::Malformed, out);
        // The first byte has had its chance.
        bytes.slice(1.min(bytes.len())..)
    }

    fn begin_message(
        &mut self,
        half: Half,
        at: Timestamp,
        began: Timestamp,
        head: &[u8],
        out: &mut Vec<HttpEvent>,
    ) {
        match head::parse(half, head, began) {
            Ok(Parsed::Blank) => {}
            Ok(Parsed::Head(Head::Request { head, framing })) => {
                let exchange = self.next_exchange;
                self.next_exchange += 1;
                let method = head.method.as_deref();
                self.outstanding.push_back(Outstanding {
                    exchange,
                    is_head: method == Some("HEAD"),
                    is_connect: method == Some("CONNECT"),
                });
                emit(out, Some(exchange), at, half, Part::Request(head));
                self.begin_body(half, at, Some(exchange), framing, out);
                self.shed_outstanding(at, out);
            }
            Ok(Parsed::Head(Head::Switch(head))) => self.switch(at, head, out),
            Ok(Parsed::Head(Head::Informational)) => {}
            Ok(Parsed::Head(Head::Response { head, framing })) => {
                let asked = self.outstanding.front();
                let exchange = asked.map(|waiting| waiting.exchange);
                let tunnels = asked.is_some_and(|waiting| waiting.is_connect)
                    && matches!(head.status, Some(200..=299));
                let bodiless = asked.is_some_and(|waiting| waiting.is_head)
                    || matches!(head.status, Some(204 | 304));
                emit(out, exchange, at, half, Part::Response(head));
                if tunnels {
                    self.connect(at, out);
                } else {
                    self.begin_body(
                        half,
                        at,
                        exchange,
                        if bodiless { Framing::None } else { framing },
                        out,
                    );
                }
            }
            Err(head::Malformed) => self.lose(half, at, Ending::Malformed, out),
        }
    }

    fn begin_body(
        &mut self,
        half: Half,
        at: Timestamp,
        exchange: Option<u64>,
        framing: Framing,
        out: &mut Vec<HttpEvent>,
    ) {
        let body = Body::new(framing);
        let empty = body.is_complete();
        self.reader(half).state = State::Body { exchange, body };
        if empty {
            self.finish(half, at, out);
        }
    }

    fn step_body(
        &mut self,
        half: Half,
        at: Timestamp,
        mut bytes: Bytes,
        out: &mut Vec<HttpEvent>,
    ) -> Bytes {
        let State::Body { exchange, body } = &mut self.reader(half).state else {
            return bytes;
        };
        let exchange = *exchange;
        match body.take(&mut bytes) {
            Ok(Taken::Data(data)) => emit(out, exchange, at, half, Part::Body(data)),
            Ok(Taken::Framing) => {}
            Ok(Taken::Trailers(trailers)) => {
                emit(out, exchange, at, half, Part::Trailers(trailers))
            }
            Err(body::FramingLost) => {
                self.lose(half, at, Ending::Malformed, out);
                return bytes;
            }
        }
        let State::Body { body, .. } = &self.reader(half).state else {
            return bytes;
        };
        if body.is_complete() {
            self.finish(half, at, out);
        }
        bytes
    }

    /// A message ended as its framing says.
    fn finish(&mut self, half: Half, at: Timestamp, out: &mut Vec<HttpEvent>) {
        self.end_body(half, at, Ending::Complete, out);
    }

    fn end_body(&mut self, half: Half, at: Timestamp, ending: Ending, out: &mut Vec<HttpEvent>) {
        let ended = std::mem::take(&mut self.reader(half).state);
        let State::Body { exchange, .. } = ended else {
            return;
        };
        emit(out, exchange, at, half, Part::End(ending));
        if half == Half::Response && exchange.is_some() {
            self.outstanding.pop_front();
        }
    }

    /// The framing of one direction is lost. What is under way ends; a search
    /// for the next head begins.
    fn lose(&mut self, half: Half, at: Timestamp, ending: Ending, out: &mut Vec<HttpEvent>) {
        match half {
            Half::Request => self.end_body(half, at, ending, out),
            // Which of several waiting requests the next response belongs to
            // cannot be told any more: none gets it.
            Half::Response => self.end_outstanding(at, ending, out),
        }
        let reader = self.reader(half);
        reader.state = State::Lost;
        reader.buffer = BytesMut::new();
        reader.searched = 0;
    }

    fn step_lost(&mut self, half: Half, at: Timestamp, bytes: Bytes) -> Bytes {
        let wanted = half == Half::Request || !self.outstanding.is_empty();
        let reader = self.reader(half);
        if !wanted {
            // The end of an answer whose request is gone.
            reader.buffer = BytesMut::new();
            return Bytes::new();
        }
        if reader.buffer.is_empty() {
            reader.began = at;
        }
        reader.buffer.extend_from_slice(&bytes);
        let Some(start) = resync::find_head(&reader.buffer, half) else {
            keep_window(&mut reader.buffer);
            return Bytes::new();
        };
        reader.buffer.advance(start);
        reader.state = State::Head;
        reader.began = at;
        reader.searched = 0;
        std::mem::take(&mut reader.buffer).freeze()
    }

    /// The answer to a CONNECT: what follows is a connection of its own.
    fn connect(&mut self, at: Timestamp, out: &mut Vec<HttpEvent>) {
        self.end_outstanding(at, Ending::Complete, out);
        self.tunnel = Tunnel::nested(self.next_exchange, None, self.depth);
        self.request.state = State::Tunnel;
        self.response.state = State::Tunnel;
    }

    /// The answer to an upgrade.
    fn switch(&mut self, at: Timestamp, head: ResponseHead, out: &mut Vec<HttpEvent>) {
        let asked = self.outstanding.pop_front().map(|waiting| waiting.exchange);
        self.end_outstanding(at, Ending::Lost, out);
        let is = |protocol| head.headers.has_token("upgrade", protocol);
        if is("websocket") {
            emit(out, asked, at, Half::Response, Part::Response(head));
            self.tunnel = asked.map_or(Tunnel::Opaque, Tunnel::OfExchange);
        } else if is("h2c") {
            // The answer to the request is the first stream's.
            self.tunnel = Tunnel::nested(self.next_exchange, asked, self.depth);
        } else {
            let end = Part::End(Ending::Complete);
            emit(out, asked, at, Half::Response, end);
            self.tunnel = Tunnel::nested(self.next_exchange, None, self.depth);
        }
        self.request.state = State::Tunnel;
        self.response.state = State::Tunnel;
    }

    fn end_outstanding(&mut self, at: Timestamp, ending: Ending, out: &mut Vec<HttpEvent>) {
        for waiting in self.outstanding.drain(..) {
            let end = Part::End(ending);
            emit(out, Some(waiting.exchange), at, Half::Response, end);
        }
    }

    fn shed_outstanding(&mut self, at: Timestamp, out: &mut Vec<HttpEvent>) {
        if self.outstanding.len() > MAX_OUTSTANDING {
            self.lose(Half::Response, at, Ending::Malformed, out);
        }
    }
}

fn emit(out: &mut Vec<HttpEvent>, exchange: Option<u64>, at: Timestamp, half: Half, part: Part) {
    if let Some(exchange) = exchange {
        out.push(HttpEvent {
            exchange,
            at,
            half,
            part,
        });
    }
}
