//! Which dialect a request is written in: by its path, else by the shape of its
//! body.

use serde_json::Value;

use super::{
    Dialect, a2a, ai21, aleph_alpha, anthropic, any_chat, bedrock, chatgpt_web, claude_web,
    cloudflare, cohere, cursor, dashscope, databricks, gemini, gemini_interactions, huggingface,
    llama_cpp, lmstudio, mistral, ollama, openai_assistants, openai_audio, openai_batches,
    openai_chat, openai_completions, openai_embeddings, openai_images, openai_moderations,
    openai_responses, replicate, rerank, sagemaker, vertex, watsonx, writer,
};
use crate::http::RequestHead;

/// How a call was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detection {
    /// By its path.
    KnownEndpoint,
    /// By the shape of its body.
    Payload,
}

impl Detection {
    /// The name in `confidence.ai_detection_method`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KnownEndpoint => "known_endpoint",
            Self::Payload => "payload_inspection",
        }
    }
}

/// What a dialect may look at to know its own.
pub(super) struct Route<'a> {
    /// The path, without query.
    pub(super) path: &'a str,
    /// The whole head.
    pub(super) head: &'a RequestHead,
    /// The body; `None` while it is not known, and where it could not be read:
    /// the path alone must do then.
    pub(super) body: Option<&'a Value>,
}

impl Route<'_> {
    /// The body has a field of that name; true while it is not known.
    pub(super) fn may_have(&self, field: &str) -> bool {
        self.body.is_none_or(|body| body.get(field).is_some())
    }
}

type Rule = fn(&Route<'_>) -> Option<&'static dyn Dialect>;

/// Each dialect's rule, the more particular paths first.
const BY_PATH: &[Rule] = &[
    bedrock::route,
    sagemaker::route,
    ai21::route,
    aleph_alpha::route,
    cohere::route,
    rerank::route,
    writer::route,
    anthropic::route,
    gemini::route,
    gemini_interactions::route,
    vertex::route,
    lmstudio::route,
    mistral::route,
    ollama::route,
    replicate::route,
    watsonx::route,
    cloudflare::route,
    dashscope::route,
    databricks::route,
    chatgpt_web::route,
    claude_web::route,
    cursor::route,
    llama_cpp::route,
    openai_responses::route,
    openai_chat::route,
    openai_completions::route,
    openai_embeddings::route,
    openai_images::route,
    openai_audio::route,
    openai_moderations::route,
    openai_batches::route,
    openai_assistants::route,
    a2a::route,
    huggingface::route,
];

/// Each dialect's rule for bodies on paths that nobody knows.
const BY_SHAPE: &[Rule] = &[any_chat::route_by_shape, a2a::route_by_shape];

/// The dialect of a request, or `None` where it is no AI call.
pub fn identify(
    head: &RequestHead,
    body: Option<&Value>,
) -> Option<(&'static dyn Dialect, Detection)> {
    let path = head.path.as_deref().map(without_query).unwrap_or_default();
    let route = Route { path, head, body };
    let find = |rules: &[Rule]| rules.iter().find_map(|rule| rule(&route));
    if let Some(dialect) = find(BY_PATH) {
        return Some((dialect, Detection::KnownEndpoint));
    }
    body?;
    find(BY_SHAPE).map(|dialect| (dialect, Detection::Payload))
}

/// Ends of paths that calls share with other traffic: the body must tell.
const ENDS: &[&str] = &[
    "/agents/completions",
    "/api/embeddings",
    "/chat",
    "/chat/classifications",
    "/chat/moderations",
    "/classifications",
    "/complete",
    "/completion",
    "/embed",
    "/embedding",
    "/fim/completions",
    "/generate",
    "/generate_stream",
    "/infill",
    "/invocations",
    "/invocations-response-stream",
    "/invoke",
    "/invoke-with-response-stream",
    "/ocr",
    "/predictions",
    "/rerank",
];

/// The same, for what may stand in the middle of a path.
const WITHIN: &[&str] = &["/v1/conversations", "/models/", "/pipeline/"];

/// Whether a body is worth parsing: by its path, or by the words that every
/// call has. Most JSON that a machine posts is not for a model.
pub fn is_worth_parsing(head: &RequestHead, bytes: &[u8]) -> bool {
    const WORDS: [(&[u8], &[u8]); 6] = [
        (b"\"messages\"", b"\"model\""),
        (b"\"input\"", b"\"model\""),
        (b"\"inputs\"", b"\"parameters\""),
        (b"\"prompt\"", b"\"model\""),
        (b"\"input_file_id\"", b"\"endpoint\""),
        (b"\"contents\"", b"\"parts\""),
    ];
    let has = |word: &[u8]| memchr::memmem::find(bytes, word).is_some();
    identify(head, None).is_some()
        || may_be_path(head)
        || WORDS.iter().any(|(one, other)| has(one) && has(other))
}

fn may_be_path(head: &RequestHead) -> bool {
    let path = head.path.as_deref().map(without_query).unwrap_or_default();
    ENDS.iter().any(|end| path.ends_with(end))
        || WITHIN.iter().any(|part| path.contains(part))
        || huggingface::is_its_host(head)
}

/// A path without its query.
pub fn without_query(path: &str) -> &str {
    path.split(['?', '#']).next().unwrap_or(path)
}

/// A part of a path, its percent escapes undone.
pub(super) fn unescaped(part: &str) -> String {
    percent_encoding::percent_decode_str(part)
        .decode_utf8_lossy()
        .into_owned()
}

/// A model's name, and messages that each have a role.
pub(super) fn is_chat_shaped(body: &Value) -> bool {
    let messages = body.get("messages").and_then(Value::as_array);
    body.get("model").is_some_and(Value::is_string)
        && messages.is_some_and(|messages| {
            !messages.is_empty()
                && messages
                    .iter()
                    .all(|message| message.get("role").is_some_and(Value::is_string))
        })
}
