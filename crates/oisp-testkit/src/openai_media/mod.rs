//! What OpenAI offers beside conversations, a file each: legacy completions,
//! embeddings, images, speech and transcriptions.

mod completions;
mod embeddings;
mod images;
mod speech;
mod transcriptions;

use serde_json::Value;

use crate::answer::{Call, Meant};
use crate::exchange::Dialect;
use crate::openai;
use crate::reply::Reply;
use crate::route::{Received, Routing, bearer, is_refused};

pub(crate) const COMPLETIONS: &str = "/v1/completions";
pub(crate) const EMBEDDINGS: &str = "/v1/embeddings";
pub(crate) const IMAGES: &str = "/v1/images/generations";
pub(crate) const SPEECH: &str = "/v1/audio/speech";
pub(crate) const TRANSCRIPTIONS: &str = "/v1/audio/transcriptions";

pub(crate) fn completions(received: &Received, routing: &Routing<'_>) -> Reply {
    let read = received.json().and_then(|body| completions::read(&body));
    answer(
        Dialect::Completions,
        received,
        read,
        routing,
        |call, meant, (): &()| completions::write(call, meant, routing),
    )
}

pub(crate) fn embeddings(received: &Received, routing: &Routing<'_>) -> Reply {
    let read = received.json().and_then(|body| embeddings::read(&body));
    answer(
        Dialect::Embeddings,
        received,
        read,
        routing,
        embeddings::write,
    )
}

pub(crate) fn images(received: &Received, routing: &Routing<'_>) -> Reply {
    let read = received.json().and_then(|body| images::read(&body));
    answer(
        Dialect::Images,
        received,
        read,
        routing,
        |call, meant, (): &()| images::write(call, meant, routing),
    )
}

pub(crate) fn speech(received: &Received, routing: &Routing<'_>) -> Reply {
    let read = received.json().and_then(|body| speech::read(&body));
    answer(
        Dialect::Speech,
        received,
        read,
        routing,
        |call, meant, kind: &String| speech::write(call, meant, kind),
    )
}

pub(crate) fn transcriptions(received: &Received, routing: &Routing<'_>) -> Reply {
    let read = transcriptions::read(received);
    answer(
        Dialect::Transcription,
        received,
        read,
        routing,
        |call, meant, (): &()| transcriptions::write(call, meant),
    )
}

/// The answer to a call that was read with something that its dialect adds.
fn answer<More>(
    dialect: Dialect,
    received: &Received,
    read: Result<(Call, More), String>,
    routing: &Routing<'_>,
    write: impl FnOnce(&Call, Meant, &More) -> Reply,
) -> Reply {
    let reply = match read {
        Err(message) => openai::failure(400, "", &message),
        Ok((call, _)) if is_refused(bearer(received)) => openai::failure(401, &call.model, ""),
        Ok((call, more)) => {
            let refuse = |call: &Call, status| openai::failure(status, &call.model, "");
            routing.play(call, refuse, |call, meant| write(call, meant, &more))
        }
    };
    openai::with_headers(Reply { dialect, ..reply }, &routing.token)
}

/// The texts of an input: a string, or a list of strings.
fn texts(input: Option<&Value>) -> Vec<String> {
    match input {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(texts)) => texts
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}
