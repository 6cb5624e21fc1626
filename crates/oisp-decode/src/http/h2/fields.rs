//! The fields of a header block, pseudo-header fields apart.

use super::block::Block;
use super::hpack::{Decoder, Field};
use crate::http::{Headers, RequestHead, ResponseHead};

/// What each field counts beyond its bytes.
const FIELD_OVERHEAD: usize = 32;

/// The fields of one block. What is absent was not sent or was not captured:
/// the latter only where fields are unknown.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) status: Option<u16>,
    /// A pseudo-header field was among them: a head, no trailers.
    pub(super) has_pseudo: bool,
    method: Option<String>,
    authority: Option<String>,
    path: Option<String>,
    pub(super) headers: Headers,
    /// Bytes of all that is known, with the overhead of each.
    pub(super) size: usize,
}

impl Fields {
    /// Reads a block. What goes beyond `limit` bytes of fields is unknown.
    pub(super) fn read(block: &Block, decoder: &mut Decoder, limit: usize) -> Self {
        let mut fields = Self::default();
        let whole = decoder.decode(&block.bytes, block.cut, |field| fields.add(field, limit));
        if whole.is_err() {
            fields.headers.push_unknown();
        }
        fields
    }

    fn add(&mut self, field: Field<'_>, limit: usize) {
        let Field::Known(name, value) = field else {
            return self.headers.push_unknown();
        };
        if name == ":status" {
            // Outside the limit: it is short, and tells what the head is.
            self.has_pseudo = true;
            self.status = text(value).and_then(|status| status.parse().ok());
            return;
        }
        let size = self
            .size
            .saturating_add(name.len() + value.len() + FIELD_OVERHEAD);
        if size > limit {
            return self.headers.push_unknown();
        }
        self.size = size;
        match name {
            ":method" => self.method = text(value),
            ":authority" => self.authority = text(value),
            ":path" => self.path = text(value),
            ":scheme" => {}
            // Of the others only `:protocol` is in use (RFC 8441): it tells a
            // WebSocket, and is kept with the fields.
            _ => self.headers.push(name, value),
        }
        self.has_pseudo |= name.starts_with(':');
    }

    /// True where the status says that another head follows.
    pub(super) fn is_informational(&self) -> bool {
        self.status
            .is_some_and(|status| (100..200).contains(&status))
    }

    /// True where they may be a head: trailers have no pseudo-header fields.
    pub(super) const fn may_be_head(&self) -> bool {
        self.has_pseudo || self.headers.unknown() > 0
    }

    pub(super) fn into_request(self, began: oisp_core::Timestamp) -> RequestHead {
        let authority = self
            .authority
            .or_else(|| self.headers.get("host").map(str::to_owned));
        RequestHead {
            began,
            method: self.method,
            authority,
            path: self.path,
            headers: self.headers,
        }
    }

    pub(super) fn into_response(self) -> ResponseHead {
        ResponseHead {
            status: self.status,
            headers: self.headers,
        }
    }
}

fn text(value: &[u8]) -> Option<String> {
    String::from_utf8(value.to_vec()).ok()
}
