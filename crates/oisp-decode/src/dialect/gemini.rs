//! Google's Gemini API, which Vertex AI and the Gemini CLI's server share: the
//! method stands at the end of the path, after a colon.

mod around;
mod content;
mod embed;
mod partial;
pub(super) mod path;
mod request;
mod response;
mod stream;
pub(super) mod usage;
pub(super) mod wire;

use serde_json::Value;

use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect, Operation};
use crate::http::RequestHead;

/// The dialect of `:generateContent` and `:streamGenerateContent`.
pub(super) struct GenerateContent;

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    match path::method(route.path)? {
        "generateContent" | "streamGenerateContent" => Some(&GenerateContent),
        "embedContent" | "batchEmbedContents" => Some(&embed::Embed),
        "countTokens" => Some(&around::CountTokens),
        "batchGenerateContent" | "asyncBatchEmbedContent" => Some(&around::Batch),
        _ => None,
    }
}

/// Contents that are made of Gemini's parts, at any path.
pub(super) fn route_by_shape(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let contents = route.body?.get("contents")?.as_array()?;
    let fits = !contents.is_empty() && contents.iter().all(has_parts);
    fits.then_some(&GenerateContent)
}

fn has_parts(content: &Value) -> bool {
    const KINDS: [&str; 9] = [
        "text",
        "inlineData",
        "inline_data",
        "fileData",
        "file_data",
        "functionCall",
        "function_call",
        "functionResponse",
        "function_response",
    ];
    let parts = content.get("parts").and_then(Value::as_array);
    let is_part = |part: &Value| KINDS.iter().any(|kind| part.get(kind).is_some());
    parts.is_some_and(|parts| parts.first().is_some_and(is_part))
}

impl Dialect for GenerateContent {
    fn name(&self) -> &'static str {
        "gemini.generate_content"
    }

    fn operation(&self) -> Operation {
        Operation::GENERATE_CONTENT
    }

    fn streams_arrays(&self) -> bool {
        true
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
