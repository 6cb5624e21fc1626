//! WebSocket (RFC 6455) with permessage-deflate (RFC 7692), one direction of a
//! connection: bytes in, whole messages out. Pings and pongs are left out.
//!
//! Missing bytes inside a frame leave the framing intact: the message keeps what
//! came before them, and with a shared compression context every later
//! compressed message is unreadable. Missing bytes elsewhere lose the
//! direction, for a frame has no mark to find it by.
//!
//! Limits: a message of [`MAX_MESSAGE`] bytes, decompressed; what is above is
//! cut. The mask bit is taken as it is: who has to mask does not matter here.

mod extensions;
mod frame;
mod inflate;
mod message;

use oisp_core::Timestamp;

use crate::body::{Held, Room};
use crate::http::Ending;
pub use extensions::Compression;
use frame::{Frame, Kind, Malformed};
use inflate::Inflater;
use message::Draft;
pub use message::Message;

/// Longest message, decompressed bytes.
pub const MAX_MESSAGE: usize = 32 << 20;
/// Longest payload of a control frame.
const MAX_CONTROL: usize = 125;

/// What a direction says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A message.
    Message(Message),
    /// The side will send nothing more.
    Close {
        /// Why, where it says so (RFC 6455, section 7.4).
        code: Option<u16>,
    },
    /// Nothing more can be read, for that reason.
    Lost(Ending),
}

/// Reads one direction.
#[derive(Debug)]
pub struct Reader {
    room: Room,
    compression: Compression,
    inflater: Inflater,
    state: State,
    /// A frame's head that is not complete, and when it began.
    head: Vec<u8>,
    began: Timestamp,
    draft: Option<Draft>,
    /// The payload of a control frame; `None` where bytes of it are missing.
    control: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Head,
    Payload(Frame),
    /// Closed, or lost.
    Over,
}

impl Reader {
    /// For a direction after its handshake, whose messages hold what there is
    /// room for.
    pub fn new(compression: Compression, room: &Room) -> Self {
        Self {
            room: room.clone(),
            compression,
            inflater: Inflater::new(compression == Compression::Deflate { takeover: true }),
            state: State::Head,
            head: Vec::new(),
            began: Timestamp::default(),
            draft: None,
            control: None,
        }
    }

    /// Takes bytes.
    pub fn push(&mut self, at: Timestamp, mut bytes: &[u8], deliver: &mut dyn FnMut(Item)) {
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Head => self.read_head(at, bytes, deliver),
                State::Payload(frame) => self.read_payload(frame, bytes, deliver),
                State::Over => return,
            };
        }
    }

    /// `len` bytes were not captured.
    pub fn gap(&mut self, len: u64, deliver: &mut dyn FnMut(Item)) {
        if len == 0 {
            return;
        }
        match self.state {
            State::Payload(mut frame) if len <= frame.left => {
                frame.pass(len);
                self.tear(frame.kind, len);
                self.go_on(frame, deliver);
            }
            State::Head | State::Payload(_) => self.lose(Ending::Lost, deliver),
            State::Over => {}
        }
    }

    fn read_head<'a>(
        &mut self,
        at: Timestamp,
        bytes: &'a [u8],
        deliver: &mut dyn FnMut(Item),
    ) -> &'a [u8] {
        let before = self.head.len();
        if before == 0 {
            self.began = at;
        }
        let wanted = frame::MAX_HEAD.saturating_sub(before).min(bytes.len());
        self.head
            .extend_from_slice(bytes.get(..wanted).unwrap_or_default());
        match Frame::read(&self.head) {
            Ok(None) => bytes.get(wanted..).unwrap_or_default(),
            Ok(Some((frame, used))) => {
                self.head.clear();
                match self.begin(frame) {
                    Ok(()) => self.go_on(frame, deliver),
                    Err(Malformed) => self.lose(Ending::Malformed, deliver),
                }
                bytes.get(used.saturating_sub(before)..).unwrap_or_default()
            }
            Err(Malformed) => {
                self.lose(Ending::Malformed, deliver);
                &[]
            }
        }
    }

    /// Checks a frame's place, and begins a message with its first one.
    fn begin(&mut self, frame: Frame) -> Result<(), Malformed> {
        let known_bits = match (self.compression, frame.kind) {
            (Compression::Unknown, _) => frame.reserved,
            (Compression::Deflate { .. }, Kind::Text | Kind::Binary) => frame::RSV1,
            _ => 0,
        };
        if frame.reserved & !known_bits != 0 {
            return Err(Malformed);
        }
        match frame.kind {
            Kind::Text | Kind::Binary if self.draft.is_none() => {
                let dead = self.inflater.is_dead();
                let held = Held::new(&self.room);
                let draft = Draft::new(self.began, frame, self.compression, dead, held);
                self.draft = Some(draft);
                Ok(())
            }
            Kind::Text | Kind::Binary => Err(Malformed),
            Kind::Continuation if self.draft.is_none() => Err(Malformed),
            Kind::Continuation => Ok(()),
            Kind::Close | Kind::PingOrPong => {
                self.control = Some(Vec::new());
                Ok(())
            }
        }
    }

    fn read_payload<'a>(
        &mut self,
        mut frame: Frame,
        bytes: &'a [u8],
        deliver: &mut dyn FnMut(Item),
    ) -> &'a [u8] {
        let len = usize::try_from(frame.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let (payload, rest) = bytes.split_at_checked(len).unwrap_or((bytes, &[]));
        match frame.kind {
            Kind::Close => {
                if let Some(control) = &mut self.control {
                    control.extend_from_slice(&frame.unmasked(payload));
                }
            }
            Kind::PingOrPong => {}
            Kind::Text | Kind::Binary | Kind::Continuation => {
                if let Some(draft) = &mut self.draft {
                    draft.add(&frame.unmasked(payload), &mut self.inflater);
                }
            }
        }
        frame.pass(len as u64);
        self.go_on(frame, deliver);
        rest
    }

    /// Goes on with a frame, or with the next one where it is complete.
    fn go_on(&mut self, frame: Frame, deliver: &mut dyn FnMut(Item)) {
        if frame.left > 0 {
            self.state = State::Payload(frame);
            return;
        }
        self.state = State::Head;
        match frame.kind {
            Kind::PingOrPong => {}
            Kind::Close => {
                let code = self
                    .control
                    .as_ref()
                    .and_then(|bytes| bytes.first_chunk::<2>());
                let code = code.map(|code| u16::from_be_bytes(*code));
                self.end();
                deliver(Item::Close { code });
            }
            Kind::Text | Kind::Binary | Kind::Continuation if frame.fin => {
                if let Some(draft) = self.draft.take() {
                    deliver(Item::Message(draft.finish(&mut self.inflater)));
                }
            }
            Kind::Text | Kind::Binary | Kind::Continuation => {}
        }
    }

    /// Bytes of a frame are missing.
    fn tear(&mut self, kind: Kind, len: u64) {
        match (kind, &mut self.draft) {
            (Kind::Close | Kind::PingOrPong, _) => self.control = None,
            (_, Some(draft)) => draft.tear(len),
            (_, None) => {}
        }
    }

    fn lose(&mut self, ending: Ending, deliver: &mut dyn FnMut(Item)) {
        self.end();
        deliver(Item::Lost(ending));
    }

    fn end(&mut self) {
        self.state = State::Over;
        self.draft = None;
        self.head = Vec::new();
        self.control = None;
    }
}

#[cfg(test)]
mod tests;
