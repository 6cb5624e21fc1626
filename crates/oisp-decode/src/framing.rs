//! Streamed answers: bytes of a body in, events out.
//!
//! Each framing is a [`Framing`]: what it delivers does not depend on how the
//! bytes were cut. It never joins over missing bytes, keeps at most one event of
//! [`MAX_EVENT`] bytes, and says in [`Framing::is_broken`] when it had to leave
//! something out.

pub mod envelope;
pub mod eventstream;
pub mod json_array;
pub mod ndjson;
pub mod sse;

/// Longest event, bytes. Terminal events of some providers repeat the whole
/// answer, so this is generous.
pub const MAX_EVENT: usize = 32 << 20;
/// Memory kept from one event to the next.
const KEPT: usize = 64 << 10;

/// One event of a streamed answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamEvent {
    /// Its name, where the framing has one.
    pub name: Option<String>,
    /// JSON text, or `[DONE]`.
    pub data: String,
    /// Something before it had to be left out.
    pub after_loss: bool,
}

/// Splits a stream into events.
pub trait Framing {
    /// Takes bytes and calls `deliver` for each event that is complete.
    fn push(&mut self, bytes: &[u8], deliver: &mut dyn FnMut(&StreamEvent));

    /// Bytes are missing: the event under way is dropped. Where the format tells
    /// the next event for sure, the stream goes on there; elsewhere nothing more
    /// is delivered.
    fn gap(&mut self);

    /// The stream ended: delivers what only lacked its end.
    fn finish(&mut self, deliver: &mut dyn FnMut(&StreamEvent));

    /// The framing's rules were broken, a checksum was wrong, or an event was
    /// left out for its size.
    fn is_broken(&self) -> bool;
}

fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

/// A JSON object that stands for so many bytes that are no text.
fn bytes_as_json(len: usize) -> String {
    format!("{{\"$bytes\":{len}}}")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Name and data.
    pub type Pair = (Option<String>, String);

    /// An event without a name.
    pub fn unnamed(data: &str) -> Pair {
        (None, data.into())
    }

    /// What a framing gives for those chunks.
    pub fn split(mut framing: impl Framing, chunks: &[&[u8]]) -> (Vec<Pair>, bool) {
        let mut events = Vec::new();
        let mut keep = |event: &StreamEvent| events.push((event.name.clone(), event.data.clone()));
        for chunk in chunks {
            framing.push(chunk, &mut keep);
        }
        framing.finish(&mut keep);
        (events, framing.is_broken())
    }

    /// Positions to cut at.
    pub fn cuts() -> impl Strategy<Value = Vec<usize>> {
        prop::collection::vec(0usize..300, 0..10)
    }

    /// `bytes` cut at those positions.
    pub fn chunks<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| (*cut).min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        cuts.windows(2)
            .map(|pair| bytes.get(pair[0]..pair[1]).unwrap())
            .collect()
    }
}
