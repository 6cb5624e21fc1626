//! Why an exchange makes no AI event, or what is wrong with its recording.
//!
//! The rules are this report's own, made of method, host and path: they know
//! nothing of how the decoder recognises a call, so that an exchange which no
//! rule explains stands out.

use serde_json::Value;

use super::file::{Recording, field};

/// An exchange that a rule names calls no model.
struct Rule {
    name: &'static str,
    method: &'static str,
    host: &'static str,
    path: &'static str,
}

const fn rule(
    name: &'static str,
    method: &'static str,
    host: &'static str,
    path: &'static str,
) -> Rule {
    Rule {
        name,
        method,
        host,
        path,
    }
}

const VECTORS: &str = "vector store";
/// A run that is answered as a stream does call a model.
const THREADS: &str = "stored threads and their background runs";
const TELEMETRY: &str = "telemetry";
const TRACELOOP: &str = "data sets and checks of an observability service";
const ACCOUNT: &str = "sign-in and account of a provider";

/// The first that fits names the reason. Empty parts fit all; hosts and paths
/// fit where the text is part of them.
const RULES: [Rule; 25] = [
    rule(
        "a prediction's answer, streamed to a request that does not name the model",
        "GET",
        "replicate.net",
        "/streams/",
    ),
    rule(
        "a prediction is asked for again until it is there",
        "GET",
        "replicate.com",
        "/predictions/",
    ),
    rule(
        "the description of a model is read",
        "GET",
        "replicate.com",
        "/models/",
    ),
    rule(
        "the description of a model is read",
        "GET",
        "",
        "foundation_model_specs",
    ),
    rule("stored assistants", "", "", "/v1/assistants"),
    rule(
        "stored threads and their background runs",
        "",
        "",
        "/v1/threads",
    ),
    rule(TELEMETRY, "POST", "", "/v1/traces/ingest"),
    rule(TELEMETRY, "POST", "", "/telemetry/"),
    rule(TELEMETRY, "POST", "posthog.com", ""),
    rule(TELEMETRY, "", "smith.langchain.com", ""),
    rule(TRACELOOP, "", "traceloop.com", ""),
    rule(TRACELOOP, "", "traceloop.dev", ""),
    rule("web search", "POST", "tavily.com", "/search"),
    rule("package index", "GET", "pypi.org", ""),
    rule("a picture is fetched", "GET", "wikimedia.org", ""),
    rule("document parser", "", "llamaindex.ai", "/api/parsing/"),
    rule(ACCOUNT, "POST", "iam.cloud.ibm.com", ""),
    rule(ACCOUNT, "GET", "dataplatform.cloud.ibm.com", ""),
    rule(ACCOUNT, "GET", "cloud.ibm.com", "/ml/v4/instances/"),
    rule(VECTORS, "", "pinecone.io", ""),
    rule(VECTORS, "", "weaviate.network", ""),
    rule(VECTORS, "", "", "/indexes/"),
    rule(VECTORS, "", "", "/v1/schema"),
    rule(VECTORS, "", "", "/v1/graphql"),
    rule(VECTORS, "POST", "", "/v1/objects"),
];

/// The rule by which an exchange calls no model.
pub fn not_ai(recording: &Recording) -> Option<&'static str> {
    let fits = |rule: &&Rule| {
        (rule.method.is_empty() || rule.method == recording.method)
            && recording.host().contains(rule.host)
            && recording.path().contains(rule.path)
            && !(rule.name == THREADS && said_to_be(&recording.response_fields, "event-stream"))
    };
    match RULES.iter().find(fits) {
        Some(rule) => Some(rule.name),
        None if matches!(recording.method.as_str(), "GET" | "DELETE" | "HEAD")
            && !wants_websocket(recording) =>
        {
            Some("a request without a body")
        }
        None => None,
    }
}

fn wants_websocket(recording: &Recording) -> bool {
    field(&recording.request_fields, "upgrade").is_some()
}

/// What is wrong with a recording; it cannot have gone over the wire so.
pub fn broken(recording: &Recording) -> Vec<&'static str> {
    let mut found = Vec::new();
    found.extend(recording.request.mismatch);
    found.extend(recording.response.mismatch);
    if !(100..=599).contains(&recording.status) {
        found.push("the status is none of HTTP's");
    }
    if said_to_be(&recording.request_fields, "json")
        && !recording.request.plain.is_empty()
        && !is_json_lines(&recording.request.plain)
    {
        found.push("the request is said to be JSON and is none");
    }
    if said_to_be(&recording.response_fields, "json")
        && !recording.response.plain.is_empty()
        && !is_json_lines(&recording.response.plain)
    {
        found.push("the response is said to be JSON and is none");
    }
    if said_to_be(&recording.response_fields, "event-stream")
        && !ends_with_a_blank_line(&recording.response.plain)
    {
        found.push("the event stream ends within an event");
    }
    found
}

fn said_to_be(fields: &super::file::Fields, kind: &str) -> bool {
    field(fields, "content-type").is_some_and(|value| value.contains(kind))
}

/// One JSON value, or one a line.
fn is_json_lines(body: &[u8]) -> bool {
    serde_json::Deserializer::from_slice(body)
        .into_iter::<Value>()
        .all(|value| value.is_ok())
}

fn ends_with_a_blank_line(body: &[u8]) -> bool {
    let kept: Vec<u8> = body.iter().copied().filter(|byte| *byte != b'\r').collect();
    kept.is_empty() || kept.ends_with(b"\n\n")
}

#[cfg(test)]
mod tests {
    use super::super::body::Body;
    use super::super::sample;
    use super::*;

    #[test]
    fn a_rule_is_named_and_a_call_fits_none() {
        assert_eq!(not_ai(&sample::chat()), None);
        let mut other = sample::telemetry();
        assert_eq!(not_ai(&other), None);
        other.target = String::from("/telemetry/runs");
        assert_eq!(not_ai(&other), Some(TELEMETRY));
        other.method = String::from("GET");
        assert_eq!(not_ai(&other), Some("a request without a body"));
    }

    #[test]
    fn what_is_wrong_with_a_recording_is_told() {
        assert!(broken(&sample::chat()).is_empty());
        assert!(broken(&sample::stream()).is_empty());
        let mut cut = sample::stream();
        let end = cut.response.plain.len() - 1;
        cut.response = Body::recorded(cut.response.plain.slice(..end), None);
        assert_eq!(broken(&cut), ["the event stream ends within an event"]);
        let mut cut = sample::chat();
        cut.response = Body::recorded(cut.response.plain.slice(..40), None);
        assert_eq!(
            broken(&cut),
            ["the response is said to be JSON and is none"]
        );
    }
}
