//! Message bodies as they arrive: content coding undone, size capped, holes
//! remembered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::form;
use crate::http::{Headers, coding};
use crate::json;

/// Longest body that is kept, decoded bytes. Requests with a million tokens of
/// context and images are below it.
pub const MAX_BODY: usize = 48 << 20;

/// Most bytes that all bodies under way hold together.
pub const MAX_HELD: usize = 256 << 20;

/// What is left for the bodies under way. Clones share it.
#[derive(Clone, Debug)]
pub struct Room(Arc<AtomicUsize>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(MAX_HELD)))
    }
}

impl Room {
    fn left(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn give_back(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// What one body holds of the room; it is given back with it.
#[derive(Debug)]
pub struct Held {
    room: Room,
    bytes: usize,
}

impl Held {
    /// Nothing so far.
    pub fn new(room: &Room) -> Self {
        Self {
            room: room.clone(),
            bytes: 0,
        }
    }

    /// How much more there is room for, in a body of at most `limit` bytes.
    pub fn left(&self, limit: usize) -> usize {
        limit.saturating_sub(self.bytes).min(self.room.left())
    }

    /// Nothing is held any more.
    pub fn let_go(&mut self) {
        self.room.give_back(self.bytes);
        self.bytes = 0;
    }

    /// So many bytes more are held.
    pub fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.room.take(bytes);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.give_back(self.bytes);
    }
}

/// Why a body is not whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// Bytes that were not captured.
    pub missing: u64,
    /// Decoded bytes beyond [`MAX_BODY`], or beyond [`MAX_HELD`] of all bodies,
    /// were left out.
    pub cut: bool,
    /// The content coding could not be undone.
    pub broken_coding: bool,
    /// The framing of a stream broke its rules, or an event of it was left out.
    pub broken_stream: bool,
}

impl Damage {
    /// True where anything is wrong.
    pub const fn any(self) -> bool {
        self.missing > 0 || self.cut || self.broken_coding || self.broken_stream
    }

    /// What is wrong with either of two.
    pub const fn and(self, other: Self) -> Self {
        Self {
            missing: self.missing.saturating_add(other.missing),
            cut: self.cut || other.cut,
            broken_coding: self.broken_coding || other.broken_coding,
            broken_stream: self.broken_stream || other.broken_stream,
        }
    }

    /// Reasons for `confidence.reasons`.
    pub fn reasons(self) -> impl Iterator<Item = &'static str> {
        let named = [
            (self.missing > 0, "bytes_lost"),
            (self.cut, "body_over_limit"),
            (self.broken_coding, "content_coding_broken"),
            (self.broken_stream, "stream_broken"),
        ];
        named
            .into_iter()
            .filter_map(|(holds, name)| holds.then_some(name))
    }
}

/// A body while it arrives.
#[derive(Debug)]
pub struct Body {
    /// `None` once the coding is broken: later bytes mean nothing.
    coding: Option<coding::Decoder>,
    held: Held,
    /// What is wrong with it so far.
    pub damage: Damage,
}

impl Body {
    /// A body with the coding of its `Content-Encoding` field, which holds what
    /// there is room for.
    pub fn new(content_encoding: Option<&str>, room: &Room) -> Self {
        let coding = coding::Decoder::new(content_encoding).ok();
        let damage = Damage {
            broken_coding: coding.is_none(),
            ..Damage::default()
        };
        Self {
            coding,
            held: Held::new(room),
            damage,
        }
    }

    /// Appends to `out` what `bytes` decode to.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let Some(coding) = &mut self.coding else {
            return;
        };
        let before = out.len();
        match coding.push(bytes, self.held.left(MAX_BODY), out) {
            Ok(cut) => self.damage.cut |= cut,
            Err(coding::BrokenCoding) => {
                self.damage.broken_coding = true;
                self.coding = None;
            }
        }
        self.held.add(out.len() - before);
        if self.damage.cut {
            self.coding = None;
        }
    }

    /// What was decoded so far is not kept: it counts for the limit no more.
    pub fn let_go(&mut self) {
        self.held.let_go();
    }

    /// `len` bytes of the coded body were not captured. True where what follows
    /// can still be read.
    pub fn gap(&mut self, len: u64) -> bool {
        self.damage.missing = self.damage.missing.saturating_add(len);
        let readable = self
            .coding
            .as_ref()
            .is_some_and(coding::Decoder::is_identity);
        if !readable {
            self.coding = None;
        }
        readable
    }
}

/// A body of that content type may be read as JSON. Where none is told, it may.
pub fn is_readable(headers: &Headers) -> bool {
    headers.get("content-type").is_none_or(|kind| {
        let kind = kind.to_ascii_lowercase();
        ["json", "application/connect+"]
            .iter()
            .any(|word| kind.contains(word))
    })
}

/// A body is a form, which is readable where its path says that it is a call:
/// most forms are uploads that are nobody's business.
pub fn is_form(headers: &Headers) -> bool {
    headers.get("content-type").is_some_and(form::is_form)
}

/// A whole body as JSON; `None` where it is none.
pub fn json(headers: &Headers, bytes: &[u8]) -> Option<Value> {
    match headers
        .get("content-type")
        .filter(|kind| form::is_form(kind))
    {
        Some(kind) => form::json(kind, bytes),
        None => json::parse(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bodies_together_hold_no_more_than_there_is_room_for() {
        let room = Room::default();
        let piece = vec![b'x'; 40 << 20];
        let mut held = Vec::new();
        let mut bodies: Vec<_> = (0..8).map(|_| Body::new(None, &room)).collect();
        for body in &mut bodies {
            let mut out = Vec::new();
            body.push(&piece, &mut out);
            held.push(out.len());
        }
        assert_eq!(held.iter().sum::<usize>(), MAX_HELD);
        assert!(!bodies[0].damage.cut && bodies[7].damage.cut);
        drop(bodies);
        assert_eq!(room.left(), MAX_HELD);
    }
}
