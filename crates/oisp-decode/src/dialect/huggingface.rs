//! Hugging Face: text generation inference, text embeddings inference, and the
//! pipelines of the inference API. What is compatible with OpenAI is not here.
//!
//! The paths are common words, so that the body decides.

mod request;
mod response;
mod stream;

use serde_json::Value;

use super::route::Route;
use super::{Answer, AnswerStream, Call, Dialect, Operation};
use crate::http::RequestHead;

/// The dialect, for one operation.
pub(super) struct HuggingFace {
    name: &'static str,
    operation: Operation,
}

static GENERATE: HuggingFace = HuggingFace {
    name: "huggingface.generate",
    operation: Operation::COMPLETION,
};
static EMBED: HuggingFace = HuggingFace {
    name: "huggingface.embed",
    operation: Operation::EMBEDDING,
};
static OTHER: HuggingFace = HuggingFace {
    name: "huggingface.pipeline",
    operation: Operation::OTHER,
};

pub(super) fn route(route: &Route<'_>) -> Option<&'static dyn Dialect> {
    let inputs = route.body?.get("inputs")?;
    let body = route.body?;
    let path = route.path;
    let dialect: &'static HuggingFace = if is_pipeline(path, "feature-extraction")
        || is_pipeline(path, "sentence-similarity")
        || (path.ends_with("/embed") && is_texts(inputs) && has_only_embedding_fields(body))
    {
        &EMBED
    } else if inputs.is_string() && may_generate(path) && is_generation(body, path) {
        &GENERATE
    } else if is_its_host(route.head) && is_of_model(path) {
        &OTHER
    } else {
        return None;
    };
    Some(dialect)
}

fn is_pipeline(path: &str, task: &str) -> bool {
    path.ends_with(&format!("/pipeline/{task}")) || path.contains(&format!("/pipeline/{task}/"))
}

fn is_texts(inputs: &Value) -> bool {
    inputs.is_string()
        || inputs
            .as_array()
            .is_some_and(|items| !items.is_empty() && items.iter().all(Value::is_string))
}

fn has_only_embedding_fields(body: &Value) -> bool {
    const FIELDS: [&str; 6] = [
        "inputs",
        "normalize",
        "truncate",
        "truncation_direction",
        "prompt_name",
        "dimensions",
    ];
    body.as_object()
        .is_some_and(|body| body.keys().all(|key| FIELDS.contains(&key.as_str())))
}

fn may_generate(path: &str) -> bool {
    path == "/"
        || path.ends_with("/generate")
        || path.ends_with("/generate_stream")
        || is_pipeline(path, "text-generation")
        || is_of_model(path)
}

/// `/models/ID`, where ID has an owner or not.
fn is_of_model(path: &str) -> bool {
    path == "/" || request::model_in(path).is_some()
}

/// A parameter that only the generation of text has; the paths of a server that
/// does nothing else may do without.
fn is_generation(body: &Value, path: &str) -> bool {
    const OWN: [&str; 8] = [
        "max_new_tokens",
        "return_full_text",
        "do_sample",
        "repetition_penalty",
        "typical_p",
        "best_of",
        "decoder_input_details",
        "details",
    ];
    let parameters = body.get("parameters");
    let is_own = OWN
        .iter()
        .any(|key| parameters.is_some_and(|parameters| parameters.get(*key).is_some()));
    is_own || path == "/generate" || path == "/generate_stream"
}

/// A host that serves nothing but models.
pub(super) fn is_its_host(head: &RequestHead) -> bool {
    let authority = head.authority.as_deref().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    [
        "api-inference.huggingface.co",
        "router.huggingface.co",
        ".endpoints.huggingface.cloud",
    ]
    .iter()
    .any(|end| host.ends_with(end))
}

impl Dialect for HuggingFace {
    fn name(&self) -> &'static str {
        self.name
    }

    fn operation(&self) -> Operation {
        self.operation
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
