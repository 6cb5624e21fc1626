//! The body of an answer while it arrives: a document, or server-sent events.

use crate::body::{Body, Damage, Room};
use crate::framing::sse::Sse;
use crate::framing::{Framing, StreamEvent};
use crate::http::ResponseHead;

/// Memory kept from one record to the next.
const KEPT: usize = 64 << 10;

/// An answer while it arrives.
#[derive(Default)]
pub struct Reading {
    body: Option<Body>,
    content: Content,
}

#[derive(Default)]
enum Content {
    /// Nothing yet, or nothing that is read.
    #[default]
    Nothing,
    /// One document.
    Document(Vec<u8>),
    /// Server-sent events.
    Stream {
        splitter: Sse,
        /// Decoded bytes on their way to the splitter; empty between records.
        plain: Vec<u8>,
    },
}

/// What was kept until the end.
pub enum Rest {
    /// The whole document.
    Document(Vec<u8>),
    /// The last events.
    Events(Vec<StreamEvent>),
}

impl Reading {
    /// The head came.
    pub fn begin(&mut self, head: &ResponseHead, reads_documents: bool, room: &Room) {
        let kind = head.headers.get("content-type").unwrap_or_default();
        let kind = kind.to_ascii_lowercase();
        let may_be_json = kind.is_empty() || kind.contains("json");
        self.body = Some(Body::new(head.headers.get("content-encoding"), room));
        self.content = if kind.starts_with("text/event-stream") {
            Content::Stream {
                splitter: Sse::default(),
                plain: Vec::new(),
            }
        } else if reads_documents && may_be_json {
            Content::Document(Vec::new())
        } else {
            Content::Nothing
        };
    }

    /// Takes bytes and gives the events that they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<StreamEvent> {
        let mut events = Vec::new();
        let Some(body) = &mut self.body else {
            return events;
        };
        match &mut self.content {
            Content::Nothing => {}
            Content::Document(document) => body.push(bytes, document),
            Content::Stream { splitter, plain } => {
                body.push(bytes, plain);
                splitter.push(plain, &mut |event| events.push(event.clone()));
                plain.clear();
                // A session's stream has no end: only its events have limits.
                body.let_go();
                plain.shrink_to(KEPT);
            }
        }
        events
    }

    /// `len` bytes were not captured.
    pub fn gap(&mut self, len: u64) {
        if let Some(body) = &mut self.body {
            body.gap(len);
        }
        if let Content::Stream { splitter, .. } = &mut self.content {
            splitter.gap();
        }
    }

    /// The rest is not for us.
    pub fn forget(&mut self) {
        self.content = Content::Nothing;
    }

    /// What is wrong so far.
    pub fn damage(&self) -> Damage {
        let body = self.body.as_ref();
        body.map(|body| body.damage).unwrap_or_default()
    }

    /// The body is over.
    pub fn finish(&mut self) -> Rest {
        match std::mem::take(&mut self.content) {
            Content::Document(document) => Rest::Document(document),
            Content::Stream { mut splitter, .. } => {
                let mut events = Vec::new();
                splitter.finish(&mut |event| events.push(event.clone()));
                Rest::Events(events)
            }
            Content::Nothing => Rest::Events(Vec::new()),
        }
    }
}
