//! HTTP/2 (RFC 9113) with header compression (RFC 7541), both directions of
//! one connection, joined at its start or midway.
//!
//! The exchange is the stream. Each half of a stream is a head, bodies and
//! gaps, and one end; a response whose head was not captured before its stream
//! was given up is that end alone. A request that was not captured has no
//! parts. Pushed streams are left out.
//!
//! What is missing never makes a wrong part. Header fields that refer to what
//! was sent before we joined are unknown. Missing bytes inside a frame leave
//! the framing intact; otherwise the messages under way are lost, and the next
//! frames are searched for.
//!
//! Limits: [`Limits`]. DATA is passed on without waiting for its frame.

mod block;
mod direction;
mod fields;
mod frame;
mod hpack;
pub mod midway;
mod payload;
mod search;
mod streams;

use bytes::Bytes;
use oisp_core::Timestamp;

use super::{Ending, Half, HttpEvent, Protocol};
use block::Block;
use direction::{Direction, Item, Missing};
use fields::Fields;
use hpack::Decoder;
use payload::Control;
use streams::{Sink, Streams};

/// SETTINGS_HEADER_TABLE_SIZE.
const HEADER_TABLE_SIZE: u16 = 1;

/// What one connection may keep.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Streams that are open at once; beyond it the oldest are lost.
    pub streams: usize,
    /// Bytes of a header block as it is sent.
    pub block: usize,
    /// Bytes of a header block's fields, 32 more for each, once decoded. What
    /// one push gives out is bounded by four times as much, and twice the push.
    pub fields: usize,
    /// Bytes of a direction's header table.
    pub table: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            streams: 1024,
            block: 256 << 10,
            fields: 256 << 10,
            table: 64 << 10,
        }
    }
}

/// One HTTP/2 connection.
#[derive(Debug)]
pub struct Connection {
    request: Side,
    response: Side,
    streams: Streams,
    max_fields: usize,
    /// What is left for the fields of this push.
    fields_left: usize,
}

#[derive(Debug)]
struct Side {
    direction: Direction,
    decoder: Decoder,
}

impl Side {
    fn new(half: Half, limits: Limits) -> Self {
        Self {
            direction: Direction::new(half, limits.block),
            decoder: Decoder::new(limits.table),
        }
    }
}

impl Side {
    fn held(&self) -> usize {
        self.direction.held() + self.decoder.held()
    }
}

impl Default for Connection {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Connection {
    /// A reader that keeps at most `limits`.
    pub fn new(limits: Limits) -> Self {
        Self {
            request: Side::new(Half::Request, limits),
            response: Side::new(Half::Response, limits),
            streams: Streams::new(limits.streams.max(1)),
            max_fields: limits.fields,
            fields_left: 0,
        }
    }

    fn side(&mut self, half: Half) -> &mut Side {
        match half {
            Half::Request => &mut self.request,
            Half::Response => &mut self.response,
        }
    }

    fn read(&mut self, half: Half, mut bytes: Bytes, sink: &mut Sink<'_>) {
        loop {
            let highest = self.streams.highest_believed();
            let Some(item) = self.side(half).direction.next(&mut bytes, sink.at, highest) else {
                return;
            };
            self.take(half, item, sink);
        }
    }

    fn take(&mut self, half: Half, item: Item, sink: &mut Sink<'_>) {
        match item {
            Item::Data { stream, bytes } => self.streams.body(half, stream, bytes, sink),
            Item::End { stream } => self.streams.end(half, stream, Ending::Complete, sink),
            Item::Block(block) => self.block(half, &block, sink),
            Item::Control(control) => self.control(half, control, sink),
            Item::Found if half == Half::Response => self.streams.found_responses(),
            Item::Found => {}
            Item::Broken => self.lose(half, Ending::Malformed, sink),
        }
    }

    /// Every block is decoded, whatever becomes of it: it changes the table.
    fn block(&mut self, half: Half, block: &Block, sink: &mut Sink<'_>) {
        let limit = self.max_fields.min(self.fields_left);
        let fields = Fields::read(block, &mut self.side(half).decoder, limit);
        self.fields_left = self.fields_left.saturating_sub(fields.size);
        if !block.is_promise {
            self.streams.fields(
                half,
                block.stream,
                fields,
                block.end_stream,
                block.began,
                sink,
            );
        }
    }

    fn control(&mut self, half: Half, control: Control, sink: &mut Sink<'_>) {
        match control {
            Control::Settings(settings) => self.settings(half, &settings),
            Control::Reset { stream } => self.streams.reset(stream, sink),
            Control::GoAway { last } if half == Half::Response => self.streams.go_away(last, sink),
            // The client's is about what the server pushes.
            Control::GoAway { .. } => {}
        }
    }

    /// One side's settings bound what the other side sends.
    fn settings(&mut self, from: Half, settings: &[u8]) {
        let bound = match from {
            Half::Request => &mut self.response.decoder,
            Half::Response => &mut self.request.decoder,
        };
        let (settings, _) = settings.as_chunks::<6>();
        for [i0, i1, v0, v1, v2, v3] in settings {
            if u16::from_be_bytes([*i0, *i1]) == HEADER_TABLE_SIZE {
                let size = u32::from_be_bytes([*v0, *v1, *v2, *v3]);
                bound.allow_table(usize::try_from(size).unwrap_or(usize::MAX));
            }
        }
    }

    fn lose(&mut self, half: Half, ending: Ending, sink: &mut Sink<'_>) {
        let side = self.side(half);
        side.direction.lose();
        side.decoder.forget();
        self.streams.lose(half, ending, sink);
    }
}

impl Protocol for Connection {
    fn push(&mut self, half: Half, at: Timestamp, bytes: Bytes, out: &mut Vec<HttpEvent>) {
        self.side(half).direction.begin_call();
        // A block may name a long entry again and again, and so may many blocks.
        self.fields_left = self
            .max_fields
            .saturating_mul(4)
            .saturating_add(bytes.len().saturating_mul(2));
        self.read(half, bytes, &mut Sink { at, out });
    }

    fn gap(&mut self, half: Half, at: Timestamp, len: u64, out: &mut Vec<HttpEvent>) {
        let sink = &mut Sink { at, out };
        if len == 0 {
            return;
        }
        match self.side(half).direction.gap(len) {
            Missing::Body { stream, len } => self.streams.gap(half, stream, len, sink),
            Missing::Inside => {}
            Missing::Framing => self.lose(half, Ending::Lost, sink),
        }
        // The missing bytes may have been the last of a frame.
        self.read(half, Bytes::new(), sink);
    }

    fn held(&self) -> usize {
        self.request.held() + self.response.held() + self.streams.held()
    }

    fn close(&mut self, at: Timestamp, ending: Ending, out: &mut Vec<HttpEvent>) {
        self.streams.close(ending, &mut Sink { at, out });
    }
}

#[cfg(test)]
mod tests;
