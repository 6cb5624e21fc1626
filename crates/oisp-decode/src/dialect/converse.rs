//! The message form of AWS: Bedrock's `converse`, and what Nova models read and
//! write behind `invoke`.

mod block;
mod request;
mod response;
mod stream;

pub(super) use request::call;
pub(super) use response::{WireUsage, answer};
pub(super) use stream::{Stream, exception};
