//! The decompression of permessage-deflate (RFC 7692, section 7.2.2).

use flate2::{Decompress, FlushDecompress, Status};

/// What a sender leaves out at the end of each message.
pub(super) const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// Output is made room for in such steps at least.
const STEP: usize = 4 << 10;

/// The bytes break the rules of deflate.
#[derive(Debug)]
pub(super) struct Broken;

/// Decompresses the messages of one direction.
#[derive(Debug)]
pub(super) struct Inflater {
    /// Made for the first compressed message: few directions have one.
    stream: Option<Decompress>,
    takeover: bool,
    /// The sender marked a block as the last one.
    ended: bool,
    /// What later messages refer to is not known.
    dead: bool,
}

impl Inflater {
    pub(super) fn new(takeover: bool) -> Self {
        Self {
            stream: None,
            takeover,
            ended: false,
            dead: false,
        }
    }

    /// True where no further message can be read.
    pub(super) const fn is_dead(&self) -> bool {
        self.dead
    }

    /// What a sender leaves out at the end of a message.
    pub(super) const fn tail(&self) -> &'static [u8] {
        if self.ended { &[] } else { &TAIL }
    }

    /// Appends at most `room` bytes to `out`; true where that cut something.
    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        room: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, Broken> {
        let limit = out.len().saturating_add(room);
        loop {
            if self.ended {
                // Only padding may follow a last block.
                let is_padding = bytes.iter().all(|byte| *byte == 0);
                return if is_padding { Ok(false) } else { Err(Broken) };
            }
            out.reserve(STEP.max(bytes.len()));
            let stream = self.stream.get_or_insert_with(|| Decompress::new(false));
            let before = (stream.total_in(), out.len());
            let status = stream
                .decompress_vec(bytes, out, FlushDecompress::Sync)
                .map_err(|_| Broken)?;
            let used = usize::try_from(stream.total_in() - before.0).unwrap_or(usize::MAX);
            bytes = bytes.get(used..).unwrap_or_default();
            self.ended = status == Status::StreamEnd;
            if out.len() > limit {
                out.truncate(limit);
                return Ok(true);
            }
            // It may hold output back that it has no input for any more.
            let rests = used == 0 && out.len() == before.1;
            if rests && !self.ended {
                return if bytes.is_empty() {
                    Ok(false)
                } else {
                    Err(Broken)
                };
            }
        }
    }

    /// A message is over; `whole` where all of it was decompressed.
    pub(super) fn end_message(&mut self, whole: bool) {
        if let Some(stream) = &mut self.stream
            && !self.takeover
        {
            stream.reset(false);
        }
        // After a last block the window cannot be taken over to a new stream.
        self.dead |= self.takeover && (self.ended || !whole);
        self.ended = false;
    }
}
