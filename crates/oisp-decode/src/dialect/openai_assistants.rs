//! OpenAI's assistants: a run of an assistant over a thread of messages. Only
//! what starts or goes on with a run is a call; the polling of a run that is
//! under way, and the messages that are put into its thread, are none.

mod request;
mod response;
mod stream;

use serde_json::Value;

use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect, Operation};
use crate::http::RequestHead;

/// The dialect.
pub(super) struct OpenAiAssistants;

/// Other servers have runs of threads too: the field that the client must send,
/// or the form of the thread's id, tells OpenAI's.
pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let (_, below) = route.path.split_once("/threads/")?;
    let steps: Vec<_> = below.split('/').take(5).collect();
    let (thread, is_run, key) = match steps.as_slice() {
        ["runs"] => (None, true, "assistant_id"),
        [thread, "runs"] => (Some(*thread), true, "assistant_id"),
        [thread, "runs", _, "submit_tool_outputs"] => (Some(*thread), true, "tool_outputs"),
        _ => (None, false, ""),
    };
    let is_openai = thread.is_some_and(|thread| thread.starts_with("thread_"))
        || route
            .head
            .headers
            .get("openai-beta")
            .is_some_and(|beta| beta.contains("assistants"));
    (is_run && is_openai && route.may_have(key)).then_some(&OpenAiAssistants)
}

impl Dialect for OpenAiAssistants {
    fn name(&self) -> &'static str {
        "openai.assistants"
    }

    fn operation(&self) -> Operation {
        Operation::OTHER
    }

    fn call(&self, head: &RequestHead, body: Value) -> Call {
        request::call(head, body)
    }

    fn answer(&self, body: Value) -> Answer {
        response::answer(body)
    }

    fn stream(&self) -> Box<dyn AnswerStream + Send> {
        Box::<stream::Stream>::default()
    }
}
