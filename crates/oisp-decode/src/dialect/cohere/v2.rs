//! Cohere's chat, version 2: messages.

mod request;
mod response;
mod stream;

pub(in crate::dialect) use request::call;
pub(in crate::dialect) use response::answer;
pub(in crate::dialect) use stream::Stream;
