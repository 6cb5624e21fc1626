//! What a path of Bedrock says: the model and what it is to do.

use crate::dialect::route::{unescaped, without_query};
use crate::http::RequestHead;

/// What a path asks for.
pub(super) struct Target<'a> {
    /// The model's id, percent-encoded as it stands.
    id: &'a str,
    /// What it is to do.
    pub(super) verb: Verb,
}

/// The last part of the path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    /// A call in Bedrock's own form.
    Converse,
    /// The same, streamed.
    ConverseStream,
    /// A call in the model's form.
    Invoke,
    /// The same, streamed.
    InvokeStream,
    /// How many tokens such a call would have.
    CountTokens,
}

impl<'a> Target<'a> {
    /// Of a path without query. An id may hold slashes that nobody encoded.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let (_, rest) = path.split_once("/model/")?;
        let (id, verb) = rest.rsplit_once('/')?;
        let verb = match verb {
            "converse" => Verb::Converse,
            "converse-stream" => Verb::ConverseStream,
            "invoke" => Verb::Invoke,
            "invoke-with-response-stream" => Verb::InvokeStream,
            "count-tokens" => Verb::CountTokens,
            _ => return None,
        };
        (!id.is_empty()).then_some(Self { id, verb })
    }

    /// Of the path of a head.
    pub(super) fn of_head(head: &'a RequestHead) -> Option<Self> {
        Self::of(without_query(head.path.as_deref()?))
    }

    /// The model's id or resource name.
    pub(super) fn model(&self) -> String {
        unescaped(self.id)
    }

    /// A stream was asked for.
    pub(super) fn streams(&self) -> bool {
        matches!(self.verb, Verb::ConverseStream | Verb::InvokeStream)
    }
}
