//! `sampling/createMessage` of MCP: a server asks for the client's model
//! (revisions until 2025-11-25). It is found by its method, never by a path.

mod request;
mod response;

use serde_json::Value;

use super::{Answer, AnswerStream, Call, Dialect, WholeAnswers};
use crate::http::RequestHead;

/// The dialect.
struct Sampling;

/// For requests that are known to be of it.
pub static SAMPLING: &dyn Dialect = &Sampling;

impl Dialect for Sampling {
    fn name(&self) -> &'static str {
        "mcp.sampling"
    }

    fn call(&self, _head: &RequestHead, params: Value) -> Call {
        request::call(params)
    }

    fn answer(&self, result: Value) -> Answer {
        response::answer(result)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::new(WholeAnswers::new(response::answer))
    }
}
