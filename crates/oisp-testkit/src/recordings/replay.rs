//! Gives bytes to the decoder and takes its events, or its panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use oisp_core::raw::{GapCause, TlsKind};
use oisp_core::{ConnId, Direction, Event, RawEvent, RawKind, Timestamp, TlsEvent};
use oisp_decode::{Decoder, HashKey};

/// One thing that happened on the connection.
#[derive(Clone, Debug)]
pub enum Step {
    /// The program wrote.
    Out(Bytes),
    /// The program read.
    In(Bytes),
    /// Bytes that the program read were not captured.
    GapIn(u64),
    /// The connection ended.
    Close,
}

/// What happened on one connection: steps, each with its time in milliseconds.
pub type Tape = Vec<(u64, Step)>;

/// Some time in November 2023; only differences matter.
const BEGIN_NANOS: u64 = 1_700_000_000_000_000_000;

/// The one place that knows how a decoder is made.
fn decoder() -> Decoder {
    Decoder::new(HashKey::new([1; 32]))
}

/// A request, its answer a second later, and the end.
pub fn exchange(request: Bytes, response: Bytes) -> Tape {
    vec![
        (0, Step::Out(request)),
        (1000, Step::In(response)),
        (2000, Step::Close),
    ]
}

/// The events of what happened.
///
/// # Errors
///
/// The words of a panic, where the decoder panicked.
pub fn events(tape: &[(u64, Step)]) -> Result<Vec<Event>, String> {
    catch_unwind(AssertUnwindSafe(|| {
        let mut decoder = decoder();
        let mut events = Vec::new();
        let mut offsets = Offsets::default();
        for (at, step) in tape {
            decoder.push(&raw(*at, step, &mut offsets), &mut events);
        }
        decoder.finish(&mut events);
        events
    }))
    .map_err(|panic| {
        let words = panic.downcast_ref::<&str>().map(ToString::to_string);
        words
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| String::from("without words"))
    })
}

#[derive(Default)]
struct Offsets {
    outgoing: u64,
    incoming: u64,
}

impl Offsets {
    fn take(&mut self, direction: Direction, len: u64) -> u64 {
        let offset = match direction {
            Direction::Outgoing => &mut self.outgoing,
            Direction::Incoming => &mut self.incoming,
        };
        let before = *offset;
        *offset = offset.saturating_add(len);
        before
    }
}

fn raw(at_ms: u64, step: &Step, offsets: &mut Offsets) -> RawEvent {
    let data = |direction, bytes: &Bytes, offsets: &mut Offsets| TlsKind::Data {
        direction,
        offset: offsets.take(direction, u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
        bytes: bytes.clone(),
    };
    let what = match step {
        Step::Out(bytes) => data(Direction::Outgoing, bytes, offsets),
        Step::In(bytes) => data(Direction::Incoming, bytes, offsets),
        Step::GapIn(len) => TlsKind::Gap {
            direction: Direction::Incoming,
            offset: offsets.take(Direction::Incoming, *len),
            len: *len,
            cause: GapCause::RingFull,
        },
        Step::Close => TlsKind::Closed,
    };
    let conn = ConnId {
        pid: 4242,
        start_time: 7,
        handle: 0xfeed,
        generation: 1,
    };
    RawEvent {
        at: Timestamp::from_nanos(BEGIN_NANOS.saturating_add(at_ms.saturating_mul(1_000_000))),
        pid: conn.pid,
        tid: conn.pid,
        kind: RawKind::Tls(TlsEvent { conn, what }),
    }
}
