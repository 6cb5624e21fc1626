//! A text to go on with, in the many spellings that APIs before (and beside)
//! chat have: Cohere's generate, AI21, Aleph Alpha, and what the models behind
//! Bedrock's `invoke` and SageMaker's endpoints read and write. What differs is
//! only names, and no name has two meanings, so one reader does for all.

mod parameters;
mod request;
mod response;
mod stream;

pub(super) use parameters::{attrs, parameters};
pub(super) use request::{call, has_prompt};
pub(super) use response::{answer, finish};
pub(super) use stream::Stream;
