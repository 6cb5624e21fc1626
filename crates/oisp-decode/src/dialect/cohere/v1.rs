//! Cohere's chat, version 1: a message and the history before it.

mod request;
mod response;
mod stream;

pub(in crate::dialect) use request::call;
pub(in crate::dialect) use response::answer;
pub(in crate::dialect) use stream::Stream;
