//! An answer as a dialect wrote it down, before it goes on the wire.

use bytes::Bytes;
use serde::Serialize;

use crate::answer::{Call, Meant, pieces, usual_count};
use crate::directive::Directive;
use crate::exchange::Dialect;
use crate::sse;

/// Status, headers, frames, and what they mean.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) dialect: Dialect,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body: one frame for a plain answer, one per event of a stream.
    pub(crate) frames: Vec<Bytes>,
    pub(crate) stream: bool,
    /// Drop the connection after the last frame.
    pub(crate) cut: bool,
    pub(crate) directive: Directive,
    /// Absent where the exchange is no AI call.
    pub(crate) meant: Option<Meant>,
}

impl Reply {
    pub(crate) fn json(dialect: Dialect, status: u16, body: &impl Serialize) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        let frames = vec![Bytes::from(sse::json(body))];
        Self {
            dialect,
            status,
            headers,
            frames,
            ..Self::default()
        }
    }

    pub(crate) fn events(dialect: Dialect, frames: Vec<Bytes>) -> Self {
        let mut reply = Self::stream(dialect, "text/event-stream; charset=utf-8", frames);
        reply.headers.push(("cache-control", "no-cache".to_owned()));
        reply
    }

    /// A streamed answer of that type, a frame each event.
    pub(crate) fn stream(dialect: Dialect, content_type: &str, frames: Vec<Bytes>) -> Self {
        Self {
            dialect,
            status: 200,
            headers: vec![("content-type", content_type.to_owned())],
            frames,
            stream: true,
            ..Self::default()
        }
    }

    /// An answer that is no text.
    pub(crate) fn bytes(dialect: Dialect, content_type: &str, body: Bytes) -> Self {
        Self {
            stream: false,
            ..Self::stream(dialect, content_type, vec![body])
        }
    }

    pub(crate) fn meaning(mut self, meant: Meant) -> Self {
        self.meant = Some(meant);
        self
    }
}

/// How far a stream comes: the deltas that are sent, and what breaks it off.
pub(crate) struct Script<'a> {
    pub(crate) pieces: Vec<&'a str>,
    pub(crate) end: StreamEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamEnd {
    Whole,
    Error,
    Cut,
}

impl<'a> Script<'a> {
    /// The deltas of `text` as the directive of `call` wants them.
    pub(crate) fn of(call: &Call, text: &'a str) -> Self {
        let Directive {
            chunks,
            error_after,
            cut_after,
            ..
        } = call.directive;
        let mut pieces = pieces(text, chunks.unwrap_or_else(|| usual_count(text)));
        let (keep, end) = match (error_after, cut_after) {
            (Some(error), Some(cut)) if cut < error => (cut, StreamEnd::Cut),
            (Some(error), _) => (error, StreamEnd::Error),
            (None, Some(cut)) => (cut, StreamEnd::Cut),
            (None, None) => (pieces.len(), StreamEnd::Whole),
        };
        pieces.truncate(keep);
        Self { pieces, end }
    }

    /// What a stream that ends like this meant, had `meant` been its whole.
    pub(crate) fn meaning(&self, meant: Meant) -> Meant {
        match self.end {
            StreamEnd::Whole => meant,
            StreamEnd::Error | StreamEnd::Cut => broken_off(meant, vec![self.pieces.concat()]),
        }
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.end == StreamEnd::Cut
    }
}

/// What a broken-off stream has said by then: no finish, no usage, no calls.
pub(crate) fn broken_off(meant: Meant, said: Vec<String>) -> Meant {
    Meant {
        texts: said,
        tool_calls: Vec::new(),
        usage: None,
        finish: None,
        ..meant
    }
}
