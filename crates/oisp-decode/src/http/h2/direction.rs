//! One direction of a connection: bytes in, whole control frames, header
//! blocks and pieces of data out. DATA is passed on as it comes; everything
//! else is collected, up to a limit.

use bytes::{Buf, Bytes};
use oisp_core::Timestamp;

use super::block::{Assembly, Block};
use super::frame::{END_STREAM, Frame, HEADER, Kind};
use super::payload::{Control, Payload};
use super::search::{Search, Surroundings};
use crate::http::Half;
use crate::http::sniff::H2_PREFACE;

/// The reader of one direction.
#[derive(Debug)]
pub(super) struct Direction {
    half: Half,
    state: State,
    assembly: Assembly,
    /// When the first byte of the current frame came.
    began: Timestamp,
    /// The next bytes are the first of a captured call.
    at_call_start: bool,
}

#[derive(Debug)]
enum State {
    /// In the client's preface, or where it may begin.
    Preface { matched: usize },
    /// Where the server's first SETTINGS may begin.
    Greeting { have: usize, header: [u8; HEADER] },
    /// Joined midway, or lost.
    Lost(Search),
    /// In a frame header.
    Header { have: usize, header: [u8; HEADER] },
    /// In the payload of a DATA frame. `padding` is absent before it is read.
    Data {
        frame: Frame,
        left: usize,
        padding: Option<usize>,
    },
    /// In the payload of another frame.
    Payload(Payload),
}

/// What was read.
#[derive(Debug)]
pub(super) enum Item {
    /// Bytes of a stream's body.
    Data { stream: u32, bytes: Bytes },
    /// A DATA frame with END_STREAM is over.
    End { stream: u32 },
    /// A header block is complete.
    Block(Block),
    /// A frame of the connection.
    Control(Control),
    /// The bytes break the rules: the framing is lost.
    Broken,
    /// After a search, frames are read again.
    Found,
}

/// What missing bytes do to a direction.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// So many bytes of a stream's body are missing; the framing holds.
    Body { stream: u32, len: u64 },
    /// Nothing that would be passed on as it comes; the framing holds.
    Inside,
    /// The framing is lost.
    Framing,
}

impl Direction {
    pub(super) fn new(half: Half, block_limit: usize) -> Self {
        let state = match half {
            Half::Request => State::Preface { matched: 0 },
            Half::Response => State::Greeting {
                have: 0,
                header: [0; HEADER],
            },
        };
        Self {
            half,
            state,
            assembly: Assembly::new(block_limit),
            began: Timestamp::default(),
            at_call_start: true,
        }
    }

    /// Memory of what is not complete.
    pub(super) fn held(&self) -> usize {
        let state = match &self.state {
            State::Lost(search) => search.held(),
            State::Payload(payload) => payload.held(),
            _ => 0,
        };
        state + self.assembly.held()
    }

    /// A captured call begins.
    pub(super) fn begin_call(&mut self) {
        self.at_call_start = true;
    }

    /// Reads until something is complete; `None` once `bytes` are used up.
    pub(super) fn next(
        &mut self,
        bytes: &mut Bytes,
        at: Timestamp,
        highest_stream: u32,
    ) -> Option<Item> {
        loop {
            let before = bytes.len();
            let step = self.step(bytes, at, highest_stream);
            self.at_call_start &= bytes.len() == before;
            match step {
                Step::Item(item) => return Some(item),
                Step::Hungry => return None,
                Step::On => {}
            }
        }
    }

    fn step(&mut self, bytes: &mut Bytes, at: Timestamp, highest_stream: u32) -> Step {
        match &mut self.state {
            State::Preface { .. } => self.preface(bytes),
            State::Greeting { .. } => self.greeting(bytes, at, highest_stream),
            State::Lost(_) => self.search(bytes, highest_stream),
            State::Header { .. } => self.header(bytes, at),
            State::Data { .. } => self.data(bytes),
            State::Payload(_) => self.payload(bytes),
        }
    }

    fn preface(&mut self, bytes: &mut Bytes) -> Step {
        let State::Preface { matched } = &mut self.state else {
            return Step::On;
        };
        let Some(expected) = H2_PREFACE.get(*matched) else {
            self.state = State::header();
            return Step::On;
        };
        match bytes.first() {
            None => Step::Hungry,
            Some(byte) if byte == expected => {
                *matched += 1;
                bytes.advance(1);
                Step::On
            }
            Some(_) => {
                // What matched is text, in which no frame begins.
                self.lose();
                Step::On
            }
        }
    }

    /// A direction that begins with SETTINGS is read from there on.
    fn greeting(&mut self, bytes: &mut Bytes, at: Timestamp, highest_stream: u32) -> Step {
        let State::Greeting { have, header } = &mut self.state else {
            return Step::On;
        };
        if *have == 0 {
            self.began = at;
        }
        let Some((earlier, room)) = header.split_at_mut_checked(*have) else {
            return Step::On;
        };
        let taken = room.len().min(bytes.len());
        room.iter_mut()
            .zip(bytes.iter())
            .for_each(|(to, byte)| *to = *byte);
        if *have + taken < HEADER {
            bytes.advance(taken);
            *have += taken;
            return Step::Hungry;
        }
        let lost = Search::after(earlier);
        let frame = Frame::parse(header);
        self.state =
            if frame.kind == Kind::Settings && frame.is_plausible(self.half, highest_stream) {
                bytes.advance(taken);
                State::Header {
                    have: HEADER,
                    header: *header,
                }
            } else {
                State::Lost(lost)
            };
        Step::On
    }

    fn search(&mut self, bytes: &mut Bytes, highest_stream: u32) -> Step {
        let State::Lost(search) = &mut self.state else {
            return Step::On;
        };
        if bytes.is_empty() {
            return Step::Hungry;
        }
        let around = Surroundings {
            half: self.half,
            highest_stream,
        };
        match search.push(std::mem::take(bytes), self.at_call_start, around) {
            None => Step::Hungry,
            Some(frames) => {
                *bytes = frames;
                self.state = State::header();
                Step::Item(Item::Found)
            }
        }
    }

    fn header(&mut self, bytes: &mut Bytes, at: Timestamp) -> Step {
        let State::Header { have, header } = &mut self.state else {
            return Step::On;
        };
        if *have == 0 {
            self.began = at;
        }
        let Some(room) = header.get_mut(*have..) else {
            return Step::On;
        };
        let taken = room.len().min(bytes.len());
        room.iter_mut()
            .zip(bytes.split_to(taken))
            .for_each(|(to, byte)| *to = byte);
        *have += taken;
        if *have < HEADER {
            return Step::Hungry;
        }
        let frame = Frame::parse(header);
        if !frame.is_legal(self.half) || !self.assembly.expects(&frame) {
            return Step::Item(Item::Broken);
        }
        let left = frame.payload();
        self.state = if frame.kind == Kind::Data {
            let padding = if frame.is_padded() { None } else { Some(0) };
            State::Data {
                frame,
                left,
                padding,
            }
        } else {
            State::Payload(Payload::new(frame))
        };
        Step::On
    }

    fn data(&mut self, bytes: &mut Bytes) -> Step {
        let State::Data {
            frame,
            left,
            padding,
        } = &mut self.state
        else {
            return Step::On;
        };
        let stream = frame.stream;
        let Some(pad) = *padding else {
            if *left == 0 {
                return Step::Item(Item::Broken);
            }
            let Some(pad) = bytes.first().copied() else {
                return Step::Hungry;
            };
            bytes.advance(1);
            *left -= 1;
            *padding = Some(usize::from(pad));
            return if usize::from(pad) > *left {
                Step::Item(Item::Broken)
            } else {
                Step::On
            };
        };
        if *left == 0 {
            let ends = frame.has(END_STREAM);
            self.state = State::header();
            return if ends {
                Step::Item(Item::End { stream })
            } else {
                Step::On
            };
        }
        if bytes.is_empty() {
            return Step::Hungry;
        }
        let body = left.saturating_sub(pad);
        let taken = if body > 0 { body } else { *left }.min(bytes.len());
        *left -= taken;
        let piece = bytes.split_to(taken);
        if body > 0 {
            Step::Item(Item::Data {
                stream,
                bytes: piece,
            })
        } else {
            Step::On
        }
    }

    fn payload(&mut self, bytes: &mut Bytes) -> Step {
        let State::Payload(payload) = &mut self.state else {
            return Step::On;
        };
        let Some(collected) = payload.take(bytes, self.assembly.limit()) else {
            return Step::Hungry;
        };
        self.state = State::header();
        if !collected.frame.is_block() {
            return collected
                .control()
                .map_or(Step::On, |control| Step::Item(Item::Control(control)));
        }
        match self.assembly.push(collected, self.began) {
            Ok(Some(block)) => Step::Item(Item::Block(block)),
            Ok(None) => Step::On,
            Err(_) => Step::Item(Item::Broken),
        }
    }

    /// `len` bytes are missing.
    pub(super) fn gap(&mut self, len: u64) -> Missing {
        // What does not fit a usize fits no frame.
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        match &mut self.state {
            State::Data {
                frame,
                left,
                padding: Some(padding),
            } if len <= *left => {
                let body = left.saturating_sub(*padding).min(len);
                *left -= len;
                match u64::try_from(body) {
                    Ok(body) if body > 0 => Missing::Body {
                        stream: frame.stream,
                        len: body,
                    },
                    _ => Missing::Inside,
                }
            }
            State::Payload(payload) => match payload.skip(len) {
                true => Missing::Inside,
                false => Missing::Framing,
            },
            _ => Missing::Framing,
        }
    }

    /// The framing is lost: the next frame must be found.
    pub(super) fn lose(&mut self) {
        self.assembly.clear();
        self.state = State::Lost(Search::default());
    }
}

impl State {
    const fn header() -> Self {
        Self::Header {
            have: 0,
            header: [0; HEADER],
        }
    }
}

enum Step {
    /// Something is complete.
    Item(Item),
    /// Go on.
    On,
    /// More bytes are needed.
    Hungry,
}
