//! The reader against frames written by hand, against the `h2` crate, and
//! against bytes that may be anything.

mod frames;
mod midway;
mod peer;
mod properties;

use std::collections::BTreeMap;

use super::*;
use crate::http::Part;

/// What a connection carried: calls of the captured process, in order.
type Calls = Vec<(Half, Bytes)>;

/// The parts of each message, adjacent body parts as one.
type Messages = BTreeMap<(u64, bool), Vec<Part>>;

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn messages(events: Vec<HttpEvent>) -> Messages {
    let mut messages = Messages::new();
    for event in events {
        let parts = messages
            .entry((event.exchange, event.half == Half::Response))
            .or_default();
        match (parts.last_mut(), event.part) {
            (Some(Part::Body(before)), Part::Body(more)) => {
                *before = [before.as_ref(), &more].concat().into()
            }
            (_, part) => parts.push(part),
        }
    }
    messages
}

fn push(connection: &mut Connection, half: Half, bytes: &[u8]) -> Vec<HttpEvent> {
    let mut out = Vec::new();
    connection.push(
        half,
        Timestamp::from_nanos(1),
        Bytes::copy_from_slice(bytes),
        &mut out,
    );
    out
}

fn read(connection: &mut Connection, calls: &Calls) -> Vec<HttpEvent> {
    calls
        .iter()
        .flat_map(|(half, bytes)| push(connection, *half, bytes))
        .collect()
}

fn close(connection: &mut Connection) -> Vec<HttpEvent> {
    let mut out = Vec::new();
    connection.close(Timestamp::from_nanos(2), Ending::ConnectionClosed, &mut out);
    out
}
