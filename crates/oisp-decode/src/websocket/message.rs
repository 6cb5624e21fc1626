//! Messages, and how they are put together from the payload of frames.

use oisp_core::Timestamp;

use super::frame::{Frame, Kind, RSV1};
use super::inflate::{self, Inflater};
use super::{Compression, MAX_MESSAGE};
use crate::body::{Damage, Held};

/// A whole message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// When its first byte was captured.
    pub began: Timestamp,
    /// It is text, not bytes.
    pub text: bool,
    /// What it holds, up to what is wrong with it.
    pub bytes: Vec<u8>,
    /// What is wrong with it.
    pub damage: Damage,
}

/// A message under way.
#[derive(Debug)]
pub(super) struct Draft {
    message: Message,
    compressed: bool,
    held: Held,
}

impl Draft {
    /// The first frame of a message; `dead` where the inflater is.
    pub(super) fn new(
        began: Timestamp,
        frame: Frame,
        compression: Compression,
        dead: bool,
        held: Held,
    ) -> Self {
        let compressed = frame.reserved & RSV1 != 0;
        let broken_coding = match compression {
            Compression::Unknown => frame.reserved != 0,
            _ => compressed && dead,
        };
        let damage = Damage {
            broken_coding,
            ..Damage::default()
        };
        Self {
            message: Message {
                began,
                text: frame.kind == Kind::Text,
                bytes: Vec::new(),
                damage,
            },
            compressed,
            held,
        }
    }

    /// So many bytes are missing.
    pub(super) fn tear(&mut self, len: u64) {
        let missing = &mut self.message.damage.missing;
        *missing = missing.saturating_add(len);
    }

    pub(super) fn add(&mut self, bytes: &[u8], inflater: &mut Inflater) {
        if self.message.damage.any() {
            return;
        }
        let kept = &mut self.message.bytes;
        let before = kept.len();
        let room = self.held.left(MAX_MESSAGE);
        if self.compressed {
            match inflater.push(bytes, room, kept) {
                Ok(cut) => self.message.damage.cut = cut,
                // How much came out before it was seen to be broken depends on
                // how the bytes were cut.
                Err(inflate::Broken) => {
                    self.message.damage.broken_coding = true;
                    kept.clear();
                }
            }
        } else {
            kept.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
            self.message.damage.cut = bytes.len() > room;
        }
        self.held.add(kept.len().saturating_sub(before));
    }

    pub(super) fn finish(mut self, inflater: &mut Inflater) -> Message {
        if self.compressed {
            if !self.message.damage.any() {
                self.add(inflater.tail(), inflater);
            }
            inflater.end_message(!self.message.damage.any());
        }
        self.message
    }
}
