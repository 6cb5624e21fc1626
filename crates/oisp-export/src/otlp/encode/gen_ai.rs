//! `gen_ai.*` of requests and answers, by the semantic conventions for
//! generative AI.

use http::Uri;
use serde_json::Value;

use super::attributes::Attributes;
use super::event::Event;
use super::subject;
use crate::otlp::config::SemanticConventions;

const REQUEST: [(&str, &str); 13] = [
    ("/data/request_id", "oisp.request_id"),
    ("/data/model/id", "gen_ai.request.model"),
    ("/data/model/family", "oisp.model.family"),
    ("/data/parameters/temperature", "gen_ai.request.temperature"),
    ("/data/parameters/top_p", "gen_ai.request.top_p"),
    ("/data/parameters/max_tokens", "gen_ai.request.max_tokens"),
    (
        "/data/parameters/frequency_penalty",
        "gen_ai.request.frequency_penalty",
    ),
    (
        "/data/parameters/presence_penalty",
        "gen_ai.request.presence_penalty",
    ),
    ("/data/parameters/stop", "gen_ai.request.stop_sequences"),
    ("/data/messages_count", "oisp.request.messages_count"),
    ("/data/tools_count", "oisp.request.tools_count"),
    ("/data/auth/type", "oisp.auth.type"),
    ("/data/auth/key_prefix", "oisp.auth.key_prefix"),
];

const ANSWER: [(&str, &str); 15] = [
    ("/data/request_id", "oisp.request_id"),
    ("/data/model/id", "gen_ai.response.model"),
    ("/data/model/family", "oisp.model.family"),
    ("/data/status_code", "http.response.status_code"),
    ("/data/usage/prompt_tokens", "gen_ai.usage.input_tokens"),
    (
        "/data/usage/completion_tokens",
        "gen_ai.usage.output_tokens",
    ),
    (
        "/data/usage/cached_tokens",
        "gen_ai.usage.cache_read.input_tokens",
    ),
    (
        "/data/usage/reasoning_tokens",
        "gen_ai.usage.reasoning.output_tokens",
    ),
    ("/data/usage/input_cost_usd", "oisp.cost.input_usd"),
    ("/data/usage/output_cost_usd", "oisp.cost.output_usd"),
    ("/data/usage/total_cost_usd", "oisp.cost.total_usd"),
    ("/data/tool_calls_count", "oisp.response.tool_calls_count"),
    ("/data/latency_ms", "oisp.latency_ms"),
    (
        "/data/time_to_first_token_ms",
        "oisp.time_to_first_token_ms",
    ),
    ("/data/finish_reason", "oisp.finish_reason"),
];

const EMBEDDING: [(&str, &str); 4] = [
    ("/data/model/id", "gen_ai.response.model"),
    ("/data/input_count", "oisp.embedding.input_count"),
    ("/data/total_tokens", "gen_ai.usage.input_tokens"),
    ("/data/dimensions", "gen_ai.embeddings.dimension.count"),
];

/// Names that the conventions got after 1.41.
const NEWER: [&str; 8] = [
    "gen_ai.request.reasoning.level",
    "gen_ai.request.previous_response.id",
    "gen_ai.prompt.name",
    "gen_ai.prompt.version",
    "gen_ai.conversation.compacted",
    "gen_ai.usage.text.",
    "gen_ai.usage.image.",
    "gen_ai.usage.audio.",
];

/// What an `ai.request` says beyond what any event says.
pub(super) fn request(attributes: &mut Attributes, event: &Event) {
    subject::add(attributes, event, &REQUEST);
    provider(attributes, event);
    if event.at("/data/streaming") == Some(&Value::Bool(true)) {
        attributes.flag("gen_ai.request.stream", true);
    }
}

/// What an `ai.response` says beyond what any event says.
pub(super) fn answer(attributes: &mut Attributes, event: &Event) {
    subject::add(attributes, event, &ANSWER);
    provider(attributes, event);
    attributes.double(
        "gen_ai.response.time_to_first_chunk",
        first_chunk_seconds(event),
    );
    attributes.text("error.type", error_type(event).as_deref());
}

/// What an `ai.embedding` says beyond what any event says.
pub(super) fn embedding(attributes: &mut Attributes, event: &Event) {
    subject::add(attributes, event, &EMBEDDING);
    provider(attributes, event);
}

/// Who is called, and where.
fn provider(attributes: &mut Attributes, event: &Event) {
    if event.attr("gen_ai.provider.name").is_none() {
        attributes.text("gen_ai.provider.name", event.text("/data/provider/name"));
    }
    if let Some((host, port)) = event.text("/data/provider/endpoint").and_then(server) {
        attributes.text("server.address", host.as_str());
        attributes.int("server.port", port.map(u64::from));
    }
}

/// Host and port of an endpoint.
fn server(endpoint: &str) -> Option<(String, Option<u16>)> {
    let uri: Uri = endpoint.parse().ok()?;
    let port = uri.port_u16().or(match uri.scheme_str() {
        Some("https" | "wss") => Some(443),
        Some("http" | "ws") => Some(80),
        _ => None,
    });
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
    Some((host.to_owned(), port))
}

/// Time to the first content of a streamed answer, seconds.
pub(super) fn first_chunk_seconds(answer: &Event) -> Option<f64> {
    let is_streamed = answer.at("/attrs/oisp.streamed") == Some(&Value::Bool(true));
    let millis = answer.number("/data/time_to_first_token_ms")?;
    is_streamed.then(|| seconds(millis))
}

/// Milliseconds as seconds.
pub(super) fn seconds(millis: u64) -> f64 {
    std::time::Duration::from_millis(millis).as_secs_f64()
}

/// What kind of error a failed call ended with: the provider's own word, else
/// the HTTP status.
pub(super) fn error_type(event: &Event) -> Option<String> {
    if event.at("/data/success") != Some(&Value::Bool(false)) {
        return None;
    }
    let own = ["/data/error/type", "/data/error/code"];
    let own = own.iter().find_map(|field| event.text(field));
    Some(own.map_or_else(
        || match event.number("/data/status_code") {
            Some(status) if status >= 400 => status.to_string(),
            _ => "_OTHER".to_owned(),
        },
        str::to_owned,
    ))
}

/// Brings names to one version of the conventions.
pub(super) fn name_by(attributes: &mut Attributes, conventions: SemanticConventions) {
    match conventions {
        SemanticConventions::V1_41 => {
            attributes.as_double("gen_ai.request.top_k");
            attributes.rename(|name| {
                let is_newer = NEWER.iter().any(|newer| name.starts_with(newer));
                is_newer.then(|| format!("oisp.{name}"))
            });
        }
        SemanticConventions::Latest => attributes.rename(|name| {
            (name == "gen_ai.usage.cache_creation.input_tokens")
                .then(|| "gen_ai.usage.cache_write.input_tokens".to_owned())
        }),
    }
}
